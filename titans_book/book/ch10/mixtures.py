"""Memories that hold mixtures: the streams and runs of chapter 10 about Memora and Moneta.

A run keeps one accumulator A for every write rate and every seed at once, (seeds, rates, d_in,
d_out), and the memory is a map of it, W = retain(A).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

__all__ = [
    "best_error", "doubled", "folded", "halves", "map_error", "mixture", "run", "signed", "streams",
    "tokens_needed", "unit_keys",
]  # fmt: skip

OUTPUTS = 4


def mixture(seed: int, d: int, of: int = 3) -> Tensor:
    """A (d, 4) matrix whose columns are mixtures of `of` inputs each: shares that add up to 1.

    >>> W = mixture(0, 16)
    >>> torch.allclose(W.sum(0), torch.ones(4).double()), int((W > 0).sum())
    (True, 12)
    """
    random = torch.Generator().manual_seed(seed)
    W = torch.zeros(d, OUTPUTS, dtype=torch.float64)
    for column in range(OUTPUTS):
        share = 0.2 + torch.rand(of, generator=random, dtype=torch.float64)
        W[torch.randperm(d, generator=random)[:of], column] = share / share.sum()
    return W


def signed(seed: int, d: int) -> Tensor:
    """A (d, 4) matrix of numbers of either sign, with columns of length 1."""
    random = torch.Generator().manual_seed(seed)
    W = torch.randn(d, OUTPUTS, generator=random, dtype=torch.float64)
    return W / W.norm(dim=0)


def unit_keys(seed: int, length: int, d: int) -> Tensor:
    """Keys of length 1, (length, d), in random directions."""
    random = torch.Generator().manual_seed(1000 + seed)
    K = torch.randn(length, d, generator=random, dtype=torch.float64)
    return K / K.norm(dim=1, keepdim=True)


def streams(
    make: Callable[[int, int], Tensor], d: int, length: int, seeds: int = 3
) -> tuple[Tensor, Tensor]:
    """Maps (seeds, d, 4) by make(seed, d), and keys for each, (seeds, length, d)."""
    truth = torch.stack([make(seed, d) for seed in range(seeds)])
    return truth, torch.stack([unit_keys(seed, length, d) for seed in range(seeds)])


def doubled(x: Tensor) -> Tensor:
    """(x, -x) along the last axis: every input once more, with the other sign.

    >>> doubled(torch.tensor([1.0, 2.0]))
    tensor([ 1.,  2., -1., -2.])
    """
    return torch.cat([x, -x], dim=-1)


def folded(W: Tensor) -> Tensor:
    """The map of x that a memory W is for doubled keys: (..., 2 d, d_out) to (..., d, d_out)."""
    one, other = W.chunk(2, dim=-2)
    return one - other


def halves(W: Tensor) -> Tensor:
    """(W, -W) / 2: one of the maps of doubled keys that equal the map W of the keys."""
    return torch.cat([W, -W], dim=-2) / 2


def map_error(M: Tensor, truth: Tensor) -> Tensor:
    """|M - truth|^2 / |truth|^2: M (..., d_in, d_out) to (...)."""
    return (M - truth).square().sum((-2, -1)) / truth.square().sum((-2, -1))


def best_error(errors: Tensor) -> float:
    """The median over the seeds, at the best rate: (seeds, rates) to a number."""
    return float(errors.median(0).values.min())


def run(
    retain: Callable[[Tensor], Tensor],
    truth: Tensor,
    K: Tensor,
    rates: Sequence[float],
    *,
    start: Tensor | float = 0.0,
) -> tuple[Tensor, Tensor]:
    """Learn W from noiseless values by L2 errors, at every rate; returns errors and memories.

    truth: (seeds, d_in, d_out); K: (seeds, T, d_in); start: the accumulator before the first
    token. Returns the error |W - truth|^2 / |truth|^2 after each token, (T, seeds, rates), and the
    last memories, (seeds, rates, d_in, d_out).
    """
    rate = torch.as_tensor(rates, dtype=truth.dtype)[:, None, None]
    A = torch.zeros(len(truth), len(rate), *truth.shape[1:], dtype=truth.dtype) + start
    truth, W, errors = truth[:, None], retain(A), []
    size = truth.square().sum((2, 3))
    for k in K.unbind(1):
        k = k[:, None, None]
        A = A - rate * k.mT * (k @ (W - truth))
        W = retain(A)
        errors.append((W - truth).square().sum((2, 3)) / size)
    return torch.stack(errors), W


def tokens_needed(
    retain: Callable[[Tensor], Tensor],
    d: int,
    rates: Sequence[float],
    *,
    goal: float = 0.01,
    length: int = 1500,
    seeds: int = 5,
) -> float:
    """How many tokens it takes until the error is below `goal`: the median, at the best rate."""
    truth, K = streams(mixture, d, length, seeds)
    errors, _ = run(retain, truth, K, rates)
    below = errors < goal
    first = torch.where(below.any(0), below.int().argmax(0) + 1, length)
    return float(first.median(0).values.min())
