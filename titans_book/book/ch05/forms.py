"""What chapter 05 does with whole readings: three forms that agree, silences, guards, and age."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from titans_book.book.ch05 import deep
from titans_book.evaluation import aging
from titans_book.memory import Gates, NeuralMemory, memorize, reference

__all__ = ["after_silence", "aged", "guarded", "relearned", "three_ways", "wiped"]

RATE, FORGETS = 0.3, 0.01  # of `stable`; alpha


def three_ways(
    step: Callable, tokens: int = 30, dim: int = 4, hidden: int = 6, seed: int = 0
) -> dict[str, float]:
    """How far two other forms of the recurrence are from `step`, after tokens with random gates.

    "autograd" takes every gradient with autograd (the oracle), "fast" is made of matrix products.
    """
    g = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=g, dtype=torch.float64)

    k, v = 0.6 * normal(2, tokens, dim)
    highest = torch.tensor([[0.1], [0.9], [0.1]])
    theta, eta, alpha = torch.rand(3, tokens, generator=g, dtype=torch.float64) * highest
    first = [0.4 * normal(dim, hidden), 0.4 * normal(hidden, dim)]
    state = (*first, 0 * first[0], 0 * first[1])
    for t in range(tokens):
        state = step(*state, k[t], v[t], theta[t], eta[t], alpha[t])
    gates = Gates(theta[None, None], eta[None, None], alpha[None, None])
    rows, found = [x[None, None] for x in (k, k, v)], {}
    for name, form in {"autograd": reference.memorize, "fast": memorize}.items():
        _, end = form(*rows, gates, [W[None] for W in first], chunk=1)
        theirs = (*end.weights, *end.momentum)
        apart = ((a - b[0, 0]).detach().abs().max() for a, b in zip(state, theirs, strict=True))
        found[name] = float(max(apart))
    return found


def after_silence(depth: int, silence: int = 300, rounds: tuple[int, int] = (20, 30)) -> Tensor:
    """The error in each round of eight pairs, before a silence and after it.

    In a silence k and v are 0, so the memory only forgets. The silence itself is not in the answer.
    """
    k, v = deep.pairs(8)
    weights, stable = deep.start(depth)

    def taught(weights: Sequence[Tensor], times: int) -> deep.Reading:
        twice = k.repeat(times, 1), v.repeat(times, 1)
        return deep.read(*twice, weights, RATE * stable, alpha=FORGETS)

    before = taught(weights, rounds[0])
    asleep = [W * (1 - FORGETS) ** silence for W in before.weights]
    after = taught(asleep, rounds[1])
    return torch.cat([before.error, after.error], 1).view(-1, len(k)).mean(1)


def wiped(step: Callable, new: bool) -> tuple[Tensor, Tensor]:
    """A memory that knew eight pairs by heart and was wiped at one of them, or at a new pair."""
    k, v = deep.pairs(8)
    weights, stable = deep.start(2)
    known = deep.read(k.repeat(20, 1), v.repeat(20, 1), weights, RATE * stable).weights
    W_1, W_2 = (W[0] for W in known)
    key, value = (x[0] for x in (deep.pairs(1, seed=9) if new else (k, v)))
    return step(W_1, W_2, 0 * W_1, 0 * W_2, key, value, RATE * stable, 0, 1.0)[:2]


def relearned(weights: Sequence[Tensor], rounds: int) -> float:
    """The error after it has heard the eight pairs so often, without any forgetting."""
    k, v = deep.pairs(8)
    _, stable = deep.start(2)
    taught = deep.read(k.repeat(rounds, 1), v.repeat(rounds, 1), weights, RATE * stable)
    return float(deep.recall(taught.weights, k, v))


def aged(ages: Sequence[int], dim: int = 64, seed: int = 0) -> dict[str, list[float]]:
    """The share of bits that a layer recalls of eight fresh pairs, after it has read so many bytes.

    For a layer that forgets towards 0 and for one that forgets towards M_0.
    """
    found = {}
    for name, retention in {"towards 0": "decay", "towards M₀": "initial"}.items():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            memory = NeuralMemory(dim, retention=retention)
        state, bits = None, []
        if 0 in ages:
            bits.append(aging.recall(memory, None))
        with torch.no_grad():
            for piece in aging.stream("text", max(ages), dim=dim, piece=512):
                _, state = memory(piece, state)
                if state.position in ages:
                    bits.append(aging.recall(memory, state.memory))
        found[name] = bits
    return found


def guarded(rates: Sequence[float], depth: int = 4, rounds: int = 8) -> dict[str, Tensor]:
    """The error of a deep memory after eight rounds, for each rate, without and with its guards.

    Infinite where it has become NaN. Rates are in units of `stable`.
    """
    k, v = deep.pairs(32)
    weights, stable = deep.start(depth)
    tried = torch.tensor(rates, dtype=torch.float64)
    shape = len(tried), 1, rounds * len(k)
    lesson = [x.repeat(rounds, 1).expand(*shape, x.shape[1]) for x in (k, k, v)]
    theta = (tried * stable)[:, None, None].expand(shape)
    fuse = {"clamp": 4 * (k.shape[1] / stable) ** 0.5}
    found = {}
    for name, guard in {"no guard": {}, "fuse": fuse, "damped": {"damping": 1.0}}.items():
        gates = Gates(theta, 0 * theta, 0 * theta)
        _, end = memorize(*lesson, gates, [W[None] for W in weights], chunk=1, **guard)
        errors = deep.recall([W[:, 0] for W in end.weights], k, v)
        found[name] = errors.nan_to_num(nan=torch.inf)
    return found
