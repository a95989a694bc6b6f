"""A memory so small that every write can be followed: a matrix, the delta rule, forgetting.

    M_t = keep_t M_{t-1} + theta_t k_t^T (v_t - k_t M_{t-1})     Titans 13, 14 without momentum

A text of it is keys and values, (T, d) each, and a rate and a retention for every token.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Told", "end_of", "entries", "told", "worths"]


class Told(NamedTuple):
    """A text for the small memory, and the question q that is asked at its end."""

    M: Tensor
    K: Tensor
    V: Tensor
    theta: Tensor
    keep: Tensor
    q: Tensor


def told(seed: int = 0, time: int = 5, d: int = 3, size: float = 0.4) -> Told:
    """A text of random pairs; M is the memory before it, which is not empty.

    >>> told(time=4).K.shape
    torch.Size([4, 3])
    """
    random = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=random, dtype=torch.float64)

    K = normal(time, d)
    theta, keep = torch.rand(2, time, generator=random, dtype=torch.float64)
    return Told(size * normal(d, d), K / K.norm(dim=1, keepdim=True), normal(time, d),
                0.3 + 0.6 * theta, 0.7 + 0.3 * keep, normal(d))  # fmt: skip


def end_of(M: Tensor, K: Tensor, V: Tensor, theta: Tensor, keep: Tensor) -> Tensor:
    """The memory after the text, (d, d)."""
    for k, v, rate, kept in zip(K, V, theta, keep, strict=True):
        M = kept * M + rate * torch.outer(k, v - k @ M)
    return M


def entries(M, K, V, theta, keep, q):
    """The book's version of 14.entries."""
    writes = []
    for t in range(len(K)):
        write = theta[t] * torch.outer(K[t], V[t] - K[t] @ M)
        writes = [keep[t] * earlier for earlier in writes] + [write]
        M = keep[t] * M + write
    return torch.stack([q @ write for write in writes])


def worths(M, K, V, theta, keep, q):
    """The book's version of 14.worths."""
    whole = q @ end_of(M, K, V, theta, keep)
    found = []
    for t in range(len(K)):
        without = theta.clone()
        without[t] = 0
        found.append(whole - q @ end_of(M, K, V, without, keep))
    return torch.stack(found)
