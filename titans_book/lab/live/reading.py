"""One passage as the memories read it, made ready to be watched.

A snapshot of training holds, for each block, the gates and the surprise of every token and a film
of the memory's weights: before the first token, then after every chunk. A Reading turns it into
what a live view needs: the film in the levels of a colour scale, and a number for each token.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from titans_book.lab.pictures import pixels
from titans_book.lab.pictures.text import spell

__all__ = ["Reading", "Source", "chosen", "films", "labels", "places", "thinning"]

VIEWS = ("written", "weights")
CELLS = 120_000  # of one picture; larger memories show every n-th cell


def places(traces: Sequence[Any]) -> list[tuple[int, str]]:
    """The block that each trace is from, and its name in it; without places one a block."""
    return list(getattr(traces, "places", None) or ((n, "") for n in range(len(traces))))


def chosen(traces: Sequence[Any], block: int | None) -> list[Any]:
    """The traces of one block, of all for None."""
    pairs = zip(places(traces), traces, strict=True)
    return [trace for (number, _), trace in pairs if block in (None, number)]


def labels(traces: Sequence[Any]) -> list[str]:
    """A name for each trace: its block, and its name where a block has several.

    >>> labels("ab")
    ['block 1', 'block 2']
    """
    found = places(traces)
    several = len({number for number, _ in found}) < len(found)
    return [f"block {number + 1}" + f", {name}" * several for number, name in found]


def alike(memories: Sequence[Any]) -> list[int]:
    """Which memories can stand beside the first: their matrices have its shapes, at its times."""
    shapes = [[tuple(film.shape) for film in memory.film] for memory in memories]
    return [
        n for n, memory in enumerate(memories)
        if shapes[n] == shapes[0] and tuple(memory.times) == tuple(memories[0].times)
    ]  # fmt: skip


def films(memories: Sequence[Any], matrix: int = 0, *, ends: bool = False) -> np.ndarray:
    """The films of all memories that are like the first: (frames, memories, heads, height, width).

    They lie on their long side. matrix: which layer of the memory's network is shown; ends: only
    the first and last frame.
    """
    taken = [memories[n].film[matrix] for n in alike(memories)]
    taken = [film[[0, -1]] for film in taken] if ends else taken
    every = thinning(taken)
    return pixels.stacked(taken, axis=1)[..., ::every, ::every]


def thinning(films: Sequence[Any]) -> int:
    """Every so many rows and columns are shown, so that a picture has no more than CELLS."""
    count, (heads, height, width), every = len(films), films[0].shape[1:], 1
    while count * heads * -(-height // every) * -(-width // every) > CELLS:
        every += 1
    return every


class Source(NamedTuple):
    """Where a picture is from: its memory by name and place, its head, and A, B or B−A of two."""

    label: str
    place: tuple[int, str]
    head: int
    part: str = ""


class Reading:
    """A snapshot made ready: `frames()` is the film, taken after `times` tokens.

    `surprise` holds a number for each token; the `reveal` of a memory is (0, 0): all of it is seen.
    view: "written" shows what was written since the first token, "weights" the memory itself.
    block: the surprise, and the `memories` kept, of one block; None for all of them.
    """

    kind = "signed"
    text = "Surprise: the passage as the memories read it"
    words = ""
    reveal = (0, 0)

    def __init__(
        self,
        snapshot: Any,
        *,
        view: str = "written",
        matrix: int = 0,
        block: int | None = None,
        limit: float | int | None = None,
    ):
        if view not in VIEWS:
            raise ValueError(f"view={view!r} is not known: choose one of {', '.join(VIEWS)}")
        every = snapshot.memories
        shown, at = alike(every), places(every)
        self.places = [at[n] for n in shown]
        self.labels = [labels(every)[n] for n in shown]
        self.blocks = sorted({number for number, _ in at})
        if len(shown) < len(every):
            self.words = f"{len(shown)} of {len(every)} memories, those of one shape"
        self.pieces = spell(snapshot.tokens)
        self.length = len(self.pieces)
        of_block = [n for n in shown if block in (None, at[n][0])] or shown
        self.memories = [every[n] for n in of_block]
        self.surprise = np.mean([pixels.array(m.surprise).mean(0) for m in self.memories], 0)
        self.times = [int(time) for time in every[0].times]
        self.film = films(every, matrix)
        self.matrix, drawn = matrix, [every[n].film[matrix] for n in shown]
        self.every, (rows, columns) = thinning(drawn), drawn[0].shape[-2:]
        self.lying = rows > columns
        self.title = f"Memories: {_axes(len(every[0].film), matrix, self.lying)}"
        self.shape = self.film.shape[1:3]
        self.columns = [f"head {head + 1}" for head in range(self.shape[1])]
        self._shown = self.film - self.film[:1] if view == "written" else self.film
        self.rescale(pixels.nice_limit(self._shown[-1], 0.98) if limit is None else limit)

    def rescale(self, limit: float | int) -> None:
        """Put the pictures on another colour scale, from -limit to limit."""
        self.limit = pixels.check_limit(limit)

    def values(self) -> np.ndarray:
        """The last picture in the memory's own units: (blocks, heads, height, width)."""
        return self._shown[-1]

    def at(self, token: int) -> np.ndarray:
        """The picture after so many tokens, between two frames as the page blends it."""
        after = min(int(np.searchsorted(self.times, token)), len(self.times) - 1)
        before = max(0, after - 1)
        span = self.times[after] - self.times[before]
        share = min(1.0, (token - self.times[before]) / span) if span else 1.0
        return self._shown[before] + share * (self._shown[after] - self._shown[before])

    def source(self, panel: int, column: int) -> Source:
        """Whose picture stands in this row and column of panels."""
        return Source(self.labels[panel], self.places[panel], column)

    def cell(self, y: int, x: int) -> tuple[int, int]:
        """(row, column) of the matrix that is drawn at that place of a panel."""
        place = (self.every * y, self.every * x)
        return place[::-1] if self.lying else place

    def frames(self) -> np.ndarray:
        """The film in levels of the colour scale: (frames, blocks, heads, height, width)."""
        return pixels.quantise(self._shown, self.limit, self.kind)


def _axes(layers: int, matrix: int, lying: bool) -> str:
    """What a row and a column of the pictures stand for.

    >>> _axes(2, 0, lying=False)
    'a row for each feature of the key, a column for each hidden unit'
    """
    one = "feature of the key" if matrix == 0 else "hidden unit"
    other = "feature of the value" if matrix == layers - 1 else "hidden unit"
    row, column = (other, one) if lying else (one, other)
    return f"a row for each {row}, a column for each {column}"
