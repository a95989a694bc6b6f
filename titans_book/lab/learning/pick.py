"""Pick a curve: a few small pictures, one of which is what happens.

Pick("03.which", steps, {"fades": a, "stays": b}, right="fades",
     because={"fades": "…", "stays": "…"}, alt="Two curves, A and B")

A chapter asks with pick("03.which", steps, ...): curves, answer and reasons are in its folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import ipywidgets
import numpy as np

from titans_book.lab.learning.progress import Progress, progress
from titans_book.lab.pictures import style
from titans_book.lab.pictures.controls import Panel
from titans_book.lab.pictures.curves import Frame, curve, dashes, spoken
from titans_book.lab.pictures.picture import Picture, picture
from titans_book.lab.pictures.sheet import check_name, sheet, status
from titans_book.lab.pictures.still import folded
from titans_book.lab.register import LINEUPS, named

__all__ = ["Pick", "pick"]

LETTERS = "ABCD"


def _check(curves: Mapping[str, Any], right: str, because: Mapping[str, str]) -> None:
    if not 2 <= len(curves) <= len(LETTERS):
        raise ValueError(f"curves has {len(curves)} entries: give two to four")
    if right not in curves:
        raise ValueError(f"right={right!r} is not among the curves: {', '.join(curves)}")
    if missing := [name for name in curves if not because.get(name, "").strip()]:
        raise ValueError(f"because says nothing about {', '.join(missing)}")
    if unknown := set(because) - set(curves):
        raise ValueError(f"because explains what is no curve: {', '.join(sorted(unknown))}")


class Pick(Panel):
    """Two to four curves on one scale, A to D in the order given; press the one that happens.

    x and each of `curves`: (n,), x growing. The curves' names are never shown; because: for each
    name what that curve would mean (HTML of our own). limits: (low, high); None: they fit.
    """

    def __init__(
        self,
        name: str,
        x: Any,
        curves: Mapping[str, Any],
        right: str,
        because: Mapping[str, str],
        *,
        alt: str,
        xlabel: str = "",
        ylabel: str = "",
        limits: tuple[float | int, float | int] | None = None,
        role: str = "fast",
        record: Progress | None = None,
        dark: bool | None = None,
    ):
        _check(curves, right, because)
        self.name, self._record, self.dark = check_name(name), record, style.is_dark(dark)
        self.role, self.labels = role, {"xlabel": xlabel, "ylabel": ylabel}
        self.right, self.because, self._picked = right, dict(because), False
        self.curves = {key: curve(x, y, (-np.inf, np.inf)) for key, y in curves.items()}
        self.limits = self._fit() if limits is None else (float(limits[0]), float(limits[1]))
        self.curves = {key: curve(*pair, self.limits) for key, pair in self.curves.items()}
        self.buttons = tuple(self._button(index) for index in range(len(self.curves)))
        self.cards = tuple(map(self._card, LETTERS, self.curves, self.buttons))
        self.result = status()
        board = ipywidgets.Box(self.cards, layout=ipywidgets.Layout(flex_flow="row wrap"))
        super().__init__([sheet(), board, self.result], alt=alt)
        self.add_class("titans-pick")

    def _fit(self) -> tuple[float, float]:
        """Limits that hold all curves and zero, with a little air."""
        heights = np.concatenate([y for _, y in self.curves.values()])
        low, high = min(0.0, float(heights.min())), max(0.0, float(heights.max()))
        air = 0.05 * (high - low)
        fitting = (low - air if low < 0 else 0.0), (high + air if high > 0 else 0.0)
        return fitting if high > low else (-1.0, 1.0)

    def _button(self, index: int) -> ipywidgets.Button:
        made = ipywidgets.Button(
            description=LETTERS[index], tooltip=f"Curve {LETTERS[index]} is what happens"
        )
        made.on_click(partial(self._press, index))
        return made

    def _card(self, letter: str, key: str, button: ipywidgets.Button) -> ipywidgets.VBox:
        """A small picture with its button below."""
        x, y = self.curves[key]
        frame = Frame((x[0], x[-1]), self.limits, 270, 178, 48, 16, 26, 46, ticks=3)
        few = np.linspace(0, len(x) - 1, min(5, len(x))).round().astype(int)
        svg = frame.svg(
            frame.line(x, y, style.colour(self.role, self.dark), dashes(self.role)),
            alt=f"Curve {letter}: {spoken(x[few], y[few])}.",
            **self.labels,
        )
        card = ipywidgets.VBox([ipywidgets.HTML(svg), button])
        card.add_class("card")
        return card

    def _press(self, index: int, _button: Any = None) -> None:
        """Mark the card, say what its curve would mean, and note the first choice."""
        key, letter = list(self.curves)[index], LETTERS[index]
        right = key == self.right
        sign, verdict = ("✓", "That is what happens") if right else ("✗", "Not this one")
        look = "right" if right else "wrong"
        self.buttons[index].description = f"{letter} {sign}"
        self.cards[index].add_class(look)
        self.result.value = (
            f'<div class="{look}"><b>{sign} {letter}: {verdict}.</b> {self.because[key]}</div>'
        )
        if not self._picked:
            self._picked = True
            (self._record or progress()).predict(self.name, [float(index)], float(not right))

    def still(self) -> str:
        """The small pictures without a kernel; below each its reason, folded."""
        cards = ""
        for letter, key, card in zip(LETTERS, self.curves, self.cards, strict=False):
            verdict = "This is what happens" if key == self.right else "Not this one"
            reason = folded(f"{letter}?", f"{verdict}. {self.because[key]}")
            cards += f'<div style="max-width:270px">{card.children[0].value}{reason}</div>'
        return f'<div style="display:flex;flex-wrap:wrap;gap:.5em">{cards}</div>'

    def figure(self, *, alt: str) -> Picture:
        """The small pictures as one still picture."""
        with picture(alt, 2.4 * len(self.curves), 2.3, self.dark) as figure:
            row = figure.subplots(1, len(self.curves), sharey=True)
            for axes, letter, (x, y) in zip(row, LETTERS, self.curves.values(), strict=False):
                axes.plot(x, y, **style.line(self.role, self.dark))
                axes.set(title=letter, ylim=self.limits, xlabel=self.labels["xlabel"])
            row[0].set_ylabel(self.labels["ylabel"])
        return figure


def pick(name: str, *data: Any, record: Progress | None = None, dark: bool | None = None) -> Pick:
    """The curves of the book's line-up called `name`, drawn from these data, to choose from."""
    lineup = named(LINEUPS, name, "line-up of curves")
    x, curves = lineup.curves(*data)
    return Pick(
        name, x, curves, lineup.right, lineup.because, record=record, dark=dark, **lineup.look
    )
