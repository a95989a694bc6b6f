"""The board of chapter 01: write animals and their sounds into a memory, and ask it what they say.

The memory is a 4 x 3 matrix, features by sounds. Dog and wolf look alike, as much as the slider
says. Every change writes the whole history again, from an empty memory, so rules and likenesses
can be compared for the same writes. The fox is asked, and never written.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import ipywidgets
import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.book.ch01.board_drawing import FEATURES, SOUNDS, Row, paint, svg
from titans_book.lab.pictures import style
from titans_book.lab.pictures.controls import Panel, slider
from titans_book.lab.pictures.picture import Picture, check_alt, picture
from titans_book.steps import matrix as steps

__all__ = ["FEATURES", "SAYS", "SOUNDS", "WriteBoard", "animals", "sound"]

SAYS = {"cat": "meow", "dog": "woof", "wolf": "howl"}
RULES = ("Hebb", "delta")
ALT = "Write board: buttons for three pairs, a switch for the rule, a slider for the likeness"
SHOWN = 12  # writes that are listed


def animals(likeness: float | int = 0.8) -> dict[str, Float[Tensor, " features"]]:
    """The key of each animal, of length 1; dog and wolf have the dot product `likeness`.

    >>> animals(0.8)["wolf"]
    tensor([0.0000, 0.8000, 0.6000, 0.0000], dtype=torch.float64)
    """
    wild = max(0.0, 1 - likeness**2) ** 0.5
    rows = {"cat": (1, 0, 0, 0), "dog": (0, 1, 0, 0), "wolf": (0, likeness, wild, 0),
            "fox": (0.6, 0.8, 0, 0)}  # fmt: skip
    return {name: torch.tensor(row, dtype=torch.float64) for name, row in rows.items()}


def sound(name: str) -> Float[Tensor, " sounds"]:
    """The value of a sound: a 1 in its own place.

    >>> sound("howl").tolist()
    [0.0, 0.0, 1.0]
    """
    return torch.eye(len(SOUNDS), dtype=torch.float64)[SOUNDS.index(name)]


def heard(answer: Float[Tensor, " sounds"]) -> str:
    """The loudest sound of an answer, or "nothing".

    >>> heard(sound("woof") + 0.8 * sound("howl")), heard(0 * sound("woof"))
    ('woof', 'nothing')
    """
    return SOUNDS[int(answer.argmax())] if float(answer.max()) > 0.05 else "nothing"


class WriteBoard(Panel):
    """A button for each pair, a switch for the rule, a slider for the likeness of dog and wolf.

    read, hebb, delta: read(M, q), hebb(M, k, v) and delta(M, k, v, theta); the learner's own fit.
    writes: what is written at the start, in this order.
    """

    def __init__(
        self,
        *,
        alt: str = ALT,
        writes: tuple[str, ...] = (),
        rule: str = "Hebb",
        likeness: float | int = 0.8,
        read: Callable = steps.read,
        hebb: Callable = steps.hebb_write,
        delta: Callable = steps.delta_write,
        dark: bool | None = None,
    ):
        if unknown := set(writes) - set(SAYS):
            raise ValueError(f"writes={sorted(unknown)} cannot be written: choose of {list(SAYS)}")
        if rule not in RULES:
            raise ValueError(f"rule={rule!r} is not known: choose one of {', '.join(RULES)}")
        self.writes, self.dark = list(writes), style.is_dark(dark)
        self._read, self._steps = read, {"Hebb": hebb, "delta": partial(_at_once, delta)}
        self.likeness = slider("likeness of dog and wolf", float(likeness), 0.0, 1.0, step=0.01)
        words = {"description": "rule", "tooltips": ["add the pair", "write what is missing"]}
        layout = {"style": {"description_width": "initial", "button_width": "80px"}}
        self.rule = ipywidgets.ToggleButtons(options=RULES, value=rule, **words, **layout)
        self.buttons = {name: self._button(name) for name in SAYS}
        self.clear = ipywidgets.Button(description="clear", tooltip="Empty the memory")
        self.clear.on_click(self._clear)
        self.drawing, self.history = ipywidgets.HTML(), ipywidgets.HTML()
        for control in (self.likeness, self.rule):
            control.observe(self.repaint, "value")
        row = ipywidgets.HBox([*self.buttons.values(), self.clear])
        row.layout.flex_flow = "row wrap"
        parts = [self.rule, self.likeness, row, self.history, self.drawing]
        super().__init__(parts, alt=check_alt(alt))
        self.repaint()

    def _button(self, name: str) -> ipywidgets.Button:
        words = f"write {name} → {SAYS[name]}"
        made = ipywidgets.Button(description=words, tooltip=words)
        made.on_click(partial(self._press, name))
        return made

    def _press(self, name: str, _button: Any = None) -> None:
        self.writes.append(name)
        self.repaint()

    def _clear(self, _button: Any = None) -> None:
        self.writes.clear()
        self.repaint()

    def repaint(self, _change: Any = None) -> None:
        """Write the whole history again, from an empty memory, and ask every animal."""
        keys, write = animals(self.likeness.value), self._steps[self.rule.value]
        self.M = torch.zeros(len(FEATURES), len(SOUNDS), dtype=torch.float64)
        for name in self.writes:
            self.M = write(self.M, keys[name], sound(SAYS[name]))
        self.answers = {name: self._read(self.M, key) for name, key in keys.items()}
        self.history.value = self._told()
        self.drawing.value = svg(self.M, self.rows(), dark=self.dark)

    def rows(self) -> list[Row]:
        """What each animal says, what it should say, and whether that is the same."""
        rows, keys = [], animals(self.likeness.value)
        for name, answer in self.answers.items():
            says, wanted = heard(answer), SAYS.get(name, "")
            sign = "" if not wanted or name not in self.writes else "✓" if says == wanted else "✗"
            rows.append(Row(f"the {name} says {says} {sign}", keys[name], answer, wanted))
        return rows

    def _told(self) -> str:
        more = "… " if len(self.writes) > SHOWN else ""
        words = ", ".join(self.writes[-SHOWN:]) or "nothing yet"
        return f"<div>Written, in this order: {more}{words}</div>"

    def figure(self, *, alt: str | None = None) -> Picture:
        """What is shown now, as a still picture."""
        with picture(alt or self.alt, 7.0, 3.0, self.dark) as figure:
            paint(figure, self.M, self.rows(), dark=self.dark)
        return figure


def _at_once(delta: Callable, M: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """The delta rule with theta = 1."""
    return delta(M, k, v, 1.0)
