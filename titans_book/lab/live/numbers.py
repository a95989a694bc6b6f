"""The row of numbers above the live board: where the training stands, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from math import log
from typing import Any

from titans_book.lab.live.history import History
from titans_book.lab.live.moments import Moment
from titans_book.lab.pictures.text import quoted
from titans_book.lab.pictures.traces import number
from titans_book.nested.continuum import Pulse

__all__ = ["duration", "heard", "learned", "levels", "numbers"]


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


def numbers(event: Any, unit: str = "character") -> dict[str, str]:
    """The numbers of one step of training, name by name, as HTML. unit: what a token is called."""
    found = {
        "step": f"{event.step:,} <small>of {event.steps:,}</small>",
        "loss": f"{event.loss:.3f} <small>nats</small>",
        f"bits per {unit}": f"{event.loss / log(2):.3f}",
        "learning rate": number(float(event.learning_rate)),
    }
    if hasattr(event, "tokens_per_second"):
        found["tokens per second"] = number(float(event.tokens_per_second))
        found["time left"] = duration(event.seconds_left)
    return found


def heard(
    history: History, level: tuple[str, float] | None = None, credit: str = ""
) -> dict[str, str]:
    """The last look at held-out text beside the line to beat, and whose parts are running.

    >>> heard(History(evaluations=[(50, 3.5)]), ("table of counts", 2.6))
    {'held-out bits': '3.50 <small>table of counts: 2.60</small>'}
    """
    beside = "" if level is None else f"{escape(level[0])}: {level[1]:.2f}"
    found = {}
    if history.evaluations:
        found["held-out bits"] = f"{history.evaluations[-1][1]:.2f} <small>{beside}</small>"
    elif beside:
        found["held-out bits"] = f"<small>not yet; {beside}</small>"
    if credit:
        found["parts"] = f"<small>{escape(credit)}</small>"
    return found


def learned(moments: Sequence[Moment], unit: str = "character") -> str:
    """What the model and its memory have learned by the last moment, in words."""
    if not moments or moments[-1].bits is None:
        return ""
    first, last = moments[0], moments[-1]
    words = f"After step {last.step:,} the passage costs {last.cost:.2f} bits a {unit}"
    words += f" ({first.cost:.2f} after step {first.step:,})." if first is not last else "."
    if last.worth is not None:
        words += f" What its memory writes while it reads {_worth(last.worth)}."
    if most := last.saves_most():
        words += f" It saves most at {' and '.join(quoted(last.pieces, n) for n in most)}."
    if last.readings is not None:
        before, again, control = last.readings
        words += f" The passage begins and ends alike: {before:.2f} bits a {unit} the first time, "
        words += f"{again:.2f} the second."
        if control is not None:
            words += f" Had it written nothing, the second would cost {control:.2f}."
    return words


def _worth(bits: float) -> str:
    """What the writes are worth, in words.

    >>> _worth(0.123), _worth(-0.2), _worth(0.001)
    ('saves 0.12 of them', 'costs 0.20 more', 'makes no difference')
    """
    if abs(bits) < 0.005:
        return "makes no difference"
    return f"saves {bits:.2f} of them" if bits > 0 else f"costs {-bits:.2f} more"


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
