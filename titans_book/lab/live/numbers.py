"""The row of numbers above the live board: where the training stands, in words."""

from __future__ import annotations

from collections.abc import Iterable
from math import log
from typing import Any

from titans_book.lab.pictures.traces import number
from titans_book.nested.continuum import Pulse

__all__ = ["duration", "levels", "numbers"]


def duration(seconds: float | int) -> str:
    """A time in words, as exact as one needs it.

    >>> duration(8.2), duration(75), duration(4000)
    ('8 s', '1 min 15 s', '1 h 6 min')
    """
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def numbers(event: Any) -> dict[str, str]:
    """The numbers of one step of training, name by name, as HTML."""
    return {
        "step": f"{event.step:,} <small>of {event.steps:,}</small>",
        "loss": f"{event.loss:.3f} <small>nats</small>",
        "bits per character": f"{event.loss / log(2):.3f}",
        "tokens per second": number(float(event.tokens_per_second)),
        "learning rate": number(float(event.learning_rate)),
        "time left": duration(event.seconds_left),
    }


def levels(pulses: Iterable[Pulse]) -> dict[str, str]:
    """How much every level says, and how often a step has moved it, name by name, as HTML.

    >>> levels([Pulse(16, steps=64, moves=4, change=0.01, energy=0.25, cosine=0.5)])
    {'level C = 16': '25 % <small>said, 4 moves, cosine 0.50</small>'}
    """
    found = {}
    for one in pulses:
        name = "level, frozen" if one.period is None else f"level C = {one.period}"
        share = "-" if one.energy != one.energy else f"{100 * one.energy:.0f} %"
        cosine = "" if one.cosine != one.cosine else f", cosine {one.cosine:.2f}"
        found[name] = f"{share} <small>said, {one.moves:,} moves{cosine}</small>"
    return found
