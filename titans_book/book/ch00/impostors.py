"""Four memories of which one has read the text: what the three others did instead."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from titans_book.book.ch00.reading import Reading, read

__all__ = ["Lineup", "four_memories"]

WORDS = {
    "read": "has read the text",
    "forgets": "has read it too, but with α = 0.15: its left columns, the oldest, have faded",
    "looks back": "has stored the letter before each pair, where the one after it was asked for",
    "noise": "is noise, the same numbers in random places",
}


class Lineup(NamedTuple):
    """Four memories, (4, pairs, letters), in a random order, and what each of them is."""

    memories: Tensor
    kinds: tuple[str, ...]
    reading: Reading

    def asked(self) -> str:
        """A pair that is always followed by one letter, and always came after another one.

        So the memory that looks back gives itself away there.
        """
        text, before = self.reading.text, self.reading.before
        middle = len(self.reading.pairs) // 3
        for pair in (*self.reading.pairs[middle:], *self.reading.pairs[:middle]):
            at = [t for t, here in enumerate(before) if here == pair]
            after = {text[t] for t in at}
            if len(after) == 1 and after.isdisjoint(text[(t - 3) % len(text)] for t in at):
                return pair
        return self.reading.pairs[-1]

    def answers(self, pair: str) -> list[str]:
        """What each memory answers to a pair, in a line."""
        place, letters = self.reading.pairs.index(pair), self.reading.letters
        found = [matrix[place].max(0) for matrix in self.memories]
        return [
            f"{name}: {letters[int(column)]!r} with strength {float(strength):.2f}"
            for name, (strength, column) in zip("ABCD", found, strict=True)
        ]

    def truth(self) -> str:
        """Who is who, a line each."""
        lines = zip("ABCD", self.kinds, strict=True)
        return "\n".join(f"{name} {WORDS[kind]}." for name, kind in lines)


def four_memories(sentence: str, seed: int = 6) -> Lineup:
    """The memory after two readings of a sentence, and three impostors, in a random order."""
    random = torch.Generator().manual_seed(seed)
    seen = read(sentence * 2)
    noise = seen.memory.flatten()[torch.randperm(seen.memory.numel(), generator=random)]
    found = {
        "read": seen.memory,
        "looks back": _looking_back(seen),
        "forgets": read(sentence * 2, alpha=0.15).memory,
        "noise": noise.view_as(seen.memory),
    }
    kinds = tuple(list(found)[i] for i in torch.randperm(4, generator=random).tolist())
    return Lineup(torch.stack([found[kind] for kind in kinds]), kinds, seen)


def _looking_back(seen: Reading, theta: float = 0.8) -> Tensor:
    """The memory if the value of a pair is the letter before it."""
    table = torch.zeros_like(seen.memory)
    for t, pair in enumerate(seen.before):
        wanted = torch.zeros(len(seen.letters), dtype=table.dtype)
        wanted[seen.letters.index(seen.text[(t - 3) % len(seen.text)])] = 1
        row = seen.pairs.index(pair)
        table[row] += theta * (wanted - table[row])
    return table
