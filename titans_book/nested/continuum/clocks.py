"""When a level is updated, and how.

    symbol    meaning                                        identifier
    C         tokens in a window, the period of a level      period
    eta       rate                                           rate
    rho       what an update keeps of what was learned       keep

    W_{i+1} = W_0 + rho (W_i - W_0) - eta (g_{i-C+1} + ... + g_i)   if C divides i,  else W_i

is Nested Learning eq. 71 with a window of C terms (the paper prints C + 1, one of them counted
twice) and retention. Taught in chapter 12.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from titans_book.nested.continuum.state import Weights

EPS = 1e-6  # a level moves if an update changes it by more than this share of its length


@dataclass(frozen=True)
class Clock:
    """The pace of one level; a period of None never comes round."""

    period: int | None
    rate: float
    keep: float

    @property
    def ticks(self) -> bool:
        """Whether an update can change anything."""
        return self.period is not None and (self.rate != 0 or self.keep != 1)

    @property
    def slowness(self) -> float:
        """The period, infinite for a frozen level."""
        return float("inf") if self.period is None else self.period

    def due(self, position: int) -> bool:
        """Whether the level is updated after so many tokens."""
        return self.period is not None and position % self.period == 0


def pieces(position: int, time: int, periods: Iterable[int]) -> list[int]:
    """Lengths that cut `time` tokens after `position` behind every multiple of a period.

    >>> pieces(0, 10, (3, 5))
    [3, 2, 1, 3, 1]
    """
    end = position + time
    cuts = {i for period in periods for i in range(position - position % period, end, period)}
    ends = [*sorted(cut for cut in cuts if cut > position), end]
    return [b - a for a, b in zip([position, *ends], ends, strict=False) if b > a]


def gathered(window: Weights | None, gradients: Weights) -> Weights:
    """The window with the gradients of more tokens."""
    if window is None:
        return dict(gradients)
    return {name: window[name] + g for name, g in gradients.items()}


def updated(
    weights: Weights, window: Weights | None, origin: Weights | None, clock: Clock, average: bool
) -> Weights:
    """The weights after an update; origin is what they fall back to, None for 0."""
    rate = clock.rate / clock.period if average else clock.rate
    after = {}
    for name, W in weights.items():
        if clock.keep == 1:
            kept = W
        elif origin is None:
            kept = clock.keep * W
        else:
            kept = origin[name] + clock.keep * (W - origin[name])
        after[name] = kept if window is None else kept - rate * window[name]
    return after


def length(weights: Weights) -> Tensor:
    """|W| of every row, all parameters together."""
    squares = [W.detach().flatten(1).square().sum(1) for W in weights.values()]
    return torch.stack(squares).sum(0).sqrt()


def moves(before: Weights, after: Weights) -> Tensor:
    """1 for every row that an update changed by more than EPS of its length, else 0."""
    change = length({name: after[name] - W for name, W in before.items()})
    return (change > EPS * length(before)).to(change)
