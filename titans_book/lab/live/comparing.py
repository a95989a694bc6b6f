"""Two moments side by side: A, B and what B has more, block by block, on one scale."""

from __future__ import annotations

import numpy as np

from titans_book.lab.live.moments import Moment
from titans_book.lab.live.reading import Reading, Source
from titans_book.lab.pictures import pixels

__all__ = ["PARTS", "Comparison", "alike"]

PARTS = ("A", "B", "B−A")


def alike(a: Moment, b: Moment) -> str:
    """Why two moments cannot be laid side by side; "" if they can.

    They need the same passage, and memories of the same shapes.
    """
    if not (a.snapshot.memories and b.snapshot.memories):
        return "A and B need a memory each"
    if len(a.snapshot.tokens) != len(b.snapshot.tokens):
        return "A and B have read different passages"
    both = (Reading(moment.snapshot) for moment in (a, b))
    first, second = ((reading.film.shape[1:], reading.labels) for reading in both)
    return "" if first == second else "A and B have memories of different shapes"


class Comparison(Reading):
    """A, B and B - A of each memory, side by side or below each other, whichever is larger.

    They stand at the times that both were filmed. The text is darker where a token costs less at B
    than at A. Raises ValueError for moments that are not alike.
    """

    def __init__(self, a: Moment, b: Moment, *, view: str = "written", matrix: int = 0):
        if why := alike(a, b):
            raise ValueError(f"{why}: keep two moments of one model")
        super().__init__(b.snapshot, view=view, matrix=matrix)
        first = Reading(a.snapshot, view=view, matrix=matrix)
        self.moments = {"A": a, "B": b}
        self._lay(first, self)
        self.title = "A, B and B − A on one scale" + self.title.removeprefix("Memories")
        self.words = f"A: {told(a)}. B: {told(b)}"
        self.rescale(pixels.nice_limit(self._shown[-1], 0.98))
        if a.bits is not None and b.bits is not None:
            self.text = "The passage, darker where a token costs less at B than at A"
            self.surprise = np.nan_to_num(np.maximum(a.bits - b.bits, 0.0))

    def _lay(self, first: Reading, second: Reading) -> None:
        """The pictures of both, at common times, and the names of rows and columns."""
        both = sorted(set(first.times) & set(second.times))
        old, new = (r._shown[[r.times.index(t) for t in both]] for r in (first, second))
        three = np.stack([old, new, new - old], 2)  # (frames, memories, 3, heads, height, width)
        frames, memories, _, heads, height, width = three.shape
        below = pixels.magnification(3 * memories * height, heads * width)
        self.across = pixels.magnification(memories * height, 3 * heads * width) >= below
        self.owners, names = self.labels, self.columns
        if self.across:
            self._shown = three.swapaxes(2, 3).reshape(frames, memories, 3 * heads, height, width)
            self.columns = [f"{name}, {part}" for name in names for part in PARTS]
        else:
            self._shown = three.reshape(frames, 3 * memories, heads, height, width)
            self.labels = [f"{label}, {part}" for label in self.owners for part in PARTS]
        self.times, self.shape = both, self._shown.shape[1:3]

    def source(self, panel: int, column: int) -> Source:
        """Whose picture stands in this row and column of panels."""
        at, part = divmod(column if self.across else panel, len(PARTS))
        memory, head = (panel, at) if self.across else (at, column)
        return Source(self.owners[memory], self.places[memory], head, PARTS[part])


def told(moment: Moment) -> str:
    """A moment in a few words: whose it is, when, and what the passage costs."""
    name = f"{moment.name}, " if moment.name else ""
    cost = "" if moment.bits is None else f", {moment.cost:.2f} bits a token"
    return f"{name}step {moment.step}{cost}"
