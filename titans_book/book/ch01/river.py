"""Birds along a river: what a memory makes of the keys of places (chapter 01).

A place is a number x from 0, the spring, to 1, the mouth; a song is one number, its pitch. Twelve
birds are written by the delta rule, twice each, and then heard and new birds are asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.steps.matrix import delta_write

__all__ = ["BAR", "RIVERS", "SIZE", "River", "answers", "keys", "river", "river_errors", "slot_key"]

SIZE = 32  # entries of a key
HEARD, NEW = 12, 24  # birds that are written, and birds that are only asked for
PASSES = 2  # 24 writes
RIVERS = range(12)  # seeds
WAVES = (0.7, 1.3, 2.0)  # how often the pitch goes up and down along the river
BAR = 0.16  # the larger of the two errors should not be above it

KeyOf = Callable[[Tensor], Tensor]


class River(NamedTuple):
    """Where the birds are that are heard, where the new ones are, and how a bird sings at x."""

    heard: Float[Tensor, " birds"]
    new: Float[Tensor, " others"]
    song: Callable[[Tensor], Tensor]


@lru_cache(maxsize=64)
def river(seed: int) -> River:
    """A river with its birds; the mean square of the pitch is 1 over many rivers.

    >>> [len(places) for places in river(0)[:2]]
    [12, 24]
    """
    random = torch.Generator().manual_seed(seed)
    heard, phases, new = (
        torch.rand(n, generator=random, dtype=torch.float64) for n in (HEARD, len(WAVES), NEW)
    )

    def song(x: Tensor) -> Tensor:
        turns = torch.tensor(WAVES, dtype=torch.float64) * x[..., None] + phases
        return torch.sin(2 * math.pi * turns).sum(-1) * (2 / len(WAVES)) ** 0.5

    return River(heard, new, song)


def slot_key(x: Tensor) -> Float[Tensor, " entries"]:
    """The key of a place is a 1 in the slot of its stretch of the river, and 0 elsewhere.

    >>> int(slot_key(torch.tensor(0.5)).argmax())
    16
    """
    return torch.eye(SIZE, dtype=torch.float64)[min(int(x * SIZE), SIZE - 1)]


def keys(key: KeyOf, places: Float[Tensor, " birds"]) -> Float[Tensor, "birds entries"]:
    """A key for each place, in float64."""
    return torch.stack([torch.as_tensor(key(x.clone())).detach().double() for x in places])


def answers(
    key: KeyOf, one: River, also: Float[Tensor, " more"] | None = None
) -> Float[Tensor, " n"]:
    """What the memory sings where the heard birds are, and the new ones or the places `also`."""
    asked = keys(key, torch.cat([one.heard, one.new if also is None else also]))
    K = asked[:HEARD]
    V = one.song(one.heard)[:, None]
    M = torch.zeros(K.shape[1], 1, dtype=torch.float64)
    for place in list(range(len(K))) * PASSES:
        M = delta_write(M, K[place], V[place], 1.0)
    return (asked @ M)[:, 0]


def river_errors(key: KeyOf, seeds: Iterable[int] = RIVERS) -> dict[str, float]:
    """The squared error for the birds that were heard, and for new ones, over all the rivers.

    An empty memory has 1: the sums of squares are divided by those of its errors.

    >>> {birds: round(error, 2) for birds, error in river_errors(slot_key).items()}
    {'heard': 0.0, 'new': 0.68}
    """
    off, silence = torch.zeros(2, 2, dtype=torch.float64)
    for one in map(river, seeds):
        songs = one.song(torch.cat([one.heard, one.new]))
        for total, each in ((off, answers(key, one) - songs), (silence, songs)):
            total += torch.stack([part.square().sum() for part in each.split([HEARD, NEW])])
    return dict(zip(("heard", "new"), (off / silence).tolist(), strict=True))
