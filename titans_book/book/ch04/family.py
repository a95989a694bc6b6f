"""Other people's memories, each after its own paper, in a form as far from `memorize` as can be.

RetNet is linear attention with a constant decay, Mamba-2 has a decay that depends on the token,
DeltaNet writes what is missing, and Longhorn solves the delta step exactly (Titans eqs. 34 and 35).
Tokens are rows. The norms and rotations around these memories are left out.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from titans_book.memory import Gates, memorize

__all__ = ["Stream"]


class Stream:
    """Random tokens, our memory's answers to them by settings, and the others' by name.

    write and decay are gates that depend on the token, as Mamba-2 has them.

    >>> stream = Stream()
    >>> stream.apart("DeltaNet", "l2", theta=0.3) < 1e-12
    True
    """

    def __init__(self, seed: int = 0, tokens: int = 20, dim: int = 8):
        g = torch.Generator().manual_seed(seed)
        q, k, v = torch.randn(3, tokens, dim, generator=g, dtype=torch.float64)
        self.q, self.k, self.v = q, torch.nn.functional.normalize(k, dim=-1), v
        self.write = torch.rand(tokens, generator=g, dtype=torch.float64)
        self.decay = 1 - torch.exp(-self.write)
        one = torch.ones_like(self.write)
        self.theirs = {
            "linear attention": self._attention(one, one),
            "RetNet": self._attention(0.9 * one, one),
            "Mamba-2": self._attention(1 - self.decay, self.write),
            "DeltaNet": self._recurrence(_delta_net),
            "Longhorn": self._recurrence(_longhorn),
        }

    def ours(
        self, loss: str, theta: float | Tensor, alpha: float | Tensor = 0.0, eta: float | int = 0.0
    ) -> Tensor:
        """Our answers; a gate is a number, or one number a token. loss: "dot" or "l2"."""
        one = torch.ones_like(self.write)
        gates = Gates(*((gate * one)[None, None] for gate in (theta, eta, alpha)))
        rows = (x[None, None] for x in (self.q, self.k, self.v))
        empty = [torch.zeros(1, *self.k.shape[-1:] * 2, dtype=torch.float64)]
        return memorize(*rows, gates, empty, objective=loss, chunk=1)[0][0, 0]

    def apart(
        self,
        name: str,
        loss: str,
        theta: float | Tensor,
        alpha: float | Tensor = 0.0,
        eta: float | int = 0.0,
    ) -> float:
        """The largest difference between our answers and theirs."""
        return float((self.ours(loss, theta, alpha, eta) - self.theirs[name]).abs().max())

    def _attention(self, keep: Tensor, write: Tensor) -> Tensor:
        """Every token hears the earlier ones, as loudly as the decay between them allows."""
        kept = keep.cumprod(0)
        return (self.q @ self.k.T * (kept[:, None] / kept).tril()) @ (write[:, None] * self.v)

    def _recurrence(self, step: Callable) -> Tensor:
        M, answers = torch.zeros_like(self.k.T @ self.k), []
        for q, k, v in zip(self.q, self.k, self.v, strict=True):
            M = step(M, torch.outer(k, k), torch.outer(k, v))
            answers.append(q @ M)
        return torch.stack(answers)


def _delta_net(M: Tensor, kk: Tensor, kv: Tensor, beta: float = 0.3) -> Tensor:
    """Titans (34)."""
    return (torch.eye(len(M)) - beta * kk) @ M + beta * kv


def _longhorn(M: Tensor, kk: Tensor, kv: Tensor, beta: float = 0.3) -> Tensor:
    """The least of |M' - M|^2 + beta |k M' - v|^2, which is Titans (35)."""
    return torch.linalg.solve(torch.eye(len(M)) + beta * kk, M + beta * kv)
