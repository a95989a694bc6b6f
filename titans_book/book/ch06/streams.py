"""Three streams for the open exercise of chapter 06, and the score of a way to cut them.

Each stream has four passages. In some of them hardly any two keys are alike, in others nearly all
are the same, so no single chunk length suits a whole stream. A memory without momentum and without
forgetting reads it in chunks; each chunk is one sequential step.

symbol    meaning                                                          shape
k, v, W   keys, values and the map they come from, as in alike.py          (256, 16), (16, 16)
lengths   the tokens of each chunk, in order; they add up to 256           a list
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from titans_book.book.ch06.alike import DIM, Text
from titans_book.memory.stability import gauge

__all__ = [
    "BAR",
    "BUDGET",
    "PASSAGES",
    "THETA",
    "cut_at",
    "levels",
    "score",
    "scores",
    "stream",
    "the_books",
    "trace",
]

THETA, BUDGET, BAR = 0.4, 32, 0.7
PASSAGES = {  # likeness and tokens of each passage
    "first": ((0.0, 96), (1.0, 48), (0.4, 48), (0.0, 64)),
    "second": ((1.0, 32), (0.0, 128), (0.9, 64), (0.3, 32)),
    "third": ((0.5, 64), (0.0, 96), (1.0, 64), (0.0, 32)),
}


@lru_cache(maxsize=8)
def stream(name: str) -> Text:
    """One of the three streams, by its name.

    >>> [len(stream(name).k) for name in PASSAGES]
    [256, 256, 256]
    """
    if name not in PASSAGES:
        raise ValueError(f"name={name!r} is no stream: choose one of {', '.join(PASSAGES)}")
    g = torch.Generator().manual_seed(list(PASSAGES).index(name))
    W = torch.randn(DIM, DIM, generator=g).double() / DIM**0.5
    keys = []
    for likeness, time in PASSAGES[name]:
        shared = F.normalize(torch.randn(DIM, generator=g).double(), dim=-1)
        own = F.normalize(torch.randn(time, DIM, generator=g).double(), dim=-1)
        keys.append(likeness**0.5 * shared + (1 - likeness) ** 0.5 * own)
    k = F.normalize(torch.cat(keys), dim=-1)
    return Text(k, k @ W, W)


def trace(told: Text, lengths: Sequence[int], theta: float | int = THETA) -> Float[Tensor, " n"]:
    """|M - W| / |W| before the first chunk and after each of them; infinite where it is NaN."""
    M = torch.zeros_like(told.W)
    found, start = [M], 0
    for b in lengths:
        k, v = told.k[start : start + b], told.v[start : start + b]
        M, start = M + theta * k.T @ (v - k @ M), start + b
        found.append(M)
    apart = (torch.stack(found) - told.W).flatten(1).norm(dim=1) / told.W.norm()
    return apart.nan_to_num(nan=float("inf"))


def levels(told: Text, lengths: Sequence[int], theta: float | int = THETA) -> list[float]:
    """The gauge of each chunk: the largest eigenvalue of its sum of theta k^T k."""
    pieces = told.k.split(list(lengths))
    return [theta * float(torch.linalg.eigvalsh(k.T @ k)[-1]) for k in pieces]


def score(told: Text, lengths: Sequence[int]) -> float:
    """The error of one token at a time over the error of these chunks, after the stream."""
    alone = trace(told, [1] * len(told.k))[-1]
    return float(alone / trace(told, lengths)[-1])


def scores(choose: Callable[[Tensor, Tensor, int], Sequence[int]]) -> dict[str, float]:
    """The score on each stream of choose(k, theta, budget); the smallest one counts."""
    found = {}
    for name in PASSAGES:
        told = stream(name)
        rate = torch.full((len(told.k),), THETA, dtype=told.k.dtype)
        found[name] = score(told, choose(told.k, rate, BUDGET))
    return found


def cut_at(k: Tensor, theta: Tensor, limit: float) -> list[int]:
    """Chunks that are as long as they can be with a gauge of at most `limit`."""
    lengths, start = [], 0
    for end in range(2, len(k) + 1):
        if gauge(k[start:end], theta[start:end], end - start).max() > limit:
            lengths.append(end - 1 - start)
            start = end - 1
    return [*lengths, len(k) - start]


def the_books(k: Tensor, theta: Tensor, budget: int) -> list[int]:
    """The book's cuts: chunks of about the same gauge, the smallest that the budget allows."""
    for limit in (1.33, 1.43, 1.53, 1.63, 1.73, 1.83, 1.93):
        lengths = cut_at(k, theta, limit)
        if len(lengths) <= budget:
            break
    return lengths
