"""Where the live board shows a memory: the page is handed a passage's film and plays it by itself.

One message a passage, not one a picture: a picture on its way through kernel, server and browser
needs three times the processor time of one that the page makes, and the training beside it pays.
`stage.js` blends the recorded frames 20 times a second, and moves text and lines along.
"""

from __future__ import annotations

import json
from base64 import b64encode
from html import escape

import ipywidgets
import numpy as np

from titans_book.lab.live.attention_reading import AttentionReading
from titans_book.lab.live.reading import Reading
from titans_book.lab.pictures import pixels, style
from titans_book.lab.pictures.controls import CRISP, SIGNED, Described
from titans_book.lab.pictures.picture import check_alt

__all__ = ["Stage"]

MOST = 1_500_000  # cells of a film; of a longer one every n-th frame is handed over
GAP = 2  # pixels between two panels


class Stage(Described, ipywidgets.HTML):
    """A picture that moves with the passage; `play` takes a new one. fps: pictures a second."""

    def __init__(self, *, alt: str, fps: float | int = 20.0, dark: bool | None = None):
        self.alt, self.fps, self.dark = check_alt(alt), fps, style.is_dark(dark)
        self.width = self.height = self.played = 0
        super().__init__()

    def play(
        self, reading: Reading | AttentionReading, *, seconds: float | int, share: float | int
    ) -> None:
        """Play a passage in so many seconds, from `share` of it on; from 1 on it stands still."""
        times, frames = _thinned(reading)
        images = np.stack([pixels.compose(frame, GAP) for frame in frames])
        rows, readers = reading.reveal
        self.played += 1  # the same passage once more is sent once more
        film = {
            "number": self.played,
            "times": times, "frames": _text(images.tobytes()), "length": reading.length,
            "colours": _text(pixels.palette(style.map_name(reading.kind, self.dark))),
            "rows": rows, "pitch": rows + GAP, "readers": readers,
            "seconds": seconds, "share": share, "fps": self.fps,
        }  # fmt: skip
        height, width = images.shape[1:]
        scale = pixels.magnification(height, width)
        self.width, self.height = scale * width, scale * height
        look = f"{CRISP} {SIGNED}" if reading.kind == "signed" and not self.dark else CRISP
        self.value = (
            f'<canvas class="titans-stage {look}" role="img" aria-label="{escape(self.alt)}"'
            f' width="{width}" height="{height}" style="width:{self.width}px"></canvas>'
            f'<script type="application/json" class="titans-film">{json.dumps(film)}</script>'
        )


def _text(data: bytes) -> str:
    return b64encode(data).decode()


def _thinned(reading: Reading | AttentionReading) -> tuple[list[int], np.ndarray]:
    """The times and levels of the frames that are handed over, the last one among them."""
    frames = reading.frames()
    room = min(len(frames), max(2, MOST // frames[0].size))
    kept = np.unique(np.linspace(0, len(frames) - 1, room).round().astype(int))
    return [reading.times[at] for at in kept], frames[kept]
