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

__all__ = ["Kept", "Reading"]


@dataclass(frozen=True)
class Kept:
    """What is left, at every token of a piece, of what was written and of what was there before.

    apart   whether every feature of what the layer says has numbers of its own, on an axis before
            the tokens: then each feature is a layer of its own, with one column.
    """

    kept: Float[Tensor, "*batch time time"]
    beta: Float[Tensor, "*batch time"]
    apart: bool = False

    @classmethod
    def of(cls, keep: Float[Tensor, "*batch time features"]) -> Kept:
        """Of alpha_t; one number for all features, or one for each."""
        apart = keep.shape[-1] > 1
        keep = keep.mT if apart else keep[..., 0]
        kept = decay_matrix(keep)
        return cls(kept, keep[..., :1] * kept[..., 0], apart)

    def before(self) -> Kept:
        """The same one token earlier: what a token finds that has not written yet."""
        kept = torch.cat([torch.zeros_like(self.kept[..., :1, :]), self.kept[..., :-1, :]], dim=-2)
        beta = torch.cat([torch.ones_like(self.beta[..., :1]), self.beta[..., :-1]], dim=-1)
        return Kept(kept, beta, self.apart)

    def rows(self, h: Tensor) -> Tensor:
        """h_t, as the layers of single features meet it."""
        return h[..., None, :, :] if self.apart else h

    def columns(self, x: Tensor) -> Tensor:
        """A matrix or what it says, (..., features), as layers of single features."""
        return x.mT[..., None] if self.apart else x

    def together(self, x: Tensor) -> Tensor:
        """What `columns` took apart."""
        return x[..., 0].mT if self.apart else x


class Reading:
    """A layer of several memories while they read a piece: all E_t, and what follows from them.

    kept, eta   of every token, and eta_t, (B, M or 1, H, T, 1 or d_out).
    h, D        (B, M or 1, H, T, ...), see the top of this file. W: (B, M, H, d_in, d_out).
    origin      what the layer forgets towards, as W; None for 0.
    """

    def __init__(
        self, kept: Kept, eta: Tensor, h: Tensor, W: Tensor, D: Tensor, origin: Tensor | None
    ) -> None:
        self.all, self.before = kept, kept.before()
        self.eta = eta.mT if kept.apart else eta[..., 0]
        self.h, self.W = kept.rows(h), kept.columns(W)
        self.origin = None if origin is None else kept.columns(origin)
        triangle = (self.h @ self.h.mT) * self.before.kept * self.eta[..., None, :]
        missing = -kept.columns(D) - self._was_there(self.h, self.W, self.origin)
        self.E = torch.linalg.solve_triangular(triangle, missing, upper=False, unitriangular=True)

    def end(self) -> Tensor:
        """W after the piece."""
        beta, kept = self.all.beta[..., -1, None, None], self.all.kept[..., -1, :]
        after = beta * self.W + self.h.mT @ ((kept * self.eta)[..., None] * self.E)
        if self.origin is not None:
            after = after + (1 - beta) * self.origin
        return self.all.together(after)

    def ask(self, g: Tensor) -> Tensor:
        """g_t W_{t-1} of every token, for the last of the memories, the one that answers."""
        h, W, E, eta = (x[:, -1:] for x in (self.h, self.W, self.E, self.eta))
        g, origin = self.all.rows(g), None if self.origin is None else self.origin[:, -1:]
        found = ((g @ h.mT) * self.before.kept * eta[..., None, :]) @ E
        return self.all.together(self._was_there(g, W, origin) + found)

    def square(self) -> Tensor:
        """|h_t^T E_t|^2 of every token: how long what it writes is before its rate."""
        lengths = self.h.square().sum(-1, keepdim=True) * self.E.square()
        return self.all.together(lengths).sum(-1)

    def _was_there(self, g: Tensor, W: Tensor, origin: Tensor | None) -> Tensor:
        """What g_t is told by what is left of that which was there before the piece."""
        beta = self.before.beta[..., None]
        told = beta * (g @ W)
        return told if origin is None else told + (1 - beta) * (g @ origin)
