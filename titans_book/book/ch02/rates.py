"""Three streams on which a write rate of one's own is tried, and its score (chapter 02).

calm: six pairs come again and again, and never change. noisy: each value comes with noise.
changing: all values are replaced three times. The keys are orthogonal and between 0.5 and 3 long.
A stream's error is the mean distance of the answer from the true value, asked before each write.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.steps.matrix import read, surprise_step

__all__ = ["BAR", "STREAMS", "Stream", "errors", "exact", "ratios", "stream"]

STREAMS = ("calm", "noisy", "changing")
BAR = 1.2  # the largest ratio that passes
PAIRS, SIZE, TOKENS, SEEDS = 6, 8, 96, 3
NOISE, CHANGES = 0.5, 4
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9, 1.0)  # of the error, for every token alike
MOST = 9.0  # an error that counts as any larger one does

Rate = Callable[[Tensor, Tensor, Tensor], Tensor | float]


class Stream(NamedTuple):
    """What a memory reads, token by token: keys, values as they are said, and true values."""

    keys: Float[Tensor, "T d"]
    said: Float[Tensor, "T d"]
    true: Float[Tensor, "T d"]


def _unit(x: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
    return x / x.norm(dim=1, keepdim=True)


@lru_cache(maxsize=16)
def stream(kind: str, seed: int = 0) -> Stream:
    """One stream of TOKENS pairs. Raises ValueError for a kind that is none of STREAMS.

    >>> stream("calm").keys.shape
    torch.Size([96, 8])
    """
    if kind not in STREAMS:
        raise ValueError(f"kind={kind!r} is no stream: there are {', '.join(STREAMS)}")
    random = torch.Generator().manual_seed(100 * seed + STREAMS.index(kind) + 1)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=random, dtype=torch.float64)

    length = 0.5 + 2.5 * torch.rand(PAIRS, 1, generator=random, dtype=torch.float64)
    pool = torch.linalg.qr(draw(SIZE, SIZE))[0][:PAIRS] * length
    rounds = [torch.randperm(PAIRS, generator=random) for _ in range(TOKENS // PAIRS)]
    order = torch.cat(rounds)
    worlds = [_unit(draw(PAIRS, SIZE)) for _ in range(CHANGES)]
    stay = TOKENS // CHANGES if kind == "changing" else TOKENS
    true = torch.stack([worlds[t // stay][pair] for t, pair in enumerate(order.tolist())])
    noise = NOISE * _unit(draw(TOKENS, SIZE)) if kind == "noisy" else 0
    return Stream(pool[order], true + noise, true)


def errors(rate: Rate, kind: str) -> Float[Tensor, " T"]:
    """The distance of the answer from the true value before each write, averaged over the seeds.

    rate(M, k, v) returns the write rate for this pair.
    """
    runs = []
    for seed in range(SEEDS):
        M, found = torch.zeros(SIZE, SIZE, dtype=torch.float64), []
        for k, v, true in zip(*stream(kind, seed), strict=True):
            found.append((read(M, k) - true).norm().nan_to_num(MOST, MOST).clamp(max=MOST))
            M = surprise_step(M, k, v, rate(M, k, v))
        runs.append(torch.stack(found))
    return torch.stack(runs).mean(0)


def exact(M: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """The rate with which a pair is exact after one write, whatever the memory says."""
    return 1 / (k @ k)


@lru_cache(maxsize=len(STREAMS))
def _best(kind: str) -> float:
    """The error of the share that is best for this stream."""
    found = (errors(lambda M, k, v, share=share: share / (k @ k), kind) for share in SHARES)
    return min(float(error.mean()) for error in found)


def ratios(rate: Rate) -> dict[str, float]:
    """For each stream: the error over that of the best constant share. The largest is the score."""
    return {kind: float(errors(rate, kind).mean()) / _best(kind) for kind in STREAMS}
