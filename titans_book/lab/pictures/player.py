"""A replay that needs no kernel: a film in one PNG, a canvas, four controls.

All frames lie side by side in one palette PNG, the sheet. In a notebook the sheet is an output of
its own: whoever cannot run scripts (a page on the web, an untrusted notebook) sees it as a contact
sheet, and nbval, which never compares PNGs, is not disturbed by a CPU that rounds differently.
The player's HTML holds no data: its script takes the frames from the image before it, hides that
image, and on a dark page swaps the colours. `save` writes the same two things as a web page.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from titans_book.lab.pictures import pixels, style
from titans_book.lab.pictures.picture import check_alt
from titans_book.lab.pictures.text import STYLE, spell
from titans_book.lab.pictures.traces import number

__all__ = ["Player"]

SHEET_GAP = 4
STRIP = 6
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<title>{title}</title><body style="margin:24px;font-family:system-ui,sans-serif">
<img src="data:image/png;base64,{sheet}" alt="{alt}" style="max-width:100%">
{player}
</body></html>
"""


class Player:
    """A film of matrices with play, step, slider and keys, and the words being read.

    frames: (F, h, w), (F, columns, h, w) or (F, rows, columns, h, w), on one fixed scale.
    captions: one text a frame. tokens, times: the text, and how many tokens each frame has read;
    surprise: one number a token, its shade. rate: frames a second. start: "start" or "end".
    Films of more than `max_cells` cells leave out cells, never frames, and say so.

    >>> film = Player(np.zeros((3, 4, 4)), alt="A memory that stays empty.")
    >>> film
    Player: A memory that stays empty.
    """

    def __init__(
        self,
        frames: Any,
        captions: Sequence[str] | None = None,
        *,
        alt: str,
        kind: str = "signed",
        limit: float | int | None = None,
        tokens: Any = None,
        times: Sequence[int] | None = None,
        surprise: Any = None,
        rate: float | int = 12.0,
        start: str = "start",
        max_cells: int = 360_000,
    ):
        self.alt, self.kind = check_alt(alt), kind
        frames = pixels.array(frames)
        if not 3 <= frames.ndim <= 5 or len(frames) == 0:
            raise ValueError(f"frames has shape {frames.shape}: give (frames, ..., height, width)")
        self.frames = frames.reshape((len(frames), *(1,) * (5 - frames.ndim), *frames.shape[1:]))
        self.limit = pixels.nice_limit(frames) if limit is None else pixels.check_limit(limit)
        self.pieces = [] if tokens is None else spell(tokens)
        self.times = self._times(times)
        self.captions = self._captions(captions)
        self.surprise = np.zeros(0) if surprise is None else pixels.array(surprise)
        if len(self.surprise) not in (0, len(self.pieces)):
            count = len(self.surprise)
            raise ValueError(f"surprise has {count} numbers for {len(self.pieces)} tokens")
        if start not in ("start", "end"):
            raise ValueError(f"start={start!r} is not known: choose 'start' or 'end'")
        self.rate, self.start = float(rate), start
        self.sheet, self.layout = self._sheet(max_cells)

    def _times(self, times: Sequence[int] | None) -> list[int]:
        if not self.pieces:
            return []
        if times is None or len(times) != len(self.frames):
            raise ValueError(f"times={times!r}: with tokens, give one number for each frame")
        return [int(time) for time in times]

    def _captions(self, captions: Sequence[str] | None) -> list[str]:
        count = len(self.frames)
        if captions is None:
            words = [f"token {time}" for time in self.times]
            return words or [f"frame {index + 1} of {count}" for index in range(count)]
        if len(captions) != count:
            raise ValueError(f"captions has {len(captions)} texts for {count} frames")
        return [str(caption) for caption in captions]

    def _images(self, max_cells: int) -> list[np.ndarray]:
        """One image a frame, every n-th cell of the matrices if all of them would be too much."""
        levels = pixels.quantise(self.frames, self.limit, self.kind)
        every = 1
        while levels[..., ::every, ::every].size > max_cells:
            every += 1
        self.every = every
        gap = 2 if levels[0, 0, 0].size > 400 else 1
        return [pixels.compose(frame[..., ::every, ::every], gap) for frame in levels]

    def _sheet(self, max_cells: int) -> tuple[bytes, dict]:
        """The sheet's PNG, and where in it the script finds the frames."""
        images = self._images(max_cells)
        height, width = images[0].shape
        square = round(1.6 * len(images) ** 0.5)
        columns = max(1, min(len(images), 800 // (width + SHEET_GAP), square))
        scale = max(1, min(8, 800 // (columns * (width + SHEET_GAP))))
        grid = self._grid([image.repeat(scale, 0).repeat(scale, 1) for image in images], columns)
        sheet, unit = self._with_strip(grid)
        layout = {
            "frames": len(images), "columns": columns, "size": [width, height], "scale": scale,
            "gap": SHEET_GAP, "unit": unit, "sheet": [sheet.shape[1], sheet.shape[0]],
            "shown": pixels.magnification(height, width),
        }  # fmt: skip
        return pixels.encode(sheet, style.map_name(self.kind, dark=False)), layout

    def _grid(self, images: list[np.ndarray], columns: int) -> np.ndarray:
        empty = np.full_like(images[0], pixels.GAP)
        rows = -(-len(images) // columns)
        images = images + [empty] * (rows * columns - len(images))
        grid = np.stack(images).reshape(rows, columns, *images[0].shape)
        return pixels.compose(grid, SHEET_GAP)

    def _with_strip(self, grid: np.ndarray) -> tuple[np.ndarray, int]:
        """Below the frames, the tokens' surprise: `unit` pixels wide each, 0 when there is none."""
        if not len(self.surprise):
            return grid, 0
        unit = max(1, grid.shape[1] // len(self.surprise))
        top = pixels.nice_limit(self.surprise, 0.98)
        strip = pixels.quantise(self.surprise, top, "magnitude").repeat(unit)
        width = max(grid.shape[1], len(strip))
        sheet = np.full((grid.shape[0] + SHEET_GAP + STRIP, width), pixels.GAP, dtype=np.uint8)
        sheet[: grid.shape[0], : grid.shape[1]] = grid
        sheet[-STRIP:, : len(strip)] = strip
        return sheet, unit

    def html(self) -> str:
        """The player without its frames: mark-up, style, script. The sheet must stand before it."""
        tables = {
            page: b64encode(pixels.palette(style.map_name(self.kind, dark=page == "dark"))).decode()
            for page in ("light", "dark")
        }
        film = {
            **self.layout, **tables, "captions": self.captions, "pieces": self.pieces,
            "times": self.times, "rate": self.rate, "start": self.start,
        }  # fmt: skip
        data = json.dumps(film, ensure_ascii=False).replace("</", "<\\/")
        alt, last = escape(self.alt), len(self.frames) - 1
        high = number(self.limit)
        low = f"−{high}" if self.kind == "signed" else "0"
        return (
            f"{STYLE}<style>{style.asset('pictures/player.css')}</style>"
            f'<div class="titans-player" role="group" aria-label="Player: {alt}" hidden>'
            f'<script type="application/json">{data}</script>'
            f'<div class="stage"><canvas role="img" aria-label="{alt}"></canvas>'
            f'<div class="scale" role="img" aria-label="colours from {low} to {high}">'
            f'<div class="bar"></div><div class="ends"><span>{high}</span>'
            f"<span>{low}</span></div></div></div>"
            '<div class="controls"><button type="button" aria-label="Play"></button>'
            '<button type="button" aria-label="One frame back"></button>'
            '<button type="button" aria-label="One frame on"></button>'
            f'<input type="range" min="0" max="{last}" value="0" aria-label="Frame">'
            f'<output aria-live="off"></output></div>{self._note()}'
            '<div class="titans-text"></div></div>'
            f"<script>{style.asset('pictures/player.js')}</script>"
        )

    def _note(self) -> str:
        """Cells that were left out are not kept secret."""
        skipped = f"one cell in {self.every} by {self.every} is shown"
        return f'<div class="note">{skipped}</div>' if self.every > 1 else ""

    def page(self) -> str:
        """A whole web page, self-contained, that works offline."""
        sheet, alt = b64encode(self.sheet).decode(), escape(self.alt)
        return PAGE.format(title=alt, sheet=sheet, alt=alt, player=self.html())

    def save(self, path: str | Path) -> Path:
        """Write `page` to a file."""
        path = Path(path)
        path.write_text(self.page(), encoding="utf-8")
        return path

    def _ipython_display_(self) -> None:
        from IPython.display import publish_display_data

        sheet = {"image/png": b64encode(self.sheet).decode(), "text/plain": f"Film: {self.alt}"}
        publish_display_data(sheet, metadata={"image/png": {"alt": self.alt}})
        publish_display_data({"text/html": self.html(), "text/plain": repr(self)})

    def __repr__(self) -> str:
        return f"Player: {self.alt}"
