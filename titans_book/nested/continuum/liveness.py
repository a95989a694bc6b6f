"""Which levels are alive: which learn, which speak, and which say what is wanted.

A level can be updated on time and still be dead. A fast level that is corrected for the error of
all leaves nothing for the slow ones to say.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from titans_book.nested.continuum.state import ContinuumState


@dataclass(frozen=True)
class Life:
    """What is known of one level.

    period    its name, C in tokens; None for one that is frozen.
    updates   how often it was updated; moved: the share of these that changed it by more than one
              in a million of its length.
    energy    its share of all that was said: sum |said|^2 over that of all levels.
    cosine    between all that it said and the targets; NaN where the two cannot be compared.

    Of a level that was never updated, `moved` is 0.
    """

    period: int | None
    updates: int
    moved: float
    energy: float
    cosine: float


@dataclass(frozen=True)
class Liveness:
    """One `Life` a level, in the order of the memory; printed, a table."""

    levels: tuple[Life, ...]

    def __repr__(self) -> str:
        lines = ["level        updates  moved  energy  cosine"]
        for one in self.levels:
            name = "frozen" if one.period is None else f"C = {one.period}"
            lines.append(
                f"{name:<12} {one.updates:>7}  {one.moved:>5.2f}  {one.energy:>6.2f}  "
                f"{one.cosine:>6.2f}"
            )
        return "\n".join(lines)


def liveness(
    periods: tuple[int | None, ...], now: ContinuumState, since: ContinuumState | None
) -> Liveness:
    """How every level has lived, all rows together, from `since` or the beginning until now."""

    def between(name: str) -> torch.Tensor:
        sums = getattr(now, name).double()
        return (sums if since is None else sums - getattr(since, name).double()).sum(0)

    said, agreed, wanted = between("said"), between("agreed"), between("wanted")
    energy = (said / said.sum()).tolist()
    cosine = (agreed / (said * wanted).sqrt()).tolist()
    lives = []
    for n, period in enumerate(periods):
        level, before = now.levels[n], None if since is None else since.levels[n]
        updates = level.updates - (0 if before is None else before.updates)
        moved = level.moved.mean().item() - (0 if before is None else before.moved.mean().item())
        lives.append(Life(period, updates, moved / max(updates, 1), energy[n], cosine[n]))
    return Liveness(tuple(lives))
