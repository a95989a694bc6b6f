"""The memory of the package, read token by token, as chapter 10 compares it with the reader's."""

from __future__ import annotations

import torch
from torch import Tensor

from titans_book.memory import Gates, Rule, memorize

__all__ = ["read_pairs"]


def read_pairs(rule: Rule, K: Tensor, V: Tensor, theta: float) -> Tensor:
    """The matrix (d_in, d_out) after an empty memory has read K (T, d_in) and V (T, d_out)."""
    one = torch.ones(1, 1, len(K), dtype=K.dtype)
    gates = Gates(theta * one, 0 * one, 0 * one)
    k, v = K[None, None], V[None, None]
    empty = torch.zeros(1, K.shape[1], V.shape[1], dtype=K.dtype)
    _, state = memorize(k, k, v, gates, [empty], rule=rule)
    return state.weights[0][0, 0]
