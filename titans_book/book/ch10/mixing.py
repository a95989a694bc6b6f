"""Is it memory, or is it mixing? Five small readers that are trained alike, for the end of ch. 10.

Each reads eight pairs of random bits and is then asked for the value of every key. Its projections
W_K, W_V, W_Q, W_O are trained by backpropagation through the memory; all five, and two seeds of
each, are trained at once, as one tensor (readers, seeds, ...).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, normalize

__all__ = ["READERS", "Reader", "Scores", "train_readers"]

BITS, PAIRS, SEEDS, BATCH = 16, 8, 2, 16


class Reader(NamedTuple):
    """How a reader writes: its loss, whether it goes down or up its gradient, how many steps."""

    objective: str
    sign: float
    steps: int = 1


READERS = {
    "dot product, descent": Reader("dot", 1.0),
    "dot product, ascent": Reader("dot", -1.0),
    "L2, descent": Reader("l2", 1.0),
    "L2, ascent": Reader("l2", -1.0),
    "L2, three steps per token": Reader("l2", 1.0, 3),
}


class Scores(NamedTuple):
    """For each reader the share of right bits, and how much of the values its memory misses."""

    bits: dict[str, float]
    missed: dict[str, float]


def _pairs(random: torch.Generator) -> Tensor:
    """Keys and values of bits, -1 or 1: (2, batch, pairs, bits)."""
    return torch.randint(0, 2, (2, BATCH, PAIRS, BITS), generator=random).double() * 2 - 1


def _start(readers: int) -> list[Tensor]:
    """W_K, W_V, W_Q and W_O, the same for every reader: (readers, seeds, 1, bits, bits)."""
    shape, made = (SEEDS, 1, BITS, BITS), []
    for name in range(4):
        random = torch.Generator().manual_seed(name)
        one = torch.randn(shape, generator=random, dtype=torch.float64) / BITS**0.5
        made.append(one.expand(readers, *shape).clone().requires_grad_())
    return made


def _write(M: Tensor, k: Tensor, v: Tensor, asks: Tensor, rate: Tensor) -> Tensor:
    """One inner step; asks: 1 where the memory is asked first (L2), 0 where it is not (dot)."""
    return M - rate * (k.mT @ (asks * (k @ M) - v))


def _answers(weights: list[Tensor], pairs: Tensor, theta: float) -> tuple[Tensor, Tensor]:
    """Logits for every bit, and |k M - v|^2 / |v|^2 at the end, for every reader and seed."""
    W_K, W_V, W_Q, W_O = weights
    keys, values = pairs
    k, q, v = normalize(keys @ W_K, dim=-1), normalize(keys @ W_Q, dim=-1), values @ W_V
    readers = list(READERS.values())
    asks = torch.tensor([float(r.objective == "l2") for r in readers], dtype=k.dtype).view(
        -1, 1, 1, 1, 1
    )
    rate = torch.tensor([theta * r.sign for r in readers], dtype=k.dtype).view(-1, 1, 1, 1, 1)
    M = torch.zeros(*k.shape[:3], BITS, BITS, dtype=k.dtype)
    for t in range(PAIRS):
        k_t, v_t = k[..., t : t + 1, :], v[..., t : t + 1, :]
        for step in range(max(r.steps for r in readers)):
            some = [i for i, r in enumerate(readers) if r.steps > step]
            new = _write(M[some], k_t[some], v_t[some], asks[some], rate[some])
            M = new if len(some) == len(readers) else _with(M, some, new)
    missed = (k @ M - v).square().sum((2, 3, 4)) / v.square().sum((2, 3, 4))
    return (q @ M) @ W_O, missed


def _with(M: Tensor, some: list[int], new: Tensor) -> Tensor:
    """M with these of its readers replaced."""
    rows = list(M)
    for place, row in zip(some, new, strict=True):
        rows[place] = row
    return torch.stack(rows)


def train_readers(steps: int = 250, theta: float = 0.4, lr: float = 0.02) -> Scores:
    """Train all readers on the same pairs, and test them on pairs that they have not seen."""
    random, weights = torch.Generator().manual_seed(7), _start(len(READERS))
    optimizer = torch.optim.Adam(weights, lr=lr)
    for _ in range(steps):
        pairs = _pairs(random)
        logits, _ = _answers(weights, pairs, theta)
        bits = ((pairs[1] + 1) / 2).expand_as(logits)
        loss = binary_cross_entropy_with_logits(logits, bits, reduction="none")
        optimizer.zero_grad()
        loss.mean((2, 3, 4)).sum().backward()
        optimizer.step()
    with torch.no_grad():
        return _scores(weights, [_pairs(random) for _ in range(16)], theta)


def _scores(weights: list[Tensor], tests: list[Tensor], theta: float) -> Scores:
    bits, missed = torch.zeros(2, len(READERS), dtype=torch.float64)
    for pairs in tests:
        logits, miss = _answers(weights, pairs, theta)
        bits += ((logits > 0) == (pairs[1] > 0)).double().mean((1, 2, 3, 4)) / len(tests)
        missed += miss.mean(1) / len(tests)
    return Scores(*(dict(zip(READERS, row.tolist(), strict=True)) for row in (bits, missed)))
