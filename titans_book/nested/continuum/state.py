"""What a continuum memory hands on: for every level its weights, its open window, its count."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from titans_book.state import State

Weights = dict[str, Tensor]  # the parameters of a level by name, each with the batch in front


@dataclass(frozen=True, repr=False)
class LevelState(State):
    """One level: every row of the batch has weights of its own.

    weights   W now; none for a level that is frozen.
    window    the sum of the gradients since the last update; None if it is empty.
    moved     updates that moved the level, of every row; updates: all of them.
    start     what the level goes back to where that is learned on the way (72), else None;
              start_window: the gradients that it has yet to learn from.
    """

    weights: Weights
    window: Weights | None
    moved: Float[Tensor, " batch"]
    updates: int = 0
    start: Weights | None = None
    start_window: Weights | None = None


@dataclass(frozen=True, repr=False)
class ContinuumState(State):
    """All levels, in the order of the memory, after `position` tokens.

    said     sum of |what a level said|^2; agreed: of its product with the target; wanted: of
             |target|^2. `ContinuumMemory.liveness` is made of them.
    """

    levels: tuple[LevelState, ...]
    said: Float[Tensor, "batch levels"]
    agreed: Float[Tensor, "batch levels"]
    wanted: Float[Tensor, " batch"]
    position: int = 0
