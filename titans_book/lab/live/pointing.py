"""What is said of the place that the reader points at: a number of a memory, or a token."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from titans_book.lab.live.attention_reading import AttentionReading
from titans_book.lab.live.moments import Moment
from titans_book.lab.live.reading import Reading, Source, places
from titans_book.lab.live.stage import GAP
from titans_book.lab.pictures.text import legible, quoted
from titans_book.lab.pictures.traces import number
from titans_book.memory import MemoryTrace

__all__ = ["about_cell", "about_look", "about_token", "panel_at"]


def panel_at(
    reading: Reading | AttentionReading, x: int, y: int
) -> tuple[int, int, int, int] | None:
    """(row of panels, column of panels, y, x) of a pixel of the picture; None between two panels.

    A row of panels is a memory, a column is a head.
    """
    height, width = reading.values().shape[-2:]
    (row, inner_y), (column, inner_x) = divmod(y, height + GAP), divmod(x, width + GAP)
    inside = inner_y < height and inner_x < width
    inside = inside and 0 <= row < reading.shape[0] and 0 <= column < reading.shape[1]
    return (row, column, inner_y, inner_x) if inside else None


def about_cell(reading: Reading, moment: Moment, x: int, y: int, token: int) -> str:
    """The number below the pointer after so many tokens, and which token wrote it, as HTML."""
    found = panel_at(reading, x, y)
    if found is None:
        return ""
    panel, column, inner_y, inner_x = found
    source = reading.source(panel, column)
    row, cell = reading.cell(inner_y, inner_x)
    value = float(reading.at(token)[panel, column, inner_y, inner_x])
    where = f"{source.label}, head {source.head + 1}, row {row + 1}, column {cell + 1}"
    words = f"<b>{where}: {number(value)}</b> after {token} tokens"
    if source.part == "B−A":
        return f"{words}, which is B less A"
    moment = reading.moments[source.part] if source.part else moment
    return f"{words}. {_writer(reading, moment, source, (row, cell), token)}"


def about_look(reading: AttentionReading, x: int, y: int) -> str:
    """Who looks at whom in that place of a map, and how much of its attention that is, as HTML."""
    found = panel_at(reading, x, y)
    if found is None:
        return ""
    panel, head, row, column = found
    share = 100 * float(reading.values()[panel, head, row, column])
    what, place = reading.seen(column)
    seen = {
        "persistent": f"persistent token {place + 1}",
        "recalled": f"what the memory recalled at token {place + 1}",
    }.get(what) or _who(reading, min(place, reading.length - 1))
    where = f"{reading.labels[panel]}, {reading.columns[head]}"
    return f"<b>{where}: {_who(reading, reading.every * row)}</b> gives {share:.1f} % to {seen}."


def _writer(
    reading: Reading, moment: Moment, source: Source, cell: tuple[int, int], token: int
) -> str:
    """Which token has put most into a number of the memory."""
    if not token:
        return "Nothing has been written yet."
    if source.place in moment.authors:
        authors = moment.authors[source.place]
        entries = authors.entries(reading.matrix, source.head, *cell, token)
        largest = int(entries.abs().argmax())
        most, all_ = number(float(entries[largest])), number(float(entries.sum()))
        who = _who(reading, largest)
        return f"{who} put most into it: {most}. All tokens together: {all_}."
    return _moved_most(_trace(moment, source.place), reading, source.head, cell, token)


def _who(reading: Reading | AttentionReading, token: int) -> str:
    return escape(quoted(reading.pieces, token))


def _trace(moment: Moment, place: tuple[int, str]) -> MemoryTrace:
    memories = moment.snapshot.memories
    return memories[places(memories).index(place)]


def _moved_most(
    trace: MemoryTrace, reading: Reading, head: int, cell: tuple[int, int], token: int
) -> str:
    """Where no sum of entries is known: between which two frames the number moved most."""
    film = np.asarray(trace.film[reading.matrix][:, head, cell[0], cell[1]])
    seen = max(2, int(np.searchsorted(trace.times, token, side="right")))
    step = int(np.abs(np.diff(film[:seen])).argmax())
    first, last = trace.times[step], trace.times[step + 1] - 1
    words = _who(reading, first)
    words += "" if first == last else f" to {_who(reading, last)}"
    return f"It moved most at {words}, by {number(float(film[step + 1] - film[step]))}."


def about_token(reading: Reading, moment: Moment, token: int) -> str:
    """What a token cost, what the model expects after it, and what it would without its memory."""
    words = f"<b>{_who(reading, token)}</b>"
    if len(reading.surprise) > token and reading.memories:
        surprise = np.mean([np.asarray(m.surprise)[:, token].mean() for m in reading.memories])
        words += f": surprise {number(float(surprise))}"
    if moment.bits is None:
        return words
    if token:
        words += f", cost {moment.bits[token]:.1f} bits"
        words += "" if moment.shut is None else f" ({moment.shut[token]:.1f} with nothing written)"
    words += f". Next, the model expects {_guesses(moment.guesses[token])}"
    if moment.guesses_shut:
        words += f". Had its memory written nothing: {_guesses(moment.guesses_shut[token])}"
    return f"{words}."


def _guesses(guesses: Sequence[tuple[str, float]]) -> str:
    return ", ".join(f"“{escape(legible(piece))}” {100 * p:.0f} %" for piece, p in guesses)
