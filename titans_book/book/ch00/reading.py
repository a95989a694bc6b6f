"""A memory reads a text letter by letter: the record of it that chapter 00 plays and draws.

The key of a letter is what stood before it (two letters, unless said otherwise), its value is the
letter itself, both one-hot. So the memory is a table: a row for each key, a column for each letter.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from titans_book.memory import Gates, memorize

__all__ = ["Reading", "cells", "read"]


@dataclass(frozen=True)
class Reading:
    """What was read, and what happened in the memory.

    text; before: the key of each letter, in words; pairs: each key once, and letters: each letter
    once, which name the rows and columns of the memory. film: the memory before the first letter
    and after each; surprise: |u| of each letter, just before it was written.
    """

    text: str
    before: tuple[str, ...]
    pairs: tuple[str, ...]
    letters: tuple[str, ...]
    film: Float[Tensor, "frames pairs letters"]
    surprise: Float[Tensor, " time"]

    @property
    def memory(self) -> Float[Tensor, "pairs letters"]:
        """The memory after the last letter."""
        return self.film[-1]

    def halves(self) -> tuple[float, float]:
        """The mean surprise of the first and of the second half of the text."""
        half = len(self.text) // 2
        return self.surprise[:half].mean().item(), self.surprise[half:].mean().item()

    def answer(self, pair: str) -> tuple[str, float]:
        """The letter that the memory expects after a pair, and how strongly."""
        strength, place = self.memory[self.pairs.index(pair)].max(0)
        return self.letters[place], strength.item()


def cells(text: str, context: int = 2) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, int]]:
    """The row and the column of each letter of a text, and the shape of the memory.

    ValueError for a text without letters. Before its first letter the text is taken to end.

    >>> cells("abab")
    ((0, 1, 0, 1), (0, 1, 0, 1), (2, 2))
    """
    before, pairs, letters = _named(text, context)
    rows = tuple(pairs.index(pair) for pair in before)
    return rows, tuple(letters.index(letter) for letter in text), (len(pairs), len(letters))


def read(text: str, theta: float = 0.8, alpha: float = 0.0, context: int = 2) -> Reading:
    """Read a text once, starting with an empty memory, with one write rate and one forgetting.

    M_t = (1 - alpha) M_{t-1} - theta u_t, u_t = k_t^T (k_t M_{t-1} - v_t): Titans eqs. 8, 12, 13.
    context: how many letters make a key.
    """
    rows, columns, shape = cells(text, context)
    k = F.one_hot(torch.tensor(rows), shape[0]).double()[None, None]
    v = F.one_hot(torch.tensor(columns), shape[1]).double()[None, None]
    one, trace = torch.ones(1, 1, len(text)).double(), []
    gates = Gates(theta=theta * one, eta=0 * one, alpha=alpha * one)
    memorize(k, k, v, gates, [torch.zeros(1, *shape).double()], chunk=1, trace=trace)
    (seen,) = trace
    return Reading(text, *_named(text, context), seen.film[0][:, 0], seen.surprise[0])


def _named(text: str, context: int) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """What stood before each letter; then these keys, in their order, and the letters, sorted."""
    if not text:
        raise ValueError("text is empty: write a sentence")
    if context < 1:
        raise ValueError(f"context={context}: a key has at least one letter")
    long = text[-context:].rjust(context, text[-1]) + text
    before = tuple(long[t : t + context] for t in range(len(text)))
    return before, tuple(dict.fromkeys(before)), tuple(sorted(set(text)))
