"""The order in which the windows of a text are read: another one in every epoch.

Up to LARGE windows it is a permutation that is drawn and kept. Of more it is computed where it is
asked for, which needs no memory: numbers are cut into two halves, and each half is changed by a
function of the other (a Feistel network), so no two numbers become the same. A number that falls
outside is sent through again.
"""

from collections.abc import Callable
from functools import lru_cache

import torch
from jaxtyping import Int
from torch import Generator, Tensor

LARGE = 2**24
ROUNDS = 6
ODD = 0x1E3779B97F4A7C15  # multiplied by it, the low bits of a number reach its high ones

Place = Callable[[Tensor], Tensor]


@lru_cache(maxsize=2)
def epoch(total: int, spare: int, seed: int) -> tuple[Place, int]:
    """Where the window that is read as number i stands, and by how much all are shifted.

    total   windows. spare: the largest shift. Both are functions of the seed alone.
    """
    generator = Generator().manual_seed(seed)
    if total <= LARGE:
        order = torch.randperm(total, generator=generator)
        place: Place = order.__getitem__
    else:
        keys = torch.randint(2**62, (ROUNDS,), generator=generator).tolist()

        def place(numbers: Tensor) -> Tensor:
            return scattered(numbers, total, keys)

    return place, int(torch.randint(0, spare + 1, (1,), generator=generator))


def scattered(numbers: Int[Tensor, " n"], total: int, keys: list[int]) -> Int[Tensor, " n"]:
    """Numbers below `total` as others below it, each as exactly one.

    >>> scattered(torch.arange(7), 7, [3, 1, 4, 1, 5, 9]).sort().values
    tensor([0, 1, 2, 3, 4, 5, 6])
    """
    half = -(-max(2, (total - 1).bit_length()) // 2)
    mask = 2**half - 1
    found = numbers.clone()
    outside = torch.ones_like(found, dtype=torch.bool)
    while outside.any():
        left, right = found[outside] >> half, found[outside] & mask
        for key in keys:
            mixed = (right + key) * ODD
            left, right = right, left ^ ((mixed >> 29) & mask)
        found[outside] = left << half | right
        outside = found >= total
    return found
