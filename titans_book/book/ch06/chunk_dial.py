"""The dial of chapter 06: how long a chunk may be before the memory blows up, with a live gauge.

The trace is how far the memory is from the world while it reads (0: all known, 1: nothing known);
where it leaves the picture it has broken. The gauge shows the largest eigenvalue of
sum_i theta_i k_i^T k_i over all chunks, with the border at 2 (titans_book/memory/stability.py).
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets
import numpy as np
import torch

from titans_book.book.ch06.alike import CHUNKS, TIME, errors, text
from titans_book.lab.pictures import style
from titans_book.lab.pictures.controls import Panel, slider
from titans_book.lab.pictures.curves import Frame, dashes
from titans_book.lab.pictures.picture import Picture, check_alt, picture
from titans_book.memory.stability import BOUND, gauge
from titans_book.steps.chunk import chunk_write

__all__ = ["ChunkDial", "judged"]

ALT = "Sliders for chunk, write rate and likeness of keys; a gauge and an error trace"
TOP = 2.0  # of the trace: above it the memory has broken
END = 4.0  # of the gauge
_FONT = "font:13px var(--jp-ui-font-family,system-ui,sans-serif);fill:currentColor"


def judged(level: float | int) -> str:
    """What a gauge means, in words.

    >>> judged(0.4), judged(1.7), judged(2.2)
    ('no error is overshot', 'overshoots, and still settles', 'beyond the border')
    """
    words = ((1.0, "no error is overshot"), (BOUND, "overshoots, and still settles"))
    return next((word for most, word in words if level < most), "beyond the border")


class ChunkDial(Panel):
    """Sliders for the chunk b, the write rate theta and how alike the keys are.

    write: the function that writes a chunk, `chunk_write`; the learner's own fits.
    """

    def __init__(
        self,
        *,
        alt: str = ALT,
        b: int = 8,
        theta: float | int = 0.2,
        likeness: float | int = 0.5,
        write: Callable = chunk_write,
        dark: bool | None = None,
    ):
        if b not in CHUNKS:
            raise ValueError(f"b={b} is not on the dial: {', '.join(map(str, CHUNKS))}")
        self.write, self.dark = write, style.is_dark(dark)
        self.chunk = ipywidgets.SelectionSlider(
            options=CHUNKS, value=b, description="chunk b", continuous_update=True,
            style={"description_width": "initial"}, layout=ipywidgets.Layout(width="420px"),
        )  # fmt: skip
        self.theta = slider("write rate θ", float(theta), 0.02, 1.2, step=0.02)
        self.likeness = slider("how alike the keys are", float(likeness), 0.0, 1.0, step=0.05)
        self.drawing, self.meter = ipywidgets.HTML(), ipywidgets.HTML()
        sliders = (self.chunk, self.theta, self.likeness)
        for one in sliders:
            one.observe(self.repaint, "value")
        super().__init__([*sliders, self.meter, self.drawing], alt=check_alt(alt))
        self.repaint()

    def repaint(self, _change: Any = None) -> None:
        """Read the whole text again, and show what happened."""
        told, theta, b = text(self.likeness.value), self.theta.value, self.chunk.value
        rate = torch.full((TIME,), theta, dtype=told.k.dtype)
        self.level = float(gauge(told.k, rate, b).max())
        self.error = errors(told, theta, b, self.write).numpy()
        self.times = np.minimum(np.arange(len(self.error)) * b, TIME).astype(float)
        beyond = np.flatnonzero(self.error > TOP)
        self.broken = int(self.times[beyond[0]]) if len(beyond) else None
        self.meter.value, self.drawing.value = self._gauge(), self._svg()

    def told(self) -> str:
        """Gauge and trace, in words."""
        ends = (
            f"it breaks at token {self.broken}"
            if self.broken
            else f"after {TIME} tokens the error is {self.error[-1]:.2g}"
        )
        return f"gauge {self.level:.2f}: {judged(self.level)}; {ends}"

    def _gauge(self) -> str:
        """The gauge as a bar from 0 to 4, with the border at 2."""
        unit, high = 500 / END, self.level >= BOUND
        colour = style.colour("surprise" if high else "gates", self.dark)
        length = unit * min(self.level, END)
        marks = "".join(
            f'<line x1="{4 + unit * at:.0f}" x2="{4 + unit * at:.0f}" y1="21" y2="{42 + 4 * bold}"'
            f' stroke="currentColor" stroke-width="{1 + 2 * bold}"/><text x="{4 + unit * at:.0f}"'
            f' y="59" text-anchor="middle" font-size="11">{words}</text>'
            for at, words, bold in ((1, "1", 0), (BOUND, "2: the border", 1), (3, "3", 0))
        )
        arrow = f'<text x="508" y="36">{"▸" if self.level > END else ""}</text>'
        return (
            f'<svg viewBox="0 0 560 64" width="560" style="max-width:100%;{_FONT}" role="img"'
            f' aria-label="{escape(self.told())}"><text x="4" y="14">{escape(self.told())}</text>'
            f'<rect x="4" y="24" width="{length:.1f}" height="14" fill="{colour}"/>'
            '<rect x="4" y="24" width="500" height="14" fill="none" stroke="currentColor"'
            f' stroke-opacity=".5"/>{marks}{arrow}</svg>'
        )

    def _shown(self) -> tuple[np.ndarray, np.ndarray]:
        """The trace up to where it leaves the picture."""
        stop = len(self.error) if self.broken is None else int((self.error > TOP).argmax()) + 1
        return self.times[:stop], self.error[:stop].clip(max=TOP)

    def _svg(self) -> str:
        """The error over the text, and where it breaks."""
        frame = Frame((0.0, float(TIME)), (0.0, TOP), width=560, height=250)
        x, y = self._shown()
        body = frame.line(x, y, style.colour("fast", self.dark), dashes("fast"))
        level = float(frame.down(1.0))
        body += (
            f'<line x1="{frame.left}" x2="{frame.width - frame.right}" y1="{level:.1f}"'
            f' y2="{level:.1f}" stroke="currentColor" stroke-opacity=".5" stroke-dasharray="2 4"/>'
            f'<text x="{frame.width - frame.right}" y="{level - 5:.1f}" text-anchor="end"'
            ' opacity=".85">1: knows nothing</text>'
        )
        if self.broken is not None:
            at = float(frame.across(self.broken))
            side, anchor = (-12, "end") if self.broken > TIME / 2 else (12, "start")
            body += (
                f'<text x="{at:.1f}" y="{frame.top + 6}" text-anchor="middle" font-size="18">✗'
                f'</text><text x="{at + side:.1f}" y="{frame.top + 4}" text-anchor="{anchor}">'
                f"breaks at token {self.broken}</text>"
            )
        alt = f"The memory's error over {TIME} tokens. {self.told()}"
        return frame.svg(body, alt=alt, xlabel="token", ylabel="|M − W| / |W|")

    def figure(self, *, alt: str = "") -> Picture:
        """What is shown now, as a still picture."""
        knobs = f"b = {self.chunk.value}, θ = {self.theta.value:g}, likeness "
        words = f"The memory's error over the text with {knobs}{self.likeness.value:g}. "
        with picture(alt or f"{words}{self.told()}.", 6.6, 3.8, self.dark) as figure:
            above, below = figure.subplots(2, 1, height_ratios=[5, 1])
            above.plot(*self._shown(), **style.line("fast", self.dark, markers=4))
            above.axhline(1, color=above.xaxis.label.get_color(), linewidth=0.7, linestyle=":")
            if self.broken is not None:
                above.plot([self.broken], [TOP], "X", color=style.colour("surprise", self.dark),
                           markersize=11, clip_on=False)  # fmt: skip
                above.text(self.broken + 4, 0.9 * TOP, f"breaks at token {self.broken}")
            above.set(xlim=(0, TIME), ylim=(0, TOP), xlabel="token", ylabel="|M − W| / |W|")
            above.set_title(f"{knobs}{self.likeness.value:g}", fontsize=9)
            role = "surprise" if self.level >= BOUND else "gates"
            below.barh([0], [min(self.level, END)], color=style.colour(role, self.dark), hatch="//")
            below.axvline(BOUND, color=below.xaxis.label.get_color(), linewidth=2.5)
            below.set(xlim=(0, END), yticks=[], xlabel=f"gauge {self.level:.2f} (border at 2)")
        return figure
