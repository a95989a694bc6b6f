"""How many children will be born tomorrow? Levels that read twenty years of births, day by day.

The key of a day is its page of the calendar. What is measured, from the sixth year on: the error of
the forecast over the variance of the births, the same with the fastest level left out, and which
level says the week, the season and the trend.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from titans_book.book.ch12.novel import empty
from titans_book.steps.continuum import read_levels
from titans_book.tasks.births import births, days

__all__ = ["FIRST_DAY", "PARTS", "SETTINGS", "Forecast", "forecast", "naive"]

FIRST_DAY = 5 * 365 + 1  # of what is scored: before it, rates were chosen
PARTS = ("week", "season", "trend")
# C, rate and keep of each level, chosen on the first five years from a grid: 7 rates for each level
# and, where the fastest lets go, 4 values of keep (see notebooks/records/continuum_cpu.json)
SETTINGS = {
    "one level": [(1, 0.2, 1.0)],
    "joint": [(1, 0.2, 1.0), (28, 0.00683, 1.0), (364, 0.000743, 1.0)],
    "lets go": [(1, 0.8, 0.7), (28, 0.1366, 1.0), (364, 0.01485, 1.0)],
    "slow first": [(1, 0.4, 1.0), (28, 0.00683, 1.0), (364, 0.000743, 1.0)],
}


class Forecast(NamedTuple):
    """Errors over the variance; with the fastest level left out; and who says what, (levels, 3).

    said   the share of the births' own week, season and trend that each level says; over all levels
           they add up to about 1.
    """

    error: float
    without_fastest: float
    energy: list[float]
    said: Tensor


@lru_cache(maxsize=1)
def _data() -> tuple[Tensor, Tensor]:
    stream = births()
    return stream.keys[0].double(), stream.values[0].double()


@lru_cache(maxsize=1)
def _parts() -> tuple[np.ndarray, ...]:
    """For every scored day: its weekday, one number from 0 to 51 a week of the year, its year."""
    scored = days()[FIRST_DAY:]
    week = np.array([day.weekday() for day in scored])
    season = np.array([min(51, (day.timetuple().tm_yday - 1) // 7) for day in scored])
    return week, season, np.array([day.year for day in scored])


def _means(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The mean of each group, less the mean of these."""
    found = np.array([values[groups == one].mean() for one in np.unique(groups)])
    return found - found.mean()


def forecast(
    levels: Sequence[tuple[int, float, float]], correct: Callable, read: Callable = read_levels
) -> Forecast:
    """Levels read all days, each of them foretold before it is known."""
    K, V = _data()
    told, _ = read(empty(len(levels), K.shape[1], 1), K, V, levels, correct)
    says, wanted = told[FIRST_DAY:, :, 0], V[FIRST_DAY:, 0]
    shares = []
    for groups in _parts():
        true = _means(wanted.numpy(), groups)
        own = [_means(one.numpy(), groups) @ true / (true @ true) for one in says.T]
        shares.append(torch.tensor(own))
    errors = [((said - wanted).square().mean() / wanted.var()).item()
              for said in (says.sum(1), says[:, 1:].sum(1))]  # fmt: skip
    energy = says.square().sum(0)
    return Forecast(*errors, (energy / energy.sum()).tolist(), torch.stack(shares, 1))


def naive(back: int = 7) -> float:
    """The error of the forecast "as so many days ago", over the variance."""
    V = _data()[1][:, 0]
    wanted = V[FIRST_DAY:]
    return float((V[FIRST_DAY - back : -back] - wanted).square().mean() / wanted.var())
