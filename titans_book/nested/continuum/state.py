"""What a continuum memory hands on: for every level its weights, its open window, its record."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from titans_book.state import State

Weights = dict[str, Tensor]  # the parameters of a level by name, each with the batch in front


@dataclass(frozen=True, repr=False)
class LevelState(State):
    """One level: every row of the batch has weights of its own.

    weights   W now; none for a level that never learns.
    window    the sum of the gradients since the last update; None if it is empty.
    start     what the level goes back to where that is learned on the way (72); else None.
    start_window   the gradients that the start has yet to learn from.
    moved, energy, agreed   sums for `ContinuumMemory.liveness`.
    updates   how often the level was updated.
    """

    weights: Weights
    window: Weights | None
    moved: Float[Tensor, " batch"]
    energy: Float[Tensor, " batch"]
    agreed: Float[Tensor, " batch"]
    start: Weights | None = None
    start_window: Weights | None = None
    updates: int = 0


@dataclass(frozen=True, repr=False)
class ContinuumState(State):
    """All levels, in the order of the memory, after `position` tokens."""

    levels: tuple[LevelState, ...]
    wanted: Float[Tensor, " batch"]
    position: int = 0
