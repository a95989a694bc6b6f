"""The dial of chapter 05: depth, width and write rate of a memory, and the zone where it breaks.

Above, how wrong the memory is at each token while it hears twelve pairs four times; below, how much
it knows in the end, for every write rate. Where a memory breaks, the drawing is hatched and red.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import ipywidgets
import numpy as np
import torch

from titans_book.book.ch05 import deep
from titans_book.lab.pictures import style
from titans_book.lab.pictures.controls import Panel, slider
from titans_book.lab.pictures.curves import Frame, dashes
from titans_book.lab.pictures.picture import Picture, check_alt, picture
from titans_book.lab.pictures.sheet import status

__all__ = ["BROKEN", "DeepDial"]

DIM, PAIRS, ROUNDS = 8, 12, 4
RATES = np.arange(1, 26) / 10  # in units of 1 / |h|^2
BROKEN = 100.0  # an error ten times as long as what was said: no memory comes back from there
LOW, HIGH = -2.0, 2.0  # powers of ten that are drawn
RED = ("#B3261E", "#F2877F")  # on a light page, on a dark one


@lru_cache(maxsize=64)
def _read(depth: int, hidden: int, loud: float) -> tuple[np.ndarray, np.ndarray]:
    """For every rate of RATES: the error at each token, and the error of the recall at the end."""
    k, v = (one.float() for one in deep.pairs(PAIRS, loud=loud, dim=DIM))
    weights, stable = deep.start(depth, hidden // DIM, dim=DIM)
    theta = torch.tensor(RATES * stable, dtype=torch.float32)
    weights = [W.float() for W in weights]
    reading = deep.read(k.repeat(ROUNDS, 1), v.repeat(ROUNDS, 1), weights, theta)
    return reading.error.numpy(), deep.recall(reading.weights, k, v).numpy()


class DeepDial(Panel):
    """Sliders for depth, hidden units, write rate and the loudness of the values.

    theta is in units of 1 / |h|^2, the rate that stores a pair in one step in a fresh memory.
    """

    def __init__(
        self,
        *,
        alt: str,
        depth: int = 2,
        hidden: int = 32,
        theta: float = 0.3,
        loud: float | int = 1.0,
        dark: bool | None = None,
    ):
        self.dark = style.is_dark(dark)
        self.depth = slider("depth L", depth, 1, 4)
        self.hidden = slider("hidden units", hidden, DIM, 8 * DIM, step=DIM)
        self.theta = slider("write rate θ |h|²", theta, 0.1, 2.5, step=0.1)
        self.loud = slider("loudness of the values", float(loud), 0.5, 2.0, step=0.25)
        self.frame = Frame((1.0, float(PAIRS * ROUNDS)), (LOW, HIGH), 600, 240)
        self.lower = Frame((0.0, float(RATES[-1])), (LOW, HIGH), 600, 220)
        self.drawing, self.words, self.map = ipywidgets.HTML(), status(), ipywidgets.HTML()
        sliders = (self.depth, self.hidden, self.theta, self.loud)
        for one in sliders:
            one.observe(self.repaint, "value")
        super().__init__([*sliders, self.words, self.drawing, self.map], alt=check_alt(alt))
        self.repaint()

    def repaint(self, _change: Any = None) -> None:
        """Read the stream with every write rate, and show what happened."""
        reading = _read(self.depth.value, self.hidden.value, float(self.loud.value))
        self.errors, self.recalled = reading
        self.broken = ~(self.errors < BROKEN).all(1) | ~np.isfinite(self.recalled)
        self.at = round(10 * self.theta.value) - 1
        self.words.value = f"<b>{self._told()}</b> {self._edge()}"
        self.drawing.value, self.map.value = self._reading(), self._rates()

    @property
    def lost(self) -> int | None:
        """The token, from 1, at which the memory breaks at this write rate; None if it holds."""
        beyond = np.flatnonzero(~(self.errors[self.at] < BROKEN))
        return int(beyond[0]) + 1 if len(beyond) else None

    @property
    def holds(self) -> float:
        """The largest write rate below the first one that breaks; 0 if all do."""
        return float(RATES[self.broken.argmax() - 1]) if self._before() else 0.0

    def _before(self) -> int:
        """How many rates lie below the first one that breaks."""
        return int(self.broken.argmax()) if self.broken.any() else len(RATES)

    def _told(self) -> str:
        """What happened at this write rate, in words."""
        if self.lost is not None:
            return f"Broken at token {self.lost} of {PAIRS * ROUNDS}."
        return f"It holds: error {self.recalled[self.at]:.2f} at the end."

    def _edge(self) -> str:
        """Where the red zone begins, in words."""
        count = self._before()
        if count == len(RATES):
            return "No write rate of this slider breaks it."
        if count == 0:
            return "Every write rate of this slider breaks it."
        best = int(np.argmin(self.recalled[:count]))
        return (
            f"The last rate that holds is {RATES[count - 1]:.1f}; the best one is "
            f"{RATES[best]:.1f}, with error {self.recalled[best]:.2f}."
        )

    def _zone(self, frame: Frame, left: float, right: float, words: str) -> str:
        """A hatched red zone between two places of the x axis."""
        colour, base = RED[self.dark], frame.height - frame.bottom
        a, b = (float(frame.across(x)) for x in (left, right))
        if b - a < 1:
            return ""
        stripes = "".join(
            f'<line x1="{x:.0f}" x2="{min(x + 14, b):.0f}" y1="{base}" y2="{base - 14}"/>'
            for x in np.arange(a, b - 4, 9)
        )
        end = "end" if b - a < 90 else "start"
        at = b - 4 if end == "end" else a + 6
        return (
            f'<rect x="{a:.1f}" y="{frame.top}" width="{b - a:.1f}" height="{base - frame.top}"'
            f' fill="{colour}" fill-opacity=".14"/><g stroke="{colour}">{stripes}'
            f'<line x1="{a:.1f}" x2="{a:.1f}" y1="{frame.top}" y2="{base}"/></g>'
            f'<text x="{at:.1f}" y="{frame.top + 15}" fill="{colour}" text-anchor="{end}">'
            f"{words}</text>"
        )

    def _curve(self, frame: Frame, x: np.ndarray, error: np.ndarray) -> str:
        look = style.colour("fast", self.dark), dashes("fast")
        return frame.line(x, _power(error), *look) if len(x) > 1 else ""

    def _reading(self) -> str:
        """The error at each token, up to where the memory breaks."""
        end, last = self.lost or PAIRS * ROUNDS, float(PAIRS * ROUNDS)
        body = self._zone(self.frame, end, last, "broken") if self.lost else ""
        for round_ in range(1, ROUNDS):
            x = float(self.frame.across(PAIRS * round_ + 0.5))
            base = self.frame.height - self.frame.bottom
            body += (
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{self.frame.top}" y2="{base}"'
                ' stroke="currentColor" stroke-opacity=".25" stroke-dasharray="2 4"/>'
            )
        body += self._curve(self.frame, np.arange(1.0, end + 1), self.errors[self.at, :end])
        alt = f"Error over {PAIRS * ROUNDS} tokens. {self._told()}"
        labels = {"xlabel": "token (a dotted line: the next round)"}
        return self.frame.svg(body, alt=alt, ylabel="error, as a power of ten", **labels)

    def _rates(self) -> str:
        """The error at the end for every write rate, and the red zone."""
        count, frame = self._before(), self.lower
        edge = (RATES[count - 1] if count else 0.0) if count < len(RATES) else RATES[-1]
        body = self._zone(frame, float(edge), float(RATES[-1]), "breaks")
        body += self._curve(frame, RATES[:count], self.recalled[:count])
        x, base = float(frame.across(RATES[self.at])), frame.height - frame.bottom
        green = style.colour("gates", self.dark)
        body += (
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{frame.top}" y2="{base}" stroke="{green}"'
            f' stroke-width="2" stroke-dasharray="{dashes("gates")}"/>'
        )
        alt = f"Error at the end over the write rate. {self._edge()}"
        return frame.svg(
            body, alt=alt, xlabel="write rate θ |h|²", ylabel="error at the end, as a power of ten"
        )

    def figure(self, *, alt: str) -> Picture:
        """What is shown now, as a still picture."""
        count, end = self._before(), self.lost or PAIRS * ROUNDS
        with picture(alt, 7.4, 2.9, self.dark) as figure:
            left, right = figure.subplots(1, 2, sharey=True)
            look = style.line("fast", self.dark, 6)
            left.plot(np.arange(1, end + 1), 10 ** _power(self.errors[self.at, :end]), **look)
            right.plot(RATES[:count], 10 ** _power(self.recalled[:count]), **look)
            red = {"color": RED[self.dark], "alpha": 0.2, "hatch": "//", "lw": 0}
            if self.lost:
                left.axvspan(end, PAIRS * ROUNDS, **red)
            if count < len(RATES):
                right.axvspan(RATES[count - 1] if count else 0, RATES[-1], **red)
            right.axvline(RATES[self.at], color=style.colour("gates", self.dark), linestyle=":")
            left.set(yscale="log", ylim=(10**LOW, 10**HIGH), xlabel="token", ylabel="error")
            right.set(xlabel="write rate θ |h|²", xlim=(0, RATES[-1]))
            left.set_title(f"depth {self.depth.value}, θ = {self.theta.value:.1f}", fontsize=9)
            right.set_title("at the end, for every θ", fontsize=9)
        return figure


def _power(error: np.ndarray) -> np.ndarray:
    """log10 of an error, held within the drawing."""
    return np.log10(np.nan_to_num(error, nan=BROKEN, posinf=BROKEN).clip(10**LOW, 10**HIGH))
