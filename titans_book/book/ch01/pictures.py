"""The pictures of chapter 01 and what is guessed in it, by name: words, labels, answers.

The words that describe a picture are made of what is drawn, so they stay true when a learner has
changed a number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from titans_book.book.ch01.board_drawing import cells_in_words, paint_matrix
from titans_book.lab.learning.guess import Lineup, Sketch
from titans_book.lab.pictures import figures
from titans_book.lab.pictures.curves import spoken
from titans_book.lab.pictures.picture import Drawing, Picture, picture

__all__ = ["PICTURES"]

PAIRS = "pairs written, n"


def _memories(values: Mapping[str, Any], *, alt: str, dark: bool | None = None) -> Picture:
    """Small memories side by side, by their titles, with their numbers in the cells."""
    with picture(alt, 0.6 + 2.4 * len(values), 2.0, dark) as figure:
        row = figure.subplots(1, len(values), squeeze=False)[0]
        for axes, (title, matrix) in zip(row, values.items(), strict=True):
            paint_matrix(axes, torch.as_tensor(matrix), dark=figure.dark)
            axes.set_title(title, loc="center", fontsize=9)
    return figure


def _cells(values: Mapping[str, Any]) -> str:
    told = (f"{title}: {cells_in_words(torch.as_tensor(M))}" for title, M in values.items())
    what = "a row for each feature and a column for each sound"
    return f"Memories with {what}. These cells are not 0. {'; '.join(told)}."


def _told(what: str, most: int = 7) -> Callable[[Any, Mapping[str, Any]], str]:
    """Words for curves: what they are, and then the heights of each at a few places."""

    def words(x: Any, curves: Mapping[str, Any]) -> str:
        few = np.unique(np.linspace(0, len(x) - 1, min(most, len(x))).round().astype(int))
        places = np.asarray(x)[few]
        heights = {name: np.asarray(y)[few].round(2) + 0.0 for name, y in curves.items()}
        told = (f"{name}: {spoken(places, height)}" for name, height in heights.items())
        return f"{what} {'; '.join(told)}."

    return words


def _counted(errors: Any) -> tuple[Any, Any]:
    return np.arange(1, len(errors) + 1), errors


def _ahead(hebb: Any, delta: Any) -> tuple[Any, dict[str, Any]]:
    """Three curves, of which the last is Hebb's share minus delta's."""
    ahead = np.asarray(hebb) - np.asarray(delta)
    return np.arange(1, len(ahead) + 1), {"delta": -ahead, "same": 0 * ahead, "hebb": ahead}


PICTURES = (
    Drawing("01.memories", _memories, alt=_cells),
    Drawing(
        "01.dog_or_wolf",
        figures.lines,
        alt=_told("How loud woof and howl are in the dog's answer, against likeness."),
        xlabel="likeness of dog and wolf",
        ylabel="in the dog's answer",
        markers=10,
    ),
    Drawing(
        "01.three_rules",
        figures.lines,
        alt=_told("The error of three ways to write, against the number of pairs."),
        levels={"an empty memory": 1},
        xlabel=PAIRS,
        ylabel="error |kM − v|²",
    ),
    Drawing(
        "01.shares",
        figures.lines,
        alt=_told("The share of the pairs that are recognised, against their number."),
        limits=(0, 1.05),
        markers=8,
        xlabel=PAIRS,
        ylabel="share recognised",
    ),
    Drawing(
        "01.by_place",
        figures.lines,
        alt=_told("The share of the pairs that are recognised, from the oldest to the latest."),
        limits=(0, 1.05),
        xlabel="place in the order of writing",
        ylabel="share recognised",
    ),
    Sketch(
        "01.recall_error",
        truth=_counted,
        limits=(0, 3),
        role="fast",
        xlabel=PAIRS,
        ylabel="error",
        alt="The error of Hebb's memory against the number of pairs",
    ),
    Lineup(
        "01.recognised",
        curves=_ahead,
        right="hebb",
        because={
            "delta": "That would fit the errors that you have just seen. But an answer can be "
            "close to a value and still point more towards another one.",
            "same": "Then both rules would recognise equally many pairs, however large their "
            "errors are. They do not.",
            "hebb": "With few pairs there is hardly any difference. The fuller the memory, the "
            "more pairs Hebb's rule has ahead. The next picture shows both shares.",
        },
        xlabel=PAIRS,
        ylabel="Hebb − delta",
        alt="Three curves, A to C: one below zero, one on zero, one above zero",
    ),
)
