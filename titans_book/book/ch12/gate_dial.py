"""The dial of a gate: how long a sign that is turned again and again stays readable.

One number m is multiplied by 1 - theta at every one. theta comes from a gate of a number z, as the
layers of a model have it.
"""

from __future__ import annotations

import math
from typing import Any

import ipywidgets
import numpy as np

from titans_book.lab.pictures import style
from titans_book.lab.pictures.controls import Panel, choice, slider
from titans_book.lab.pictures.curves import Frame
from titans_book.lab.pictures.picture import Picture, check_alt, picture
from titans_book.lab.pictures.sheet import sheet, status

__all__ = ["GateDial", "opened"]

ALT = "What is left of a number whose sign is turned at every one, over the number of ones"
ONES = 256


def opened(gate: str, z: float) -> float:
    """How far a gate is open.

    >>> opened("hard", 2.0), opened("hard", 0.0), opened("sigmoid", 0.0)
    (1.0, 0.5, 0.5)
    """
    if gate == "hard":
        return min(1.0, max(0.0, z / 4 + 0.5))
    return 1 / (1 + math.exp(-z))


class GateDial(Panel):
    """Sliders for z and for the largest rate, a menu for the gate. factor: what a one multiplies
    m by."""

    def __init__(self, *, alt: str = ALT, dark: bool | None = None):
        self.dark = style.is_dark(dark)
        self.gate = choice("gate", [("sigmoid", "sigmoid"), ("hard", "hard")], "Kind of gate")
        self.most = slider("largest rate θ_max", 1.0, 0.5, 2.0, step=0.1)
        self.z = slider("z", 0.0, -8.0, 12.0, step=0.1)
        for one in (self.gate, self.most, self.z):
            one.observe(self.repaint, "value")
        self.drawing, self.said = ipywidgets.HTML(), status()
        parts = [sheet(), self.gate, self.most, self.z, self.drawing, self.said]
        super().__init__(parts, alt=check_alt(alt))
        self.repaint()

    @property
    def factor(self) -> float:
        """1 - theta."""
        return 1 - self.most.value * opened(self.gate.value, self.z.value)

    def left(self, ones: int) -> float:
        """The size of m after so many ones."""
        return abs(self.factor) ** ones

    def repaint(self, _change: Any = None) -> None:
        """Turn the number again."""
        n = np.arange(ONES + 1)
        self.curve = np.abs(self.factor) ** n
        frame = Frame((0.0, float(ONES)), (0.0, 1.0), width=560, height=240)
        colour = style.colour("fast", self.dark)
        alt = f"The factor is {self.factor:.4f}; after {ONES} ones {self.left(ONES):.3f} is left."
        self.drawing.value = frame.svg(
            frame.line(n.astype(float), self.curve, colour), alt=alt, xlabel="ones read",
            ylabel="size of m",
        )  # fmt: skip
        turns = "turns the sign" if self.factor < 0 else "does not turn the sign"
        self.said.value = (
            f"<div>θ = {1 - self.factor:.4f}. A one multiplies m by <b>{self.factor:.4f}</b>, "
            f"which {turns}. After {ONES} ones, <b>{self.left(ONES):.3f}</b> of m is left.</div>"
        )

    def figure(self, *, alt: str | None = None) -> Picture:
        """What is shown now, as a still picture."""
        with picture(alt or self.alt, 6.0, 2.6, self.dark) as figure:
            axes = figure.subplots()
            axes.plot(self.curve, **style.line("fast", self.dark))
            axes.set(ylim=(0, 1.03), xlabel="ones read", ylabel="size of m")
            axes.grid(axis="y")
        return figure
