"""The microscope of chapter 11: what two momentum buffers still know of every gradient.

Both have read the same 128 gradients of a layer. They are asked with the layer's input of i steps
ago; the height is the cosine of the answer with the error of that step, the mean of 8 streams.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import ipywidgets
import numpy as np

from titans_book.book.ch11.buffers import delta_buffer, hebb_buffer, mean_recall
from titans_book.book.ch11.looks import looks
from titans_book.lab.pictures import style
from titans_book.lab.pictures.controls import Panel, slider
from titans_book.lab.pictures.curves import Frame, spoken
from titans_book.lab.pictures.picture import Picture, check_alt, picture
from titans_book.lab.pictures.sheet import sheet, status

__all__ = ["Microscope"]

ALT = "Two curves over the age of a gradient: what the usual momentum and the delta buffer know"
NAMES = ("usual momentum", "delta buffer")
AGES, HALF = 64, 0.5
LOW = -0.2  # the lowest cosine that is drawn


class Microscope(Panel):
    """Sliders for the decay of one buffer, for the write rate and decay of the other, and for how
    much the inputs have in common."""

    def __init__(self, *, alt: str = ALT, dark: bool | None = None):
        self.dark = style.is_dark(dark)
        self.alpha = slider("decay of the usual momentum", 0.9, 0.5, 0.99, step=0.01)
        self.eta = slider("write rate of the delta buffer", 0.5, 0.05, 1.0, step=0.05)
        self.keep = slider("decay of the delta buffer", 1.0, 0.9, 1.0, step=0.01)
        self.common = slider("what all inputs have in common", 0.0, 0.0, 0.9, step=0.1)
        self.drawing, self.said = ipywidgets.HTML(), status()
        sliders = (self.alpha, self.eta, self.keep, self.common)
        for one in sliders:
            one.observe(self.repaint, "value")
        super().__init__([sheet(), *sliders, self.drawing, self.said], alt=check_alt(alt))
        self.repaint()

    def repaint(self, _change: Any = None) -> None:
        """Write and ask again, and show what came back."""
        writes = {
            "usual momentum": partial(hebb_buffer, alpha=self.alpha.value),
            "delta buffer": partial(delta_buffer, eta=self.eta.value, alpha=self.keep.value),
        }
        found = mean_recall(writes, self.common.value, AGES)
        self.curves = {name: cosines.clamp(LOW, 1).numpy() for name, cosines in found.items()}
        self.drawing.value = self._svg()
        told = " ".join(
            f"<b>{name}</b>: {self.known(name)} of the last {AGES}." for name in self.curves
        )
        self.said.value = f"<div>Gradients known to a cosine of {HALF} or better. {told}</div>"

    def known(self, name: str) -> int:
        """How many of the last gradients a buffer knows at least to the cosine 0.5."""
        return int((self.curves[name] >= HALF).sum())

    def _svg(self) -> str:
        frame = Frame((0.0, AGES - 1.0), (LOW, 1.0), width=560, height=280)
        x, body, entries, told = np.arange(AGES, dtype=float), "", [], []
        for name, look in zip(NAMES, looks(self.dark), strict=True):
            body += frame.line(x, self.curves[name], *look)
            entries.append((name, *look))
            told.append(f"{name}: {spoken(x[::21], self.curves[name][::21].round(2))}.")
        alt = f"The cosine of answer and error, by age. {' '.join(told)}"
        return frame.svg(body + frame.key(entries), alt=alt, xlabel="steps ago", ylabel="cosine")

    def figure(self, *, alt: str | None = None) -> Picture:
        """What is shown now, as a still picture."""
        with picture(alt or self.alt, 6.4, 3.2, self.dark) as figure:
            axes = figure.subplots()
            for (name, curve), (colour, dash) in zip(
                self.curves.items(), looks(self.dark), strict=True
            ):
                axes.plot(curve, label=name, color=colour, ls="--" if dash else "-", marker="")
            axes.set(ylim=(LOW, 1.03), xlabel="steps ago", ylabel="cosine")
            axes.grid(axis="y")
            axes.legend()
        return figure
