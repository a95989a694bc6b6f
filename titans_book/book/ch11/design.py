"""The score of an optimizer of one's own: how good it is at the worst of three problems.

valley: the share of 64 starts from which it finds the minimum of eq. 53 in 300 steps. tails: the
error of tuned clipping on wild gradients, over its own. facts: the share of 32 facts, of Zipf's
frequencies, that it knows after 20 steps. Each problem is tried at 21 rates, and the best counts.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from titans_book.book.ch11 import facts, tails, valley

__all__ = ["BAR", "RATES", "Optimizer", "scores", "worst"]

BAR = 0.75
RATES = torch.logspace(-3.5, 1.5, 21, dtype=torch.float64)
STARTS = 64
HUGE = 1e12  # where a run is given up: it would only make numbers that are none

Optimizer = Callable[[Tensor, Tensor, Tensor, dict[str, Any]], Tensor]  # p, g, rate, state -> p


def _each(values: Tensor, runs: int) -> Tensor:
    """Every value for each of some runs, (n * runs, 1, 1)."""
    return values.repeat_interleave(runs)[:, None, None]


def _held(p: Tensor) -> Tensor:
    return p.nan_to_num(nan=HUGE, posinf=HUGE, neginf=-HUGE).clamp(-HUGE, HUGE)


def _valley(optimizer: Optimizer) -> float:
    """The share of starts that end near the minimum, (1, 2) parameters each."""
    p, state = valley.starts(STARTS).repeat(len(RATES), 1)[:, None], {}
    rate = _each(RATES, STARTS)
    for _ in range(300):
        p = _held(optimizer(p, valley.slope(p), rate, state))
    near = p.flatten(1).norm(dim=1) < valley.NEAR
    return float(near.view(len(RATES), STARTS).double().mean(1).max())


def _tails(optimizer: Optimizer) -> float:
    """The error of tuned clipping over that of this optimizer, at most 1."""
    X, Y, right = tails.tails()
    runs, many = len(right), len(RATES)
    w, state = torch.zeros(many * runs, 1, X.shape[-1], dtype=X.dtype), {}
    rate = _each(RATES, runs)
    goal, total = right.repeat(many, 1)[:, None], 0
    for t, (x, y) in enumerate(zip(X, Y, strict=True)):
        x = x.repeat(many, 1)[:, None]
        error = (w * x).sum(-1, keepdim=True) - y.repeat(many)[:, None, None]
        w = _held(optimizer(w, error * x, rate, state))
        if t >= 2 * len(X) // 3:
            total = total + (w - goal).square().sum((1, 2)) / goal.square().sum((1, 2))
    error = (total / (len(X) - 2 * len(X) // 3)).view(many, runs).mean(1)
    return min(1.0, _clipping() / float(error.min()))


@lru_cache(maxsize=1)
def _clipping() -> float:
    return tails.tuned("clipped SGD", tails.tails())


def _facts(optimizer: Optimizer) -> float:
    """The share of facts that are known after 20 steps, none of them worse than at the start."""
    given, state = facts.facts(), {}
    W = torch.zeros(len(RATES), *given.keys.shape, dtype=RATES.dtype)
    for _ in range(20):
        W = _held(optimizer(W, given.gradient(W), _each(RATES, 1), state))
    errors = given.errors(W)
    known = (errors < facts.KNOWN).double().mean(1)
    return float(known.where(errors.amax(1) <= 1, 0.0).max())


def scores(optimizer: Optimizer) -> dict[str, float]:
    """The three scores, each from 0 to 1."""
    return {"valley": _valley(optimizer), "tails": _tails(optimizer), "facts": _facts(optimizer)}


def worst(optimizer: Optimizer) -> float:
    """The score: the smallest of the three."""
    return min(scores(optimizer).values())
