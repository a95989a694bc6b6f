"""Pairs that a memory meets again and again, and what became of their surprise (chapter 02)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["compare", "directions", "in_order"]


def directions(
    count: int, size: int, *, common: float | int = 0, seed: int = 0
) -> Float[Tensor, "count size"]:
    """Rows of length 1 in random directions; `common`: how much they all share of one of them.

    >>> directions(9, 16).shape
    torch.Size([9, 16])
    """
    random = torch.Generator().manual_seed(seed)
    own, shared = (torch.randn(n, size, generator=random).double() for n in (count, 1))
    rows = own / own.norm(dim=1, keepdim=True) + common * shared / shared.norm()
    return rows / rows.norm(dim=1, keepdim=True)


def in_order(names: str) -> list[int]:
    """A number for each letter, the same for the same letter, from 0.

    >>> in_order("ABCAB")
    [0, 1, 2, 0, 1]
    """
    known = list(dict.fromkeys(names))
    return [known.index(name) for name in names]


def compare(names: str, found: Float[Tensor, " T"]) -> tuple[float, float]:
    """The mean surprise of repeats as a share of that of first meetings; and that of latecomers.

    A latecomer is met for the first time after the first repeat. NaN where there is none.
    """
    repeated = torch.tensor([name in names[:t] for t, name in enumerate(names)])
    late = ~repeated & (repeated.cumsum(0) > 0)
    first = found[~repeated & ~late].mean()
    return float(found[repeated].mean() / first), float(found[late].mean())
