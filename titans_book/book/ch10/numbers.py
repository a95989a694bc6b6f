"""Numbers for the exercises of chapter 10: a power, a border or an exponent is no tensor."""

from __future__ import annotations

from collections.abc import Callable

import torch

from titans_book.lab.learning.exercise import uniform

__all__ = ["number"]


def number(low: float, high: float) -> Callable[[torch.Generator], float]:
    """Draws single numbers like `uniform`, as Python floats: nobody learns through them.

    >>> 1 <= number(1, 2)(torch.Generator().manual_seed(0)) <= 2
    True
    """
    draw = uniform(low, high)

    def make(generator: torch.Generator) -> float:
        return float(draw(generator))

    return make
