"""Hay for the tasks that can be read: sentences of the book's corpora, to an exact length."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from re import split

import torch

from titans_book.tasks import corpora
from titans_book.tasks.check import source

__all__ = ["ESSAYS", "dice", "fill", "sentences"]

ESSAYS = ("moby_dick", "shakespeare", "shakespeare_all", "sotu")


@cache
def sentences(name: str) -> tuple[str, ...]:
    """The sentences of a corpus, line ends made spaces, in ASCII. Raises ValueError for no corpus.

    >>> sentences("moby_dick")[:2]
    ('CHAPTER 1.', 'Loomings.')
    """
    if name not in ESSAYS:
        raise ValueError(f"essays must be one of {list(ESSAYS)}, got {name!r}")
    texts = [row["text"] for row in corpora.speeches()] if name == "sotu" else [corpora.text(name)]
    plain = " ".join(" ".join(texts).encode("ascii", "ignore").decode().split())
    return tuple(split(r"(?<=[.!?]) ", plain))


def fill(hay: Sequence[str], start: int, room: int, gap: str = " ") -> list[str]:
    """Sentences from `start` on, each with a gap behind it, of `room` bytes in all.

    The last one is cut to fit. Behind the end of the hay its beginning comes again.

    >>> fill(["One two.", "Three."], 1, 13)
    ['Three. ', 'One t ']
    """
    found = []
    while room > 0:
        sentence = hay[start % len(hay)][: room - 1] + gap
        found.append(sentence)
        room, start = room - len(sentence), start + 1
    return found


def dice(seed: int | torch.Generator) -> random.Random:
    """Chance for strings and lists: an int or a torch.Generator, as for every task."""
    return random.Random(torch.randint(2**62, (1,), generator=source(seed)).item())
