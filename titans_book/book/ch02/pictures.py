"""The pictures of chapter 02 and what is guessed in it, by name: words, labels, answers.

The words that describe a picture are made of what is drawn, so they stay true when a learner has
changed a number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from titans_book.book.ch02.glow import loudest
from titans_book.book.ch02.surprise_text import DARKEST, letters
from titans_book.book.ch02.words import told
from titans_book.lab.learning.guess import Lineup, Sketch
from titans_book.lab.pictures import figures
from titans_book.lab.pictures.picture import Drawing, Picture
from titans_book.lab.pictures.shades import shaded
from titans_book.lab.pictures.traces import number

__all__ = ["PICTURES"]


def _rhyme(text: str, surprise: Any, **look: Any) -> Picture:
    return figures.surprise_strip(letters(text), surprise, limit=DARKEST, **look)


def _rhyme_told(text: str, surprise: Any) -> str:
    lines = loudest(letters(text), surprise).replace("\n", "; ")
    return f"The text, shaded by surprise. These letters surprise by more than a half: {lines}."


def _parabola(entry: Any, height: Any, at: float, slope: float, **look: Any) -> Picture:
    """The loss over one entry, and the line that touches it at `at`."""
    entry, height = np.asarray(entry, float), np.asarray(height, float)
    at, slope = float(at), float(slope)
    there = float(np.interp(at, entry, height))
    curves = {"loss": height, f"slope {slope:.2f}": there + slope * (entry - at)}
    roles = dict(zip(curves, ("fast", "surprise"), strict=True))
    return figures.lines(entry, curves, roles=roles, markers=len(entry), **look)


def _parabola_told(entry: Any, height: Any, at: float, slope: float) -> str:
    return (
        f"The loss over the entry is a parabola. A straight line of slope {slope:.2f} touches it "
        f"where the entry is {float(at):.2f}, and lies below it everywhere else."
    )


def _meetings(rates_: Sequence[float], rows: Any, **look: Any) -> Picture:
    rows = torch.as_tensor(rows)
    cells = [f"θ|k|² = {number(rate)}" for rate in rates_], [str(n) for n in range(rows.shape[1])]
    return figures.heatmap(rows, kind="magnitude", cells=cells, **look)


def _meetings_told(rates_: Sequence[float], rows: Any) -> str:
    ends = ", ".join(
        f"{float(row[-1]):.2f} for {number(rate)}"
        for rate, row in zip(rates_, torch.as_tensor(rows), strict=True)
    )
    return (
        "Surprise over several meetings, a row for each write rate, a column for each meeting. "
        f"At the last meeting the surprise is {ends}."
    )


def _conditions(names: str, found: Mapping[str, Any], **look: Any) -> Picture:
    rows = torch.stack(list(found.values()))
    return figures.heatmap(rows, kind="magnitude", cells=(list(found), list(names)), **look)


def _conditions_told(names: str, found: Mapping[str, Any]) -> str:
    each = (
        f"{condition}: " + ", ".join(f"{n} {float(s):.1f}" for n, s in zip(names, row, strict=True))
        for condition, row in found.items()
    )
    return f"The surprise of every pair in the order of reading. {'; '.join(each)}."


def _stripes(text: str, places: Sequence[int], rows: Sequence[Any], **look: Any) -> Picture:
    down = ["nothing changed" if place == 0 else f"letter {place} changed" for place in places]
    across = [piece.replace("\n", "¶") for piece in letters(text)]
    look = {"kind": "magnitude", "limit": DARKEST, "width": 8.2} | look
    return figures.heatmap(torch.stack(list(rows)), cells=(down, across), **look)


def _stripes_told(text: str, places: Sequence[int], rows: Sequence[Any]) -> str:
    added = ", ".join(
        f"{int((row - rows[0] > 0.5).sum())} for letter {place}"
        for place, row in zip(places, rows, strict=True)
        if place
    )
    return (
        "The surprise of each letter, a row for each changed letter. So many letters are brighter "
        f"than in the first row: {added}."
    )


def _answers(answers: Any) -> tuple[Any, dict[str, Any]]:
    """The true curve, and three that belong to other rates."""
    writes = np.arange(float(len(answers)))
    return writes, {
        "bounces": 1 - (-1.0) ** writes,
        "hits": (writes > 0).astype(float),
        "swings": np.asarray(answers, float),
        "creeps": 1 - 0.5**writes,
    }


def _of_meetings(surprises: Any) -> tuple[Any, Any]:
    return np.arange(1, len(surprises) + 1), surprises


PICTURES = (
    Drawing("02.rhyme", _rhyme, alt=_rhyme_told, across=18, zoom=2.2),
    Drawing(
        "02.parabola",
        _parabola,
        alt=_parabola_told,
        xlabel="the entry in row 2, column 1",
        ylabel="loss",
    ),
    Drawing(
        "02.fading",
        figures.lines,
        alt=told("The surprise of one pair, meeting by meeting."),
        roles="surprise",
        xlabel="meeting",
        ylabel="surprise",
        height=2.6,
    ),
    Drawing(
        "02.meetings",
        _meetings,
        alt=_meetings_told,
        limit=2.4,
        width=6.4,
        xlabel="writes before this meeting",
    ),
    Drawing(
        "02.conditions",
        _conditions,
        alt=_conditions_told,
        limit=1.5,
        width=7.4,
        xlabel="pair, in the order of reading",
    ),
    Drawing("02.stripes", _stripes, alt=_stripes_told),
    Drawing(
        "02.loud",
        shaded,
        alt=told("The surprise at each meeting with two kinds of writing."),
        role="surprise",
        whole=True,
        xlabel="meeting (the value changes at the sixth)",
        ylabel="surprise",
    ),
    Sketch(
        "02.repeats",
        truth=_of_meetings,
        limits=(0, 1.2),
        role="surprise",
        xlabel="meeting",
        ylabel="surprise",
        alt="The surprise of one pair over five meetings",
    ),
    Lineup(
        "02.overshoot",
        curves=_answers,
        right="swings",
        because={
            "bounces": "For ever between 0 and 2: that happens for θ|k|² = 2, because 1 − 2 = −1.",
            "hits": "Right after one write, and then at rest: that happens for θ|k|² = 1, where "
            "nothing of the error is left.",
            "swings": "1 − 1.5 = −½. Each write jumps across the target and lands on the other "
            "side, half as far away.",
            "creeps": "From below, half of the remaining way each time: that happens for "
            "θ|k|² = 0.5.",
        },
        xlabel="writes",
        ylabel="answer",
        limits=None,
        alt="Four curves, A to D, of the answer over the writes",
    ),
)
