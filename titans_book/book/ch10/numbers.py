"""What the probes of chapter 10 hand over and look at: plain numbers, and NaN.

A power, a border or an exponent is a Python float because nobody learns through it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from titans_book.lab.learning.exercise import Probe, Step, uniform

__all__ = ["NaNProbe", "number"]

MARK = -999.0  # no answer of these exercises comes near it


class NaNProbe(Probe):
    """A Probe that shows NaN as -999, so that a wrong version that makes NaN is recognised."""

    def __call__(self, function: Callable) -> Iterator[Step]:
        """Run the function and yield one dict of results a step."""
        for step in super().__call__(function):
            yield {name: _marked(value) for name, value in step.items()}


def _marked(value: Tensor) -> Tensor:
    if not isinstance(value, Tensor) or not value.is_floating_point():
        return value
    return torch.where(value.isnan(), MARK, value)


def number(low: float, high: float) -> Callable[[torch.Generator], float]:
    """Draws single numbers like `uniform`, as Python floats: nobody learns through them.

    >>> 1 <= number(1, 2)(torch.Generator().manual_seed(0)) <= 2
    True
    """
    draw = uniform(low, high)

    def make(generator: torch.Generator) -> float:
        return float(draw(generator))

    return make
