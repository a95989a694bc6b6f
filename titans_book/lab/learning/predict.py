"""Predict, then see: shape or pick a curve before the cell shows it.

    Predict("03.after_shock", steps, size, xlabel="token", ylabel="|S|", limits=(0, 6),
            alt="The size of the momentum after one shock")

The truth stays in Python until it is asked for: it is in no picture, text or widget before.
A chapter asks with predict("03.after_shock", steps, size): the rest is in its folder.
"""

from __future__ import annotations

from typing import Any

import ipywidgets
import numpy as np

from titans_book.lab.learning.pick import Pick, pick
from titans_book.lab.learning.progress import Progress, progress
from titans_book.lab.pictures import style
from titans_book.lab.pictures.controls import Panel, slider
from titans_book.lab.pictures.curves import Frame, curve, dashes, spoken
from titans_book.lab.pictures.picture import Picture, check_alt, picture
from titans_book.lab.pictures.sheet import check_name, sheet, status
from titans_book.lab.pictures.traces import number
from titans_book.lab.register import SKETCHES, named

__all__ = ["Pick", "Predict", "pick", "predict"]

INK = "currentColor"  # the guess wears the colour of the page
SIZES = (
    (0.03, "Spot on"),
    (0.08, "Very close"),
    (0.16, "Close"),
    (0.3, "Some way off, and so worth a second look"),
    (float("inf"), "Far off: those are the ones to learn from"),
)
ASK = (
    "You have not moved a point yet. Shape the curve first, or press <b>Show me</b> again to see "
    "it without a guess."
)


def _size(share: float) -> str:
    """A miss of this share of the range, in friendly words.

    >>> _size(0.01), _size(0.1)
    ('Spot on', 'Close')
    """
    return next(words for most, words in SIZES if share <= most)


def _step(room: float) -> float:
    """A round step that leaves some sixty positions, so that heights read well.

    >>> _step(1.0), _step(6.5)
    (0.02, 0.1)
    """
    unit = 10.0 ** np.floor(np.log10(room / 50))
    return next(float(f"{m * unit:.1g}") for m in (5, 2, 1) if m * unit <= room / 50 * (1 + 1e-9))


class Predict(Panel):
    """A curve to be shaped with `points` sliders; "Show me" lays the truth over it.

    x, truth: (n,), with x growing. limits: (low, high) of the heights; must hold the truth. alt
    says what is to be predicted, and must not give it away. role: the truth's colour and line.
    """

    def __init__(
        self,
        name: str,
        x: Any,
        truth: Any,
        *,
        xlabel: str,
        ylabel: str,
        limits: tuple[float | int, float | int],
        alt: str,
        points: int = 5,
        role: str = "fast",
        record: Progress | None = None,
        dark: bool | None = None,
    ):
        if points < 2:
            raise ValueError(f"points={points}: a curve needs two or more")
        self.name, self._record, self.dark = check_name(name), record, style.is_dark(dark)
        self._x, self._truth = curve(x, truth, limits)
        self._look = style.colour(role, self.dark), dashes(role)
        self.role, self.labels = role, {"xlabel": xlabel, "ylabel": ylabel}
        self.limits = float(limits[0]), float(limits[1])
        self.knots = np.linspace(self._x[0], self._x[-1], points)
        self.frame = Frame((float(self._x[0]), float(self._x[-1])), self.limits)
        self.shown = self._asked = False
        self.sliders = tuple(map(self._slider, self.knots))
        self._level = self.sliders[0].value
        self.drawing, self.result = ipywidgets.HTML(), status()
        self.button = ipywidgets.Button(description="Show me", tooltip="Show what really happens")
        self.button.on_click(self._press)
        super().__init__([sheet(), self._stage(), self.button, self.result], alt=check_alt(alt))
        self.add_class("titans-predict")
        self._draw()

    def _slider(self, knot: float) -> ipywidgets.FloatSlider:
        """A vertical slider that lies over the drawing, so that its handle is a point of it."""
        low, high = self.limits
        step = _step(high - low)
        middle = low + step * round((high - low) / 2 / step)  # the page would round it to a step
        label = f"height at x={number(knot)}"
        made = slider(label, middle, low, high, step=step, width="28px")
        made.orientation, made.readout = "vertical", False
        made.layout.left = f"{float(self.frame.across(knot)) - 14:.0f}px"
        made.layout.top = f"{self.frame.top}px"
        made.layout.height = f"{self.frame.room}px"
        made.observe(self._moved, "value")
        return made

    def _stage(self) -> ipywidgets.Box:
        size = {"width": f"{self.frame.width}px", "height": f"{self.frame.height}px"}
        stage = ipywidgets.Box([self.drawing, *self.sliders], layout=ipywidgets.Layout(**size))
        stage.add_class("titans-stage")
        return stage

    @property
    def values(self) -> list[float]:
        """The heights of the guess at `knots`."""
        return [float(one.value) for one in self.sliders]

    @property
    def touched(self) -> bool:
        """Whether the guess is still the level line of the beginning, or the learner's own."""
        moved = np.abs(np.array(self.values) - self._level).max()
        return bool(moved > self.sliders[0].step / 2)

    def _guess(self) -> np.ndarray:
        return np.interp(self._x, self.knots, self.values)

    def _moved(self, _change: Any = None) -> None:
        if self.result.value == ASK:
            self.result.value = ""
        self._draw()

    def _press(self, _button: Any = None) -> None:
        """Show me, or Again."""
        if self.shown:
            self._set(False, "")
        elif self.touched:
            distance = np.abs(self._guess() - self._truth)
            share = float(distance.mean()) / (self.limits[1] - self.limits[0])
            (self._record or progress()).predict(self.name, self.values, share)
            self._set(True, self._verdict(distance, share))
        elif self._asked:
            self._set(True, "This is how it goes. Press <b>Again</b> to try a guess of your own.")
        else:
            self._asked, self.result.value = True, ASK

    def _set(self, shown: bool, words: str) -> None:
        self.shown, self.result.value = shown, words
        self.button.description = "Again" if shown else "Show me"
        self.button.tooltip = "Hide it and guess again" if shown else "Show what really happens"
        for one in self.sliders:
            one.disabled = shown
        self._draw()

    def _verdict(self, distance: np.ndarray, share: float) -> str:
        worst = int(distance.argmax())
        where = (
            f" The gap is widest at x = {number(self._x[worst])}: you said "
            f"{number(self._guess()[worst])}, and it is {number(self._truth[worst])}."
        )
        return (
            f"<b>{_size(share)}.</b> On average your curve is {number(distance.mean())} away, "
            f"{share:.0%} of the range.{where if distance[worst] > 0 else ''}"
        )

    def _draw(self) -> None:
        """Paint the guess, and the truth if it is shown."""
        knots, values = self.knots, np.array(self.values)
        body, entries = self.frame.line(knots, values, INK), [("your guess", INK, "")]
        alt = f"Your guess: {spoken(knots, values)}."
        if self.shown:
            body += self.frame.line(self._x, self._truth, *self._look)
            entries.append(("what happens", *self._look))
            alt += f" What happens: {spoken(knots, np.interp(knots, self._x, self._truth))}."
        alt = f"{self.alt}. {alt}"
        self.drawing.value = self.frame.svg(body + self.frame.key(entries), alt=alt, **self.labels)

    def still(self) -> str:
        """The drawing without a kernel; the truth stays away from it until it is shown."""
        return self.drawing.value

    def figure(self, *, alt: str) -> Picture:
        """What happens, and the guess if there is one, as a still picture."""
        with picture(alt, 6.2, 3.2, self.dark) as figure:
            axes = figure.subplots()
            if self.touched:
                ink = {"color": axes.xaxis.label.get_color(), "marker": "o", "linewidth": 1.2}
                axes.plot(self.knots, self.values, label="your guess", **ink)
            markers = max(1, len(self._x) // 8)
            look = style.line(self.role, self.dark, markers)
            axes.plot(self._x, self._truth, label="what happens", **look)
            axes.set(ylim=self.limits, **self.labels)
            axes.locator_params(axis="x", integer=bool((self._x == self._x.round()).all()))
            if self.touched:
                axes.legend()
        return figure


def predict(
    name: str, *data: Any, record: Progress | None = None, dark: bool | None = None
) -> Predict:
    """The book's curve called `name`, computed from these data, to be sketched before it shows."""
    sketch = named(SKETCHES, name, "curve to predict")
    x, truth = sketch.truth(*data)
    limits = sketch.holding(truth)
    return Predict(name, x, truth, limits=limits, record=record, dark=dark, **sketch.look)
