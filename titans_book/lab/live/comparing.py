"""Two moments side by side: A, B and what B has more, block by block, on one scale."""

from __future__ import annotations

import numpy as np

from titans_book.lab.live.moments import Moment
from titans_book.lab.live.reading import Reading
from titans_book.lab.pictures import pixels

__all__ = ["Comparison", "alike"]


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
    """A, B and B - A: three rows of pictures for each memory, at the times that both were filmed.

    The text is darker where a token costs less at B than at A. Raises ValueError for moments that
    are not alike.
    """

    title = "Two moments: A, B, and B − A on the same scale"

    def __init__(self, a: Moment, b: Moment, *, view: str = "written", matrix: int = 0):
        if why := alike(a, b):
            raise ValueError(f"{why}: keep two moments of one model")
        super().__init__(b.snapshot, view=view, matrix=matrix)
        first = Reading(a.snapshot, view=view, matrix=matrix)
        self.moments = (a, b, None)
        both = sorted(set(first.times) & set(self.times))
        old, new = (
            reading._shown[[reading.times.index(time) for time in both]]
            for reading in (first, self)
        )
        self._shown = np.stack([old, new, new - old], 2).reshape(
            len(both), 3 * old.shape[1], *old.shape[2:]
        )
        self.times, self.shape = both, self._shown.shape[1:3]
        self.labels = [f"{label}, {part}" for label in self.labels for part in ("A", "B", "B−A")]
        self.places = [place for place in self.places for _ in range(3)]
        self.words = f"A: {told(a)}. B: {told(b)}"
        self.rescale(pixels.nice_limit(self._shown[-1], 0.98))
        if a.bits is not None and b.bits is not None:
            self.text = "The passage, darker where a token costs less at B than at A"
            self.surprise = np.nan_to_num(np.maximum(a.bits - b.bits, 0.0))

    def whose(self, panel: int, moment: Moment) -> Moment | None:
        """The moment that a row of panels is from; None for a difference."""
        return self.moments[panel % 3]


def told(moment: Moment) -> str:
    """A moment in a few words: whose it is, when, and what the passage costs."""
    name = f"{moment.name}, " if moment.name else ""
    cost = "" if moment.bits is None else f", {moment.cost:.2f} bits a token"
    return f"{name}step {moment.step}{cost}"
