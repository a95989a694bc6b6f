"""The score of an error function of one's own: how bad it is at its worst noise.

On each of the three noises, and at its own best rate, its map error is divided by that of the best
of the powers. The score is the largest of the three ratios.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor

from titans_book.book.ch10.noise import NOISES, POWERS, RATES, stream
from titans_book.book.ch10.rate import best_rate_reference

__all__ = ["BAR", "measured", "ratios", "worst"]

BAR, REPEATS = 3.0, 1


@lru_cache(maxsize=1)
def best_powers() -> dict[str, float]:
    """The map error of the best power, for each noise: all powers and rates read side by side."""
    p = torch.tensor(POWERS, dtype=torch.float64).repeat_interleave(len(RATES))[:, None]
    rates = RATES.repeat(len(POWERS))

    def error(answer: Tensor, value: Tensor) -> Tensor:
        r = answer - value  # lp_error, with a power for each memory
        return r.sign() * r.abs() ** (p - 1)

    every = ((stream(noise), error, rates, REPEATS) for noise in NOISES)
    return {n: float(best_rate_reference(*one)[1]) for n, one in zip(NOISES, every, strict=True)}


def ratios(error: Callable[[Tensor, Tensor], Tensor]) -> dict[str, float]:
    """For each noise, how many times as wrong as the best power this error function is."""
    return {noise: ratio for noise, (ratio, _) in measured(error).items()}


def measured(error: Callable[[Tensor, Tensor], Tensor]) -> dict[str, tuple[float, float]]:
    """For each noise the ratio, infinite where every memory blows up, and the best rate."""
    found = {}
    for noise, best in best_powers().items():
        rate, wrong = best_rate_reference(stream(noise), error, RATES, REPEATS)
        found[noise] = float(wrong) / best, float(rate)
    return found


def worst(error: Callable[[Tensor, Tensor], Tensor]) -> float:
    """The score: the largest of the ratios. 1 would be perfect foresight."""
    return max(ratios(error).values())
