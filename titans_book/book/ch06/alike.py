"""A text for the chunks of chapter 06: keys that are more or less alike, and what they stand for.

symbol    meaning                                                          shape
k         unit vectors: a share that all have in common, the rest their own   (T, 16)
v         what the world answers, k W                                         (T, 16)
W         the world: the matrix that a perfect memory would be                (16, 16)

A memory that reads it without momentum and without forgetting moves only by what it is told, so
whatever goes wrong is the chunk's doing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

__all__ = ["CHUNKS", "DIM", "TIME", "Text", "errors", "text"]

DIM, TIME = 16, 192
CHUNKS = (1, 2, 4, 8, 16, 32, 64)


class Text(NamedTuple):
    """Keys, values and the world that they come from; see the top of this file."""

    k: Float[Tensor, "T dim"]
    v: Float[Tensor, "T dim"]
    W: Float[Tensor, "dim dim"]


def text(likeness: float | int = 0.5, time: int = TIME, seed: int = 0, dim: int = DIM) -> Text:
    """A text whose keys have, on average, the product `likeness`: 0 nothing in common, 1 the same.

    >>> k, v, W = text(likeness=1.0, time=3)
    >>> torch.allclose(k @ k.T, torch.ones(3, 3).double()), torch.equal(v, k @ W)
    (True, True)
    """
    if not 0 <= likeness <= 1:
        raise ValueError(f"likeness={likeness}: it lies between 0 and 1")
    g = torch.Generator().manual_seed(seed)
    shared, W = torch.randn(dim, generator=g).double(), torch.randn(dim, dim, generator=g).double()
    own = torch.randn(time, dim, generator=g).double()
    shared, own = F.normalize(shared, dim=-1), F.normalize(own, dim=-1)
    k = F.normalize(likeness**0.5 * shared + (1 - likeness) ** 0.5 * own, dim=-1)
    W = W / dim**0.5
    return Text(k, k @ W, W)


def errors(
    told: Text, theta: float | int, b: int, write: Callable | None = None
) -> Float[Tensor, " frames"]:
    """How far the memory is from the world, |M - W| / |W|, at the start and after each chunk.

    1 is a memory that knows nothing; more than 1 is worse than nothing. write: a function such as
    chunk_write; None: the same in a line, as there is neither momentum nor forgetting. Where it is
    no number any more it counts as infinite.
    """
    M = S = torch.zeros_like(told.W)
    rate = torch.full((len(told.k),), float(theta), dtype=told.k.dtype)
    none, found = 0 * rate, [M]
    for start in range(0, len(told.k), b):
        k, v, now, no = (x[start : start + b] for x in (told.k, told.v, rate, none))
        if write is None:
            M = M + theta * k.T @ (v - k @ M)
        else:
            M, S = write(M, S, k, v, now, no, no)
        found.append(M)
    apart = (torch.stack(found) - told.W).flatten(1).norm(dim=1) / told.W.norm()
    return apart.nan_to_num(nan=float("inf"))
