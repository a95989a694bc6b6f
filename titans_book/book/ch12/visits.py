"""Streams whose world is left for a while, again and again: the score of a reader of one's own.

A home world lasts for the whole stream. At regular times another world takes its place, a new one
each time. Values are noisy, and errors are measured against clean ones. Nobody tells a reader how
long a visit lasts, or when the next one comes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from titans_book.steps.continuum import joint, read_levels

__all__ = [
    "BAR",
    "WORLDS",
    "Visits",
    "best_single",
    "by_kind",
    "errors_of",
    "score",
    "scores",
    "single",
    "visits",
]

BAR = 0.94
WORLDS = ((12, 64), (16, 96), (32, 128))  # tokens of a visit, and from one visit to the next
TIME, D, NOISE, SKIP, STREAMS = 512, 8, 0.3, 128, 1
RATES, KEEPS = torch.logspace(-2, 0.2, 12).double(), torch.tensor([1, 0.99, 0.97, 0.9]).double()

Reader = Callable[[Tensor, Tensor], Tensor]
Errors = dict[tuple[int, int], list[Tensor]]


class Visits(NamedTuple):
    """Keys, noisy values and clean ones, (T, D) each, and where another world is, (T)."""

    K: Tensor
    V: Tensor
    clean: Tensor
    away: Tensor


@lru_cache(maxsize=32)
def visits(length: int, every: int, seed: int = 0, time: int = TIME) -> Visits:
    """One stream; a visit ends where the next home spell begins, every so many tokens.

    >>> visits(12, 64).away.nonzero().flatten()[:2].tolist()
    [52, 53]
    """
    random = torch.Generator().manual_seed(1000 * length + seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=random, dtype=torch.float64)

    K = normal(time, D)
    K = K / K.norm(dim=1, keepdim=True)
    clean = K @ normal(D, D)
    place = torch.arange(time) % every
    away = place >= every - length
    for start in range(every - length, time, every):
        clean[start : start + length] = K[start : start + length] @ normal(D, D)
    return Visits(K, clean + NOISE * normal(time, D), clean, away)


def _relative(answers: Tensor, stream: Visits) -> Tensor:
    """The squared error of every token after the first ones, over the mean size of a value."""
    wrong = (answers - stream.clean)[..., SKIP:, :].square().sum(-1)
    return wrong / stream.clean[SKIP:].square().sum(-1).mean()


def errors_of(reader: Reader, length: int, every: int) -> list[Tensor]:
    """The errors of a reader on some streams of one kind, token by token."""
    streams = [visits(length, every, seed) for seed in range(STREAMS)]
    return [_relative(reader(one.K, one.V), one) for one in streams]


@lru_cache(maxsize=8)
def best_single(length: int, every: int) -> tuple[float, float, float]:
    """The smallest error of one level with C = 1, tuned for this kind, and its rate and keep."""
    grid = torch.cartesian_prod(RATES, KEEPS)
    total = 0
    for seed in range(STREAMS):
        stream = visits(length, every, seed)
        M, told = torch.zeros(len(grid), D, D, dtype=torch.float64), []
        for k, v in zip(stream.K, stream.V, strict=True):
            told.append(k @ M)
            M = (
                grid[:, 1, None, None] * M
                - grid[:, :1, None] * k[:, None] * (told[-1] - v)[:, None]
            )
        total = total + _relative(torch.stack(told, 1), stream).mean(-1) / STREAMS
    best = int(total.nan_to_num(nan=torch.inf).argmin())
    return float(total[best]), *grid[best].tolist()


def scores(reader: Reader) -> dict[str, float]:
    """The error of a reader over that of the best single level, for each kind of stream."""
    found = {}
    for length, every in WORLDS:
        errors = torch.stack(errors_of(reader, length, every)).mean()
        found[f"{length} of {every}"] = float(errors) / best_single(length, every)[0]
    return found


def score(reader: Reader) -> float:
    """The mean of the three: 1 is as good as a single level that was tuned for each kind."""
    return sum(scores(reader).values()) / len(WORLDS)


def by_kind(reader: Reader) -> Errors:
    """The errors of a reader on every kind of stream."""
    return {kind: errors_of(reader, *kind) for kind in WORLDS}


def single() -> Errors:
    """Those of the best single level, tuned for each kind."""
    found = {}
    for kind in WORLDS:
        _, rate, keep = best_single(*kind)
        found[kind] = errors_of(_one_level(rate, keep), *kind)
    return found


def _one_level(rate: float, keep: float) -> Reader:
    def reader(K: Tensor, V: Tensor) -> Tensor:
        told, _ = read_levels(torch.zeros(1, D, D).double(), K, V, [(1, rate, keep)], joint)
        return told.sum(1)

    return reader
