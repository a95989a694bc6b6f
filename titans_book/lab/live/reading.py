"""One passage as the memories read it, made ready to be watched.

A snapshot of training holds, for each block, the gates and the surprise of every token and a film
of the memory's weights: before the first token, then after every chunk. A Reading turns it into
what a live view needs: the film in the levels of a colour scale, and a number for each token.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from titans_book.lab.pictures import pixels
from titans_book.lab.pictures.text import spell

__all__ = ["Reading", "films"]

VIEWS = ("written", "weights")
CELLS = 120_000  # of one picture; larger memories show every n-th cell


def films(memories: Sequence[Any], matrix: int = 0, *, ends: bool = False) -> np.ndarray:
    """The films of all blocks: (frames, blocks, heads, height, width), lying on their long side.

    matrix: which layer of the memory's network is shown; ends: only the first and last frame.
    """
    taken = [memory.film[matrix] for memory in memories]
    taken = [film[[0, -1]] for film in taken] if ends else taken
    stack = pixels.stacked(taken, axis=1)
    every = 1
    while stack[0, ..., ::every, ::every].size > CELLS:
        every += 1
    return stack[..., ::every, ::every]


class Reading:
    """A snapshot made ready: `frames()` is the film, taken after `times` tokens.

    `surprise` holds a number for each token; the `reveal` of a memory is (0, 0): all of it is seen.
    view: "written" shows what was written since the first token, "weights" the memory itself.
    block: the surprise, and the `memories` kept, of one block; None for all of them.
    """

    kind = "signed"
    title = "Memories"
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
        memories = list(snapshot.memories)
        self.pieces = spell(snapshot.tokens)
        self.length = len(self.pieces)
        self.memories = memories if block is None else [memories[block]]
        self.surprise = np.mean([pixels.array(m.surprise).mean(0) for m in self.memories], 0)
        self.times = [int(time) for time in memories[0].times]
        self.film = films(memories, matrix)
        self.shape = self.film.shape[1:3]
        self._shown = self.film - self.film[:1] if view == "written" else self.film
        self.rescale(pixels.nice_limit(self._shown[-1], 0.98) if limit is None else limit)

    def rescale(self, limit: float | int) -> None:
        """Put the pictures on another colour scale, from -limit to limit."""
        self.limit = pixels.check_limit(limit)

    def values(self) -> np.ndarray:
        """The last picture in the memory's own units: (blocks, heads, height, width)."""
        return self._shown[-1]

    def frames(self) -> np.ndarray:
        """The film in levels of the colour scale: (frames, blocks, heads, height, width)."""
        return pixels.quantise(self._shown, self.limit, self.kind)
