"""Texts in which some stretch spoils an answer, for a hunter who may ask only a few questions.

A small memory (small.py) is told one pair early on. Somewhere later a few tokens write under keys
that are nearly the same, and the answer is ruined. Nobody says where these tokens are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

import torch
from torch import Tensor

from titans_book.book.ch14.small import Told, told

__all__ = [
    "BAR",
    "CASES",
    "LENGTH",
    "MOST",
    "Case",
    "Hunted",
    "TooOften",
    "cases",
    "hunted",
    "score",
    "scores",
    "windows",
]

LENGTH, MOST, BAR = 64, 24, 0.9  # tokens, questions, the score that is asked for
AT, D = 6, 12  # where the pair is told
SEEDS = (4, 6, 39, 35)  # of texts whose bad stretches lie far apart
CASES = len(SEEDS)


class TooOften(RuntimeError):
    """More questions than are allowed."""


class Case:
    """One text. ask(start, stop): what it costs if the tokens start to stop - 1 do not write."""

    def __init__(self, seed: int) -> None:
        self.text, self.value = _spoiled(seed)
        self.asked = 0
        self.as_read = float(self._errors([(0, 0)]))
        every = list(combinations(range(LENGTH + 1), 2))
        costs = self._costs(every)
        self.best, self.stretch = float(costs.min()), every[int(costs.argmin())]

    def ask(self, start: int, stop: int) -> float:
        """The error that is left, as a share of that with all writes, plus the share of the text
        that is off: 1 if nothing is.

        Raises ValueError for a stretch outside of the text, and TooOften after MOST questions.
        """
        cost = self.cost(start, stop)
        self.asked += 1
        if self.asked > MOST:
            raise TooOften(f"{MOST} questions have been asked, and no more are allowed")
        return cost

    def cost(self, start: int, stop: int) -> float:
        """The same, not counted."""
        if not (0 <= start <= stop <= LENGTH and start == int(start) and stop == int(stop)):
            raise ValueError(f"a stretch must lie between 0 and {LENGTH}, got {start} to {stop}")
        return float(self._costs([(int(start), int(stop))]))

    def _costs(self, stretches: list[tuple[int, int]]) -> Tensor:
        off = torch.tensor([stop - start for start, stop in stretches]) / LENGTH
        return self._errors(stretches) / self.as_read + off

    def _errors(self, stretches: list[tuple[int, int]]) -> Tensor:
        """The squared error of the answer without the writes of each stretch, all side by side."""
        start, stop = torch.tensor(stretches).T[..., None]
        place = torch.arange(LENGTH)
        theta = self.text.theta * ~((place >= start) & (place < stop))
        M = self.text.M.expand(len(stretches), D, D)
        for k, v, rate in zip(self.text.K, self.text.V, theta.T, strict=True):
            M = M + rate[:, None, None] * k[:, None] * (v - k @ M)[:, None]
        return (self.text.q @ M - self.value).square().sum(-1)


def _spoiled(seed: int) -> tuple[Told, Tensor]:
    """A text, and the value that is asked for."""
    text = told(100 + seed, LENGTH, D, size=0.0)
    random = torch.Generator().manual_seed(seed)
    start = 14 + int(torch.randint(34, (), generator=random))
    length = 4 + int(torch.randint(7, (), generator=random))
    K, V, theta = text.K.clone(), text.V.clone(), 0.2 * text.theta
    V = V / V.norm(dim=1, keepdim=True)
    wrong = torch.randn(D, generator=random, dtype=torch.float64)
    for t in range(start, start + length):
        K[t] = K[AT] + 0.3 * K[t]
        K[t] /= K[t].norm()
        V[t], theta[t] = wrong / wrong.norm(), 0.35
    theta[AT] = 1.0
    return Told(text.M, K, V, theta, torch.ones_like(theta), K[AT]), V[AT]


@lru_cache(maxsize=1)
def cases() -> tuple[Case, ...]:
    """The texts that a hunter is judged on."""
    return tuple(map(Case, SEEDS))


def scores(hunter: Callable) -> list[float]:
    """For each text, how much of the cost that can be saved is saved: 1 is all of it.

    hunter(ask, length, most) returns the stretch that it would switch off.
    """
    return hunted(hunter).scores


class Hunted(NamedTuple):
    """The stretch that a hunter would switch off in each text, and its score there."""

    stretches: list[tuple[int, int]]
    scores: list[float]


def hunted(hunter: Callable) -> Hunted:
    """Let it hunt in all texts. An exercise is run as it was written, even if it is wrong.

    If it is still open, or fails, the book's version hunts in its place.
    """
    mine = getattr(hunter, "mine", hunter)
    try:
        return _hunted(mine)
    except Exception:
        if mine is hunter:
            raise
        return _hunted(hunter)


def _hunted(hunter: Callable) -> Hunted:
    stretches, found = [], []
    for case in cases():
        case.asked = 0
        start, stop = (int(end) for end in hunter(case.ask, LENGTH, MOST))
        stretches.append((start, stop))
        found.append((1 - case.cost(start, stop)) / (1 - case.best))
    return Hunted(stretches, found)


def windows(ask: Callable, length: int, most: int) -> tuple[int, int]:
    """The cheapest of the stretches of eight tokens that lie side by side."""
    tried = {(start, start + 8): ask(start, start + 8) for start in range(0, length, 8)}
    return min(tried, key=tried.get)


def score(hunter: Callable) -> float:
    """The mean over all texts."""
    found = scores(hunter)
    return sum(found) / len(found)
