"""The picture of chapter 02's open exercise: your write rate beside the book's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from titans_book.book.ch02 import rates
from titans_book.book.ch02.exercises_rate import my_rate_reference
from titans_book.book.ch02.own import attempted
from titans_book.lab.pictures import style
from titans_book.lab.pictures.picture import Drawing, Picture, picture
from titans_book.lab.pictures.shades import shades

__all__ = ["STREAMS"]

BOOK, YOURS, EXACT = "the book's", "yours", "exact rate"


def _streams(rate: Callable) -> dict[str, dict[str, Any]]:
    """For each stream the errors with the exact rate, with the book's rate, and with yours."""
    mine = attempted(lambda f: {kind: rates.errors(f, kind) for kind in rates.STREAMS}, rate)
    found = {}
    for kind in rates.STREAMS:
        found[kind] = {
            EXACT: rates.errors(rates.exact, kind),
            BOOK: rates.errors(my_rate_reference, kind),
        }
        if mine is not None:
            found[kind][YOURS] = mine[kind]
    return found


def _three_streams(rate: Callable, *, alt: str, dark: bool | None = None) -> Picture:
    """The errors over the tokens, a panel for each stream; means of rounds of six, less jagged."""
    found = _streams(rate)
    with picture(alt, 7.6, 2.7, dark) as figure:
        row = figure.subplots(1, len(found), sharey=True)
        for axes, (kind, curves) in zip(row, found.items(), strict=True):
            looks = _looks(figure.dark)
            for name, values in curves.items():
                rounds = values.view(-1, rates.PAIRS).mean(1)
                at = np.arange(1, len(rounds) + 1) * rates.PAIRS
                axes.plot(at, rounds, label=f"{name}: {float(values.mean()):.2f}", **looks[name])
            axes.set(title=kind, xlabel="token", ylim=(0, 2.2))
            axes.grid(axis="y")
            axes.legend(fontsize=7.5, title="mean error", title_fontsize=7.5, loc="upper right")
        row[0].set_ylabel("error")
    return figure


def _looks(dark: bool | None) -> dict[str, dict[str, Any]]:
    """The exact rate in grey, the book's in a darker shade of the memory's colour, yours bright."""
    bright, _, deep = shades(3, dark)
    grey = style.colour("persistent", dark)
    return {
        EXACT: {"color": grey, "ls": ":", "zorder": 1},
        BOOK: {"color": deep, "ls": "--", "zorder": 3},
        YOURS: {"color": bright, "ls": "-", "zorder": 2},
    }


def _streams_told(rate: Callable) -> str:
    each = (
        f"{kind}: " + ", ".join(f"{name} {float(v.mean()):.2f}" for name, v in curves.items())
        for kind, curves in _streams(rate).items()
    )
    return f"The error over the tokens of three streams. The mean errors are {'; '.join(each)}."


STREAMS = Drawing("02.streams", _three_streams, alt=_streams_told)
