"""Progressive stacking: push what has learned to a slower clock, and put a fresh fast level on it.

A memory begins with one level. When that has learned, it is given a slower clock, so that it keeps
what it knows, and a fresh level takes over the fast one. Taught in chapter 12.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from numbers import Integral

import torch
from torch import nn

from titans_book.nested.continuum.levels import Perceptron
from titans_book.nested.continuum.memory import ContinuumMemory
from titans_book.nested.continuum.state import ContinuumState
from titans_book.nested.continuum.steps import fresh


def stack(
    memory: ContinuumMemory,
    level: int | nn.Module,
    periods: Sequence[int | None],
    state: ContinuumState | None = None,
    *,
    rate: float = 0.01,
    keep: float = 1.0,
) -> tuple[ContinuumMemory, ContinuumState | None]:
    """A new memory with one level more, the first in the order; the old memory stays as it is.

    level     the fresh level, or a whole number dim for a Perceptron that says nothing at first:
              then the answers go on as they were (of "mean", times k / (k + 1)).
    periods   C of all levels from now on, the fresh one's first. None freezes an old level.
    state     of the old memory; handed back for the new one, with the position, and with what the
              old levels have learned and the windows that are open.
    rate, keep   of the fresh level; the old ones keep theirs.

    Raises ValueError or TypeError naming the argument, as ContinuumMemory does, and ValueError for
    a state together with a level that is frozen now and was not, or the other way round.

    >>> memory, _ = stack(ContinuumMemory(8, [16]), 8, [4, 64])
    >>> memory.periods
    (4, 64)
    """
    periods, size = list(periods), len(memory.levels) + 1
    if len(periods) != size:
        raise ValueError(f"periods must be {size} numbers, one a level, got {len(periods)}")
    if isinstance(level, Integral):
        level = Perceptron(level, residual=memory.kind != "headwise")
        nn.init.zeros_(level.down.weight)
        level = level.to(next(memory.parameters()))  # its dtype and device
    new = ContinuumMemory(
        [level, *deepcopy(memory.levels)],
        periods,
        memory.kind,
        rates=[rate, *(clock.rate for clock in memory.clocks)],
        keep=[keep, *(clock.keep for clock in memory.clocks)],
        toward=memory.toward,
        correct=memory.correct,
        aggregate=memory.aggregate,
        average=memory.average,
        loss=memory.loss,
    )
    if memory.shares is not None:
        with torch.no_grad():
            new.shares[1:] = memory.shares
    return new, None if state is None else _carried(new, memory, state)


def _carried(
    new: ContinuumMemory, memory: ContinuumMemory, state: ContinuumState
) -> ContinuumState:
    """The state with the fresh level at its start."""
    for old, period in zip(memory.periods, new.periods[1:], strict=True):
        if (old is None) != (period is None):
            raise ValueError(
                "periods must not freeze a level whose state is carried on, nor wake a frozen one: "
                f"it was {old}, and is to be {period}; give it rate 0 instead"
            )
    none = torch.zeros_like(state.wanted)
    own = {} if new.periods[0] is None else dict(new.levels[0].named_parameters())
    one = fresh(own, len(none), none)
    if memory.kind == "nested":
        one = replace(one, start=one.weights)
    said, agreed = (torch.cat([none[:, None], sums], 1) for sums in (state.said, state.agreed))
    return replace(state, levels=(one, *state.levels), said=said, agreed=agreed)
