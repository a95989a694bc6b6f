"""One passage as attention reads it, made ready to be watched: `Reading`'s sister.

The picture is a map for each block and head, a row for each reader, and it grows a row a token. For
a model without a memory the passage is shaded by how much each token is looked at; with one, text
and lines stay those of the memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from titans_book.lab.live.reading import CELLS, Reading, chosen, labels, places
from titans_book.lab.pictures import pixels
from titans_book.lab.pictures.text import spell

__all__ = ["AttentionReading", "maps", "received", "share_words"]


def maps(attentions: Sequence[Any]) -> np.ndarray:
    """The weights of all blocks: (blocks, heads, readers, columns); a large one is thinned.

    Of every n x n weights the largest stays, so that no bright spot is lost.
    """
    stack = np.stack([pixels.array(trace.weights) for trace in attentions])
    every = 1
    while stack.size / every**2 > CELLS:
        every += 1
    if every == 1:
        return stack
    rows, columns = stack.shape[-2:]
    spare = ((0, 0), (0, 0), (0, -rows % every), (0, -columns % every))
    tiles = np.pad(stack, spare)
    shape = (*stack.shape[:2], tiles.shape[2] // every, every, tiles.shape[3] // every, every)
    return tiles.reshape(shape).max((3, 5))


def received(attentions: Sequence[Any]) -> np.ndarray:
    """How much each token of the text is looked at, by all readers that come after it: a mean."""
    total = 0.0
    for trace in attentions:
        text = pixels.array(trace.weights)[..., trace.persistent + trace.recalled :]
        later = np.tril(text, -1).sum((0, 1))
        total = total + later / np.maximum(1, np.arange(len(later))[::-1]) / len(text)
    return total / len(attentions)


def share_words(attentions: Sequence[Any]) -> str:
    """The sink's share, mean over blocks and heads, in words."""
    first = attentions[0]
    sink = np.mean([float(trace.sink().mean()) for trace in attentions])
    where = "persistent tokens" if first.persistent else "the first token"
    words = f"{100 * sink:.0f} % goes to {where}"
    if first.recalled:
        recalled = np.mean([float(trace.shares()["recalled"].mean()) for trace in attentions])
        words += f", {100 * recalled:.0f} % to the memory's columns"
    return words


class AttentionReading:
    """A snapshot's attention made ready: a film of one picture, in which a row is a reader.

    `reveal`: how many rows there are, and how many readers they stand for.
    block: the text, and the `memories` kept, of one block; None for all of them.
    """

    kind = "magnitude"
    title = "Attention: a row for each reader, a column for what it sees"

    def __init__(self, snapshot: Any, *, block: int | None = None, limit: float | None = None):
        attentions = list(snapshot.attentions)
        of_block = chosen(snapshot.attentions, block) or attentions
        self.labels = labels(snapshot.attentions)
        self.blocks = sorted({number for number, _ in places(snapshot.attentions)})
        self.pieces = spell(snapshot.tokens)
        self.length = len(self.pieces)
        self.words = share_words(of_block)
        if snapshot.memories:
            memory = Reading(snapshot, block=block)
            self.memories, self.surprise, self.text = memory.memories, memory.surprise, memory.text
        else:
            self.memories, self.text = [], "The passage, darker where it is looked at more"
            heard = received(of_block)
            self.surprise = np.pad(heard, (0, self.length - len(heard)))
        self._shown = maps(attentions)
        self.shape = self._shown.shape[:2]
        self.columns = [f"head {head + 1}" for head in range(self.shape[1])]
        self.reveal = (self._shown.shape[2], attentions[0].weights.shape[1])
        self.every = -(-attentions[0].weights.shape[1] // self._shown.shape[2])
        self.before = (attentions[0].persistent, attentions[0].recalled)
        self.times = [self.length]
        used = self._shown[self._shown > 0]
        self.rescale(pixels.nice_limit(used, 0.95) if limit is None else limit)

    def rescale(self, limit: float | int) -> None:
        """Put the pictures on another colour scale, from 0 to limit."""
        self.limit = pixels.check_limit(limit)

    def values(self) -> np.ndarray:
        """The whole maps: (blocks, heads, readers, columns)."""
        return self._shown

    def seen(self, column: int) -> tuple[str, int]:
        """What stands in a column of a map: ("persistent" | "recalled" | "text", its place)."""
        place = self.every * column
        for name, count in zip(("persistent", "recalled"), self.before, strict=True):
            if place < count:
                return name, place
            place -= count
        return "text", place

    def frames(self) -> np.ndarray:
        """The whole maps in levels of the colour scale: (1, blocks, heads, readers, columns)."""
        return pixels.quantise(self._shown[None], self.limit, self.kind)
