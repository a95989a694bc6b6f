"""The picture of chapter 01's open exercise: a river by your keys, beside the book's."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from titans_book.book.ch01.exercises_keys import my_key
from titans_book.book.ch01.river import HEARD, answers, river, river_errors, slot_key
from titans_book.book.ch02.own import attempted
from titans_book.lab.pictures import style
from titans_book.lab.pictures.picture import Drawing, Picture, picture

__all__ = ["RIVER"]

PLACES = torch.linspace(0, 1, 301, dtype=torch.float64)
LIMITS = (-2.8, 4.2)  # of the pitch that is drawn, with room for the legend


class Sung(NamedTuple):
    """What a memory sings along one river, and its errors there."""

    sings: Tensor
    heard: float
    new: float

    def __str__(self) -> str:
        return f"heard {self.heard:.2f}, new {self.new:.2f}"


def _sung(key: Callable, seed: int) -> Sung:
    found = answers(key, river(seed), PLACES)[HEARD:]
    return Sung(found, *river_errors(key, [seed]).values())


def _all(key: Callable, seed: int) -> dict[str, Sung]:
    """By the slots, by the learner's own keys if there are any, and by the book's."""
    mine = attempted(lambda own: _sung(own, seed), key)
    mine = mine if mine is not None and bool(mine.sings.isfinite().all()) else None
    found = {"slots": _sung(slot_key, seed), "yours": mine}
    found["the book's"] = _sung(my_key.reference, seed)
    return {name: sung for name, sung in found.items() if sung is not None}


def _river(key: Callable, seed: int = 3, *, alt: str, dark: bool | None = None) -> Picture:
    """A panel for each way to make keys: the birds' song, the heard birds, and the memory's."""
    found, one = _all(key, seed), river(seed)
    with picture(alt, 7.6, 2.7, dark) as figure:
        grey, colour = (style.colour(role, figure.dark) for role in ("persistent", "fast"))
        for axes, (name, sung) in zip(
            figure.subplots(1, len(found), sharey=True), found.items(), strict=True
        ):
            axes.plot(PLACES, one.song(PLACES), color=grey, ls="--", lw=1.3, label="the birds")
            axes.plot(PLACES, sung.sings, color=colour, lw=1.6, label="the memory")
            axes.plot(one.heard, one.song(one.heard), "o", color=grey, ms=5, label="heard")
            axes.set(title=f"{name}\n{sung}", xlabel="place x", ylim=LIMITS)
            axes.grid(axis="y")
        figure.axes[0].set_ylabel("pitch")
        figure.axes[0].legend(fontsize=7.5, loc="upper right")
    return figure


def _told(key: Callable, seed: int = 3) -> str:
    each = "; ".join(f"{name}: {sung}" for name, sung in _all(key, seed).items())
    return (
        "The pitch along a river, as the birds sing it and as a memory does that has heard twelve "
        f"of them. The errors are {each}."
    )


RIVER = Drawing("01.river", _river, alt=_told)
