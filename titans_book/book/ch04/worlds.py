"""The journey of chapter 04 to play with: forget a little always, or wipe once at the right token.

Above, how wrong the memory is while it travels through four worlds; below, the memory after the
token under the slider, and how much of each world stands in its answers there.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets
import numpy as np
import torch

from titans_book.book.ch04.travel import LENGTH, WORLDS, journey, read, shares
from titans_book.lab.pictures import style
from titans_book.lab.pictures.controls import Panel, slider
from titans_book.lab.pictures.curves import Frame, dashes
from titans_book.lab.pictures.picture import Picture, check_alt, picture
from titans_book.lab.pictures.sheet import status
from titans_book.lab.pictures.widgets import Heatmap
from titans_book.steps.matrix import titans_step

__all__ = ["Worlds"]

LAST = LENGTH * WORLDS
TOP = 2.0  # of the error: an old world's answers in a new world
LIMIT = 3.0  # of the memory's colours
BAR = 150  # pixels of a share of 1
_FONT = "font:13px var(--jp-ui-font-family,system-ui,sans-serif);fill:currentColor"


class Worlds(Panel):
    """Sliders for alpha and for the token looked at, and a brush that wipes the memory there.

    wipe: the token, from 1 to 240, at which alpha is 1 once; None for none. step: the function
    that is run at every token, titans_step(M, S, k, v, theta, eta, alpha); the learner's own fits.
    """

    def __init__(
        self,
        *,
        alt: str,
        alpha: float | int = 0.0,
        token: int = 190,
        wipe: int | None = None,
        seed: int = 0,
        step: Callable = titans_step,
        dark: bool | None = None,
    ):
        if wipe is not None and not 1 <= wipe <= LAST:
            raise ValueError(f"wipe={wipe} is no token of the journey: 1 to {LAST}, or None")
        self.trip, self.step, self.dark = journey(seed), step, style.is_dark(dark)
        self.wipe, self.frame = wipe, Frame((0.0, float(LAST)), (0.0, TOP), 620, 250)
        self.alpha = slider("forgetting α", float(alpha), 0.0, 0.3, step=0.005, width="480px")
        self.token = slider("token", token, 0, LAST, width="480px")
        self.brush = ipywidgets.Button(description="Wipe here", tooltip="alpha = 1 at this token")
        self.undo = ipywidgets.Button(description="No wipe", tooltip="Take the wipe back")
        self.drawing, self.means, self.bars = ipywidgets.HTML(), status(), ipywidgets.HTML()
        blank = np.zeros(self.trip.meanings.shape[-1:] * 2)
        self.memory = Heatmap(blank, alt="The memory after this token", limit=LIMIT, dark=dark)
        small = ipywidgets.Box([self.memory], layout={"width": "232px"})
        self.alpha.observe(self.travel, "value")
        self.token.observe(self.look, "value")
        self.brush.on_click(lambda _: self._wipe_at(self.token.value))
        self.undo.on_click(lambda _: self._wipe_at(None))
        super().__init__(
            [
                self.alpha,
                ipywidgets.HBox([self.token, self.brush, self.undo], layout={"flex_flow": "wrap"}),
                self.means,
                self.drawing,
                ipywidgets.HBox([small, self.bars], layout={"flex_flow": "wrap"}),
            ],
            alt=check_alt(alt),
        )
        self.travel()

    def _wipe_at(self, token: int | None) -> None:
        """Wipe at this token; there is none to wipe before the first."""
        self.wipe = token or None
        self.travel()

    def travel(self, _change: Any = None) -> None:
        """Read the whole journey again, and show what happened."""
        alpha = torch.full((LAST,), float(self.alpha.value), dtype=torch.float64)
        if self.wipe:
            alpha[self.wipe - 1] = 1.0
        self.reading = read(self.trip, alpha, step=self.step)
        self.error = float(self.reading.error.mean())
        self.worlds = self.reading.error.view(WORLDS, LENGTH).mean(1).tolist()
        self.shares = shares(self.trip, self.reading.M)
        self.means.value = self._told()
        self.look()

    def look(self, _change: Any = None) -> None:
        """Show the memory after the token under the slider."""
        self.memory.show(self.reading.M[self.token.value])
        self.drawing.value = self._svg()
        self.bars.value = self._bars()

    def _told(self) -> str:
        """The mean errors, in words."""
        each = ", ".join(f"world {n} {error:.2f}" for n, error in enumerate(self.worlds, 1))
        wiped = f"wiped at token {self.wipe}" if self.wipe else "no wipe"
        return f"<b>Mean recall error {self.error:.3f}</b> ({each}; {wiped})"

    def _svg(self) -> str:
        """The error over the journey, on one band for each world."""
        frame, base = self.frame, self.frame.height - self.frame.bottom
        body = ""
        for world in range(WORLDS):
            left, right = (float(frame.across(LENGTH * (world + end))) for end in (0, 1))
            shade = 0.07 if world % 2 else 0.0
            body += (
                f'<rect x="{left:.1f}" y="{frame.top}" width="{right - left:.1f}"'
                f' height="{base - frame.top}" fill="currentColor" fill-opacity="{shade}"/>'
                f'<text x="{left + 6:.1f}" y="{frame.top + 14}" opacity=".8">'
                f"world {world + 1}</text>"
            )
        look = style.colour("fast", self.dark), dashes("fast")
        error = self.reading.error.clamp(max=TOP).numpy()
        body += frame.line(np.arange(1.0, LAST + 1), error, *look)
        body += self._mark(self.token.value, "currentColor", "2 3")
        if self.wipe:
            body += self._mark(self.wipe, style.colour("gates", self.dark), "", "wipe")
        alt = f"Recall error over {LAST} tokens. {self._plain()}"
        return frame.svg(body, alt=alt, xlabel="token", ylabel="recall error (1: knows nothing)")

    def _plain(self) -> str:
        return self._told().replace("<b>", "").replace("</b>", "")

    def _mark(self, token: int, colour: str, dash: str, words: str = "") -> str:
        """An upright line at a token."""
        at, base = float(self.frame.across(token)), self.frame.height - self.frame.bottom
        side, anchor = (-5, "end") if token > LAST - 30 else (5, "start")
        return (
            f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{self.frame.top}" y2="{base}" stroke="{colour}"'
            f' stroke-width="1.6" stroke-dasharray="{dash}"/><text x="{at + side:.1f}" fill='
            f'"{colour}" y="{self.frame.top + 32}" text-anchor="{anchor}">{escape(words)}</text>'
        )

    def _bars(self) -> str:
        """How much of each world stands in the answers after this token, as bars."""
        colour, rows, words = style.colour("fast", self.dark), "", []
        for world, share in enumerate(self.shares[:, self.token.value].tolist()):
            y, length = 34 + 30 * world, BAR * min(abs(share), 1.2)
            words.append(f"world {world + 1}: {share:.0%}")
            rows += (
                f'<text x="16" y="{y + 13}">world {world + 1}</text>'
                f'<rect x="80" y="{y}" height="17" width="{length:.1f}" fill="{colour}"/>'
                f'<text x="{88 + length:.1f}" y="{y + 13}">{share:.0%}</text>'
            )
        title = f"In its answers after token {self.token.value}"
        label = f"{title}: {', '.join(words)}"
        return (
            f'<svg viewBox="0 0 330 165" width="330" style="max-width:100%;{_FONT}" role="img"'
            f' aria-label="{escape(label)}"><text x="16" y="18">{title}</text>{rows}</svg>'
        )

    def figure(self, *, alt: str) -> Picture:
        """What is shown now, as a still picture."""
        with picture(alt, 7.4, 3.0, self.dark) as figure:
            left, right = figure.subplots(1, 2, width_ratios=[2.2, 1])
            error = self.reading.error.numpy()
            left.plot(np.arange(1, LAST + 1), error, **style.line("fast", self.dark, LENGTH // 2))
            ink = left.xaxis.label.get_color()
            for world in range(WORLDS):
                left.axvline(LENGTH * world, color=ink, linewidth=0.6, alpha=0.5)
                left.text(LENGTH * world + 3, 0.92 * TOP, f"world {world + 1}", fontsize=8)
            if self.wipe:
                left.axvline(self.wipe, color=style.colour("gates", self.dark), linestyle=":")
            left.set(ylim=(0, TOP), xlabel="token", ylabel="recall error")
            left.set_title(f"α = {self.alpha.value:g}, mean error {self.error:.3f}", fontsize=9)
            look = {"cmap": style.signed_map(self.dark), "vmin": -LIMIT, "vmax": LIMIT}
            right.imshow(self.reading.M[self.token.value].numpy(), **look)
            right.set(xticks=[], yticks=[])
            right.set_title(f"memory after token {self.token.value}", fontsize=9)
        return figure
