"""One layer of self-modifying memories while they read a piece of a chunk: a delta recurrence.

    W_t = alpha_t W_{t-1} + eta_t h_t^T E_t,     E_t = -(h_t W_{t-1} + D_t)     eq. 93, row vectors

    symbol   meaning                                             identifier
    h_t      input of the layer for k_t, (..., T, d_in)          h
    D_t      error at its output, (..., T, d_out)                D
    E_t      what token t finds missing, (..., T, d_out)         E
    A_ti     alpha_{i+1} ... alpha_t: kept at t of i's write     kept
    beta_t   alpha_1 ... alpha_t: kept at t of W_0               beta

h and D are measured at the chunk's start, so only E depends on what was written since: W_{t-1} =
beta_{t-1} W_0 + sum_{i<t} A_{t-1,i} eta_i h_i^T E_i, and all E_t come from one triangular solve,

    E_t + sum_{i<t} A_{t-1,i} eta_i (h_t . h_i) E_i = -D_t - beta_{t-1} h_t W_0

Taught in chapter 12.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.memory.recurrence import decay_matrix

__all__ = ["Pace", "Reading"]


@dataclass(frozen=True)
class Pace:
    """The rates of a piece, and what is left at every token of what was there before it."""

    eta: Float[Tensor, "*batch time"]
    kept: Float[Tensor, "*batch time time"]
    beta: Float[Tensor, "*batch time"]

    @classmethod
    def of(cls, eta: Float[Tensor, "*batch time"], keep: Float[Tensor, "*batch time"]) -> Pace:
        """The pace of tokens with these rates."""
        kept = decay_matrix(keep)
        return cls(eta, kept, keep[..., :1] * kept[..., 0])

    def before(self) -> Pace:
        """The same one token earlier: what a token finds that has not written yet."""
        kept = torch.cat([torch.zeros_like(self.kept[..., :1, :]), self.kept[..., :-1, :]], dim=-2)
        beta = torch.cat([torch.ones_like(self.beta[..., :1]), self.beta[..., :-1]], dim=-1)
        return Pace(self.eta, kept, beta)

    def writes(self) -> Float[Tensor, "*batch time time"]:
        """A_ti eta_i: how much of what i wrote is there at t."""
        return self.kept * self.eta[..., None, :]


class Reading:
    """A layer of several memories while they read a piece: all E_t, and what follows from them.

    eta, keep   (B, 1, H, T, 1), rates of every token; or (B, 1, H, T, d_out), of every feature that
                the layer says. Then each feature is a layer of its own, with one column.
    h, D        (B, M or 1, H, T, ...), see the top of this file. W: (B, M, H, d_in, d_out).
    origin      what the layer forgets towards, as W; None for 0.
    """

    def __init__(
        self, eta: Tensor, keep: Tensor, h: Tensor, W: Tensor, D: Tensor, origin: Tensor | None
    ) -> None:
        self.apart = eta.shape[-1] > 1
        eta, keep = (rate.mT if self.apart else rate[..., 0] for rate in (eta, keep))
        self.pace = Pace.of(eta, keep)
        self.before = self.pace.before()
        self.h, self.W = self._rows(h), self._columns(W)
        self.origin = None if origin is None else self._columns(origin)
        triangle = (self.h @ self.h.mT) * self.before.writes()
        missing = -self._columns(D) - self._was_there(self.h, self.W, self.origin)
        self.E = torch.linalg.solve_triangular(triangle, missing, upper=False, unitriangular=True)

    def end(self) -> Tensor:
        """W after the piece."""
        beta, last = self.pace.beta[..., -1, None, None], self.pace.writes()[..., -1, :, None]
        after = beta * self.W + self.h.mT @ (last * self.E)
        if self.origin is not None:
            after = after + (1 - beta) * self.origin
        return self._back(after)

    def ask(self, g: Tensor) -> Tensor:
        """g_t W_{t-1} of every token, for the last of the memories, the one that answers."""
        g, (h, W, E) = self._rows(g), (x[:, -1:] for x in (self.h, self.W, self.E))
        origin = None if self.origin is None else self.origin[:, -1:]
        found = (g @ h.mT * self.before.writes()) @ E
        return self._back(self._was_there(g, W, origin) + found)

    def square(self) -> Tensor:
        """|h_t^T E_t|^2 of every token: how long what it writes is before its rate."""
        return self._back(self.h.square().sum(-1, keepdim=True) * self.E.square()).sum(-1)

    def _was_there(self, g: Tensor, W: Tensor, origin: Tensor | None) -> Tensor:
        """What g_t is told by what is left of that which was there before the piece."""
        beta = self.before.beta[..., None]
        told = beta * (g @ W)
        return told if origin is None else told + (1 - beta) * (g @ origin)

    def _rows(self, h: Tensor) -> Tensor:
        return h[..., None, :, :] if self.apart else h

    def _columns(self, x: Tensor) -> Tensor:
        return x.mT[..., None] if self.apart else x

    def _back(self, x: Tensor) -> Tensor:
        return x[..., 0].mT if self.apart else x
