"""The pictures of chapter 08 and what is guessed in it, by name: words, labels, answers.

The words that describe a picture are made of what is drawn, so they stay true when a learner has
changed a number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from titans_book.book.ch08.mask_pictures import masks, masks_told
from titans_book.lab.learning.guess import Lineup, Sketch
from titans_book.lab.pictures import figures, style
from titans_book.lab.pictures.curves import spoken
from titans_book.lab.pictures.picture import Drawing, Picture, picture
from titans_book.lab.pictures.shades import shaded

__all__ = ["PICTURES"]

LETTERS = "ABCDEFGHIJKL"


def _told(what: str) -> Callable[[Any, Mapping[str, Any]], str]:
    """Words for curves: what they are, and then the heights of each at a few places."""

    def words(x: Any, curves: Mapping[str, Any]) -> str:
        few = np.unique(np.linspace(0, len(x) - 1, min(6, len(x))).round().astype(int))
        places = np.asarray(x)[few]
        heights = {name: np.asarray(y)[few].round(2) + 0.0 for name, y in curves.items()}
        told = (f"{name}: {spoken(places, height)}" for name, height in heights.items())
        return f"{what} {'; '.join(told)}."

    return words


def _counted(errors: Any) -> tuple[Any, Any]:
    return np.arange(1, len(errors) + 1), errors


def _idle(looks: Any) -> tuple[Any, dict[str, Any]]:
    """Where an idle guest could look: everywhere, at the latest, or as it was found."""
    count = len(looks)
    latest = 0.5 ** np.arange(count)[::-1]
    even = np.full(count, 1 / count)
    return np.arange(count), {"all": even, "latest": latest / latest.sum(), "first": looks}


def _both_lines(x: Any, curves: Mapping[str, Any], *, alt: str, **look: Any) -> Picture:
    roles = dict(zip(curves, ("attention", "fast"), strict=False))
    return figures.lines(x, curves, roles=roles, alt=alt, **look)


def _times(x: Any, curves: Mapping[str, Any], *, alt: str, **look: Any) -> Picture:
    roles = dict(zip(curves, ("persistent", "slow", "attention"), strict=False))
    return figures.lines(x, curves, roles=roles, alt=alt, **look)


def _angles(x: Any, curves: Mapping[str, Any], *, alt: str, **look: Any) -> Picture:
    roles = dict(zip(curves, ("attention", "persistent"), strict=False))
    return figures.lines(x, curves, roles=roles, alt=alt, **look)


def _back(curves: Mapping[str, Any], *, alt: str, **look: Any) -> Picture:
    """Influence by places back, from the neighbour on; a curve ends where it becomes 0."""
    shown = {name: np.asarray(y)[1:] for name, y in curves.items()}
    shown = {name: np.where(y > 0, y, np.nan) for name, y in shown.items()}
    places = np.arange(1, len(next(iter(shown.values()))) + 1)
    return shaded(places, shown, role="attention", log="y", alt=alt, **look)


def _back_told(curves: Mapping[str, Any]) -> str:
    told = []
    for name, values in curves.items():
        heights = np.asarray(values)
        reach = int(np.flatnonzero(heights)[-1])
        told.append(f"{name}: {heights[1]:.2f} one place back, and nothing beyond {reach} places")
    return f"Influence on the last answer, by places back. {'; '.join(told)}."


def _kinds(returned: Any, looked: Any, *, alt: str, dark: bool | None = None) -> Picture:
    """Two bars for each kind of coat."""
    with picture(alt, 6.6, 2.7, dark) as figure:
        axes, at = figure.subplots(), np.arange(len(LETTERS))
        grey, ink = style.colour("persistent", dark), style.colour("attention", dark)
        axes.bar(at - 0.2, np.asarray(returned), 0.38, color=ink, label="returned when asked for")
        axes.bar(at + 0.2, np.asarray(looked), 0.38, color=grey, hatch="//", edgecolor="white",
                 label="weight from idle guests")  # fmt: skip
        axes.set_xticks(at, LETTERS)
        axes.set(xlabel="kind of coat", ylabel="share", ylim=(0, 1.35), yticks=[0, 0.5, 1])
        axes.legend(ncols=2, loc="upper center")
    return figure


def _kinds_told(returned: Any, looked: Any) -> str:
    each = zip(LETTERS, np.asarray(returned), np.asarray(looked), strict=True)
    told = (f"{kind}: {much:.2f} and {weight:.2f}" for kind, much, weight in each)
    return f"How much of each coat is returned, and its weight from idle guests. {'; '.join(told)}."


def _evening(weights: Mapping[str, Any], *, alt: str, dark: bool | None = None) -> Picture:
    """Attention weights side by side, notes and door named below their columns."""
    with picture(alt, 7.6, 3.9, dark) as figure:
        row = figure.subplots(1, len(weights), squeeze=False)[0]
        for axes, (title, values) in zip(row, weights.items(), strict=True):
            values = np.asarray(values)
            notes = values.shape[1] - values.shape[0]
            map_name = style.map_name("magnitude", dark)
            image = axes.imshow(values, cmap=map_name, vmin=0, vmax=1, aspect="auto")
            axes.set_title(title, loc="center", fontsize=10)
            names = ["p"] * notes + ["door"] + [""] * (values.shape[0] - 1)
            axes.set_xticks(range(len(names)), names, fontsize=8, rotation=90)
            axes.set(xlabel="seen", yticks=range(0, len(values), 4))
            axes.tick_params(length=0)
        row[0].set_ylabel("guest who looks")
        figures.scale(figure, image, row)
    return figure


def _evening_told(weights: Mapping[str, Any]) -> str:
    told = []
    for title, values in weights.items():
        best = np.asarray(values).argmax(1).tolist()
        told.append(f"{title}: the brightest column of each row is {', '.join(map(str, best))}")
    return f"Weights of attention, a row for each guest. {'; '.join(told)}."


PICTURES = (
    Sketch(
        "08.rail",
        truth=_counted,
        limits=(0, 1.6),
        points=7,
        role="attention",
        xlabel="guests ago",
        ylabel="error",
        alt="How wrong the rail is, by how many guests ago somebody came",
    ),
    Drawing(
        "08.two_ways",
        _both_lines,
        alt=_told("The error of two ways to find a coat, by how many guests ago it came."),
        limits=(0, 1.6),
        markers=4,
        levels={"silence": 1.0},
        xlabel="guests ago",
        ylabel="error",
    ),
    Drawing("08.masks", masks, alt=masks_told),
    Drawing(
        "08.costs",
        _times,
        alt="Seconds of processor time against the length of the text, for three ways to read it. "
        "In the book's run the first two climb together, and the window in pieces ends far below.",
        log="y",
        xlabel="tokens",
        ylabel="seconds",
    ),
    Drawing("08.reach", _back, alt=_back_told, xlabel="places back", ylabel="influence"),
    Lineup(
        "08.idle",
        curves=_idle,
        right="first",
        because={
            "all": "Then it would answer with a bit of every coat, the mean of all coats so far. "
            "That is small but not 0, and there is a better way.",
            "latest": "Then it would answer with the last coat, loudly, to somebody who has asked "
            "for nothing.",
            "first": "All of it goes to column 0, the door. Nobody wants to know that it has "
            "opened. It is the one column that everybody sees and that brings no coat.",
        },
        role="attention",
        limits=(0, 1.05),
        xlabel="column",
        ylabel="weight",
        alt="Three curves of the weight of the columns, A to C",
    ),
    Drawing("08.kinds", _kinds, alt=_kinds_told),
    Drawing("08.evening", _evening, alt=_evening_told),
    Drawing(
        "08.scores",
        _angles,
        alt=_told("The score of one query with a word and with a note, by the query's place."),
        markers=8,
        xlabel="place of the query",
        ylabel="score",
    ),
)
