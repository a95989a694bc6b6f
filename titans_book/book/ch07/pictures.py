"""The pictures of chapter 07 and what is guessed in it, by name: words, labels, answers.

The words that describe a picture are made of what is drawn, so they stay true when a learner has
changed a number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from titans_book.book.ch07 import by_hand
from titans_book.lab.learning.guess import Lineup, Sketch
from titans_book.lab.pictures import figures
from titans_book.lab.pictures.curves import spoken
from titans_book.lab.pictures.picture import Drawing, Picture
from titans_book.lab.pictures.pixels import array
from titans_book.lab.pictures.shades import shaded

__all__ = ["PICTURES"]


def _told(what: str, most: int = 7) -> Callable[..., str]:
    """Words for curves: what they are, and then the heights of each at a few places."""

    def words(x: Any, curves: Mapping[str, Any], **_: Any) -> str:
        few = np.unique(np.linspace(0, len(x) - 1, min(most, len(x))).round().astype(int))
        places = array(x)[few]
        heights = {name: array(y)[few].round(2) + 0.0 for name, y in curves.items()}
        told = (f"{name}: {spoken(places, height)}" for name, height in heights.items())
        return f"{what} {'; '.join(told)}."

    return words


def _lessons(steps: Any, curves: Mapping[str, Any], *, alt: str, **look: Any) -> Picture:
    roles = dict(zip(curves, ("slow", "fast"), strict=False))
    return figures.lines(steps, curves, alt=alt, roles=roles, **look)


def _rows(weights: Any, *, alt: str, dark: bool | None = None) -> Picture:
    """How long each row of W_K is: before training beside after, a feature at each place."""
    names = [f"name {n}" for n in range(1, 5)] + [f"noise {n}" for n in range(1, 9)]
    sizes = np.stack([np.linalg.norm(array(W), axis=1) for W in weights])
    cells = (["before", "after"], names)
    look = {"kind": "magnitude", "width": 7.4, "cells": cells, "limit": float(sizes.max())}
    return figures.heatmap(sizes, alt=alt, dark=dark, **look)


def _rows_told(weights: Any) -> str:
    told = []
    for when, W in zip(("before training", "after it"), weights, strict=True):
        size = np.linalg.norm(array(W), axis=1)
        told.append(f"{when}, names {size[:4].mean():.2f} and noise {size[4:].mean():.2f}")
    return f"How long the rows of the key matrix are on average, {'; '.join(told)}."


def _writes(rows: Any, steps: Any, names: Any, *, alt: str, dark: bool | None = None) -> Picture:
    cells = ([str(step) for step in steps], list(names))
    look = {"kind": "magnitude", "limit": 0.9, "width": 7.6, "ylabel": "outer step"}
    return figures.heatmap(rows, alt=alt, cells=cells, dark=dark, **look)


def _writes_told(rows: Any, steps: Any, names: Any) -> str:
    told = []
    for step, row in zip(steps, array(rows), strict=True):
        most = [str(names[t]) for t in np.argsort(-row)[:4]]
        told.append(f"step {step}: between {row.min():.2f} and {row.max():.2f}, most at "
                    f"{', '.join(most)}")  # fmt: skip
    return f"What each token writes at several outer steps. {'; '.join(told)}."


def _meetings(maps: Any, steps: Any, *, alt: str, dark: bool | None = None) -> Picture:
    places = [f"{kind} {n}" for n in (1, 2, 3, 4) for kind in ("letter", "number")]
    cells = ([f"asks letter {n}" for n in (1, 2, 3, 4)], places)
    titles = [f"step {step}" for step in steps]
    look = {"limit": 0.35, "width": 8, "titles": titles, "cells": cells}
    return figures.heatmap(maps, alt=alt, dark=dark, **look)


def _meetings_told(maps: Any, steps: Any) -> str:
    told = []
    for step, one in zip(steps, array(maps), strict=True):
        own = one[range(4), [1, 3, 5, 7]].mean()
        rest = (one[:, 1::2].sum() - 4 * own) / 12
        told.append(f"step {step}: own number {own:.2f}, another number {rest:.2f}")
    return f"How strongly each question meets the eight tokens that were told. {'; '.join(told)}."


def _letters(ways: Mapping[str, Any], *, alt: str, dark: bool | None = None) -> Picture:
    """How alike the keys of any two letters are, for several ways side by side, with scores."""
    grams = np.stack([array(by_hand.gram(way)) for way in ways.values()])
    titles = [f"{name}: {_worst(way):.0%}" for name, way in ways.items()]
    names = list("abcdefghijk")
    look = {"limit": 1.0, "width": 7.6, "titles": titles, "cells": (names, names)}
    return figures.heatmap(grams, alt=alt, dark=dark, **look)


def _worst(way: Any) -> float:
    return min(by_hand.scores(way).values())


def _letters_told(ways: Mapping[str, Any]) -> str:
    told = []
    for name, way in ways.items():
        gram = array(by_hand.gram(way)).copy()
        np.fill_diagonal(gram, -1)
        told.append(f"{name}: score {_worst(way):.0%}, largest product {gram.max():.2f}")
    return f"How alike the keys of any two of eleven letters are. {'; '.join(told)}."


def _gates(written: Any) -> tuple[Any, dict[str, Any]]:
    """What each token writes, and two invented curves: at letters, and at both."""
    numbers = array(written)
    letters = np.roll(numbers, -1)
    both = np.maximum(numbers, letters)
    return range(1, len(numbers) + 1), {"both": both, "numbers": numbers, "letters": letters}


PICTURES = (
    Drawing("07.rows", _rows, alt=_rows_told),
    Drawing(
        "07.lessons",
        _lessons,
        alt=_told("Two shares of the answers, against the outer steps."),
        xlabel="outer step",
        ylabel="share of the answers",
        levels={"one in three": 1 / 3},
    ),
    Drawing(
        "07.places",
        shaded,
        alt=_told("The share of right answers, against the place of the question."),
        role="slow",
        xlabel="place of the question",
        ylabel="share right",
        limits=(-0.03, 1.08),
    ),
    Drawing("07.writes", _writes, alt=_writes_told),
    Drawing("07.meetings", _meetings, alt=_meetings_told),
    Drawing("07.letters", _letters, alt=_letters_told),
    Sketch(
        "07.growth",
        limits=(0, 1),
        role="slow",
        xlabel="outer step",
        ylabel="share of right answers",
        alt="How the recall of the model grows over the outer steps",
    ),
    Lineup(
        "07.gate",
        curves=_gates,
        right="numbers",
        because={
            "letters": "It would open for the letters that are told. But at a letter, its number "
            "has not come yet: there is nothing to write with it.",
            "both": "It would write whatever is told. But at a letter, its number has not come "
            "yet, and a write there takes up room and confuses.",
            "numbers": "At a number the pair is complete. At all other tokens the gate is shut, "
            "although nobody has ever said which tokens are numbers.",
        },
        role="gates",
        limits=(0, 1),
        xlabel="token",
        ylabel="share written",
        alt="Three curves of what each token writes, A to C",
    ),
)
