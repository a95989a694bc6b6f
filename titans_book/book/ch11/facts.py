"""Facts of very different frequency, stored in one matrix by an optimizer.

There are 32 facts, a key and a value each. The r-th is seen with a frequency of r^-1.5, as words
are in a text (Zipf). The loss is 1/2 |k W - v|^2, and the optimizer sees its exact gradient, the
mean over all facts by their frequency. Keys are orthogonal, and so are values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from titans_book.steps.optimizers import newton_schulz

__all__ = [
    "FOLD",
    "KNOWN",
    "M3",
    "OPTIMIZERS",
    "RATES",
    "Facts",
    "facts",
    "learn",
    "least_loss",
    "tuned",
]

COUNT, KNOWN = 32, 0.1  # a fact is known where |k W - v|^2 is below this
RATES = torch.logspace(-4, 1.5, 45, dtype=torch.float64)
FOLD = 5  # M3 lets its slow memory take part at every fifth step

State = tuple
Update = Callable[[Tensor, State | None], tuple[Tensor, State]]


class Facts(NamedTuple):
    """Keys and values, (32, 32) each with a row for each fact, and their frequencies, (32)."""

    keys: Tensor
    values: Tensor
    often: Tensor

    def gradient(self, W: Tensor) -> Tensor:
        """The gradient of the mean loss by W, (*n, 32, 32)."""
        return self.keys.mT @ (self.often[:, None] * (self.keys @ W - self.values))

    def errors(self, W: Tensor) -> Tensor:
        """|k W - v|^2 of every fact, (*n, 32)."""
        return (self.keys @ W - self.values).square().sum(-1)


def facts(seed: int = 0, count: int = COUNT, power: float = 1.5) -> Facts:
    """Facts in random directions, the most frequent first.

    >>> one = facts(); round(float(one.often[0] / one.often[3]), 6)
    8.0
    """
    random = torch.Generator().manual_seed(seed)
    shape = (count, count)
    one, other = (torch.randn(shape, generator=random, dtype=torch.float64) for _ in range(2))
    often = torch.arange(1, count + 1, dtype=torch.float64) ** -power
    return Facts(torch.linalg.qr(one)[0], torch.linalg.qr(other)[0], often / often.sum())


def sgd(g: Tensor, state: State | None) -> tuple[Tensor, State]:
    """The plain gradient."""
    return g, ()


def heavy_ball(g: Tensor, state: State | None, alpha: float = 0.85) -> tuple[Tensor, State]:
    """The usual momentum."""
    m = g if state is None else alpha * state[0] + g
    return m, (m,)


def muon(g: Tensor, state: State | None, alpha: float = 0.95) -> tuple[Tensor, State]:
    """Newton-Schulz steps on the usual momentum."""
    m, state = heavy_ball(g, state, alpha)
    return newton_schulz(m, 5), state


def adam(
    g: Tensor, state: State | None, alpha: float = 0.7, beta: float = 0.999
) -> tuple[Tensor, State]:
    """Adam, with its corrections for the first steps."""
    m, v, t = state or (0, 0, 0)
    m, v, t = alpha * m + (1 - alpha) * g, beta * v + (1 - beta) * g.square(), t + 1
    return m / (1 - alpha**t) / ((v / (1 - beta**t)).sqrt() + 1e-8), (m, v, t)


def m3_printed(g: Tensor, state: State | None) -> tuple[Tensor, State]:
    """M3 as Nested Learning prints it in algorithm 1: nothing that it holds ever decays."""
    fast, slow, v, some, t = state or (0, 0 * g, 0, 0, 0)
    fast, v, some, t = fast + 0.9 * g, v + 0.999 * g.square(), some + g, t + 1
    if t % FOLD == 0:
        slow, some = slow + 0.9 * some, 0
    step = newton_schulz(fast, 5) + 0.5 * newton_schulz(slow, 5)
    return step / (v.sqrt() + 1e-8), (fast, slow, v, some, t)


def m3_averages(g: Tensor, state: State | None) -> tuple[Tensor, State]:
    """The same, with means that decay, as in Adam: our reading."""
    fast, slow, v, some, t = state or (0, 0 * g, 0, 0, 0)
    fast, v, some, t = 0.9 * fast + 0.1 * g, 0.999 * v + 0.001 * g.square(), some + g, t + 1
    if t % FOLD == 0:
        slow, some = 0.9 * slow + 0.1 * some / FOLD, 0
    step = newton_schulz(fast, 5) + 0.5 * newton_schulz(slow, 5)
    return step / ((v / (1 - 0.999**t)).sqrt() + 1e-8), (fast, slow, v, some, t)


def m3_undivided(g: Tensor, state: State | None) -> tuple[Tensor, State]:
    """The same with means that decay, and without the division by the root of V."""
    fast, slow, some, t = state or (0, 0 * g, 0, 0)
    fast, some, t = 0.9 * fast + 0.1 * g, some + g, t + 1
    if t % FOLD == 0:
        slow, some = 0.9 * slow + 0.1 * some / FOLD, 0
    return newton_schulz(fast, 5) + 0.5 * newton_schulz(slow, 5), (fast, slow, some, t)


OPTIMIZERS: dict[str, Update] = {
    "SGD": sgd,
    "Adam": adam,
    "Muon": muon,
    "heavy ball": heavy_ball,
}
M3: dict[str, Update] = {
    "M3 as printed": m3_printed,
    "M3 with means that decay": m3_averages,
    "the same, not divided by √V": m3_undivided,
    "Muon": muon,
}


def learn(update: Update, rates: Tensor, steps: int, given: Facts | None = None) -> Tensor:
    """The error of every fact after the steps, for each of the rates: (n, 32)."""
    given = given or facts()
    W = torch.zeros(len(rates), *given.keys.shape, dtype=rates.dtype)
    state = None
    for _ in range(steps):
        step, state = update(given.gradient(W), state)
        W = W - rates[:, None, None] * step
    return given.errors(W).nan_to_num(nan=torch.inf, posinf=torch.inf)


def tuned(update: Update, steps: int, given: Facts | None = None) -> Tensor:
    """The errors, (32), at the rate at which most facts are known, and then the loss is least.

    A rate counts only where no fact is worse off than in an empty memory: otherwise one learns
    the rare facts by ruining the frequent ones.
    """
    given = given or facts()
    errors = learn(update, RATES, steps, given)
    known = (errors < KNOWN).double().mean(1)
    known = known.where(errors.amax(1) <= 1, -1.0)
    loss = (errors * given.often).sum(1).clamp(max=1e6)
    return errors[(known - loss / 1e7).argmax()]


def least_loss(update: Update, steps: int, given: Facts | None = None) -> float:
    """The mean error of the facts by their frequency at the best rate; an empty memory has 1."""
    given = given or facts()
    low = torch.logspace(-8, -4, 25, dtype=torch.float64)
    errors = learn(update, torch.cat([low, RATES]), steps, given)
    return float((errors * given.often).sum(1).min())
