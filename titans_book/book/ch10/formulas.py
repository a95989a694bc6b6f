"""Ten models that bear a name, each written out by hand: what the four menus are proved against.

Every function reads one sequence with the answers after each write. k and v are (T, d); theta, eta
and alpha are (T); weights are one matrix or two, the memory before the first token. Row vectors are
tokens, and the loss is the half one. None of these calls the package's memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from titans_book.steps.deep import gelu, gelu_slope
from titans_book.steps.miras import huber_error, lp_error, lq_retain

__all__ = ["FORMULAS"]


def linear_attention(k: Tensor, v: Tensor, gates: Sequence[Tensor], M: Tensor) -> Tensor:
    """M = M + theta k^T v (Katharopoulos et al. 2020)."""
    answers = []
    for k_t, v_t, theta in zip(k, v, gates[0], strict=True):
        M = M + theta * torch.outer(k_t, v_t)
        answers.append(k_t @ M)
    return torch.stack(answers)


def mamba2(k: Tensor, v: Tensor, gates: Sequence[Tensor], M: Tensor) -> Tensor:
    """M = a M + theta k^T v, with a = 1 - alpha (the recurrence of Dao and Gu 2024)."""
    answers = []
    for k_t, v_t, theta, _, alpha in zip(k, v, *gates, strict=True):
        M = (1 - alpha) * M + theta * torch.outer(k_t, v_t)
        answers.append(k_t @ M)
    return torch.stack(answers)


def deltanet(k: Tensor, v: Tensor, gates: Sequence[Tensor], M: Tensor) -> Tensor:
    """M = M + theta k^T (v - k M) (Schlag et al. 2021)."""
    answers = []
    for k_t, v_t, theta in zip(k, v, gates[0], strict=True):
        M = M + theta * torch.outer(k_t, v_t - k_t @ M)
        answers.append(k_t @ M)
    return torch.stack(answers)


def gated_deltanet(k: Tensor, v: Tensor, gates: Sequence[Tensor], M: Tensor) -> Tensor:
    """M = a (I - theta k^T k) M + theta k^T v (Yang et al. 2024): it forgets before it asks."""
    answers, one = [], torch.eye(k.shape[1], dtype=k.dtype)
    for k_t, v_t, theta, _, alpha in zip(k, v, *gates, strict=True):
        M = (1 - alpha) * (one - theta * torch.outer(k_t, k_t)) @ M + theta * torch.outer(k_t, v_t)
        answers.append(k_t @ M)
    return torch.stack(answers)


def _slopes(W: Sequence[Tensor], k: Tensor, v: Tensor, error: Callable) -> tuple[Tensor, Tensor]:
    """The gradients of both layers of M(x) = x + gelu(x W_1) W_2, by hand (chapter 05)."""
    z = k @ W[0]
    D_2 = error(k + gelu(z) @ W[1], v)
    D_1 = (D_2 @ W[1].T) * gelu_slope(z)
    return torch.outer(k, D_1), torch.outer(gelu(z), D_2)


def _deep(
    k: Tensor,
    v: Tensor,
    gates: Sequence[Tensor],
    W: Sequence[Tensor],
    error: Callable,
    step: Callable[..., tuple[list[Tensor], Any]],
) -> Tensor:
    """Both layers take `step` at every token; step(W, u, theta, eta, alpha, kept) -> W, kept."""
    answers, W, kept = [], list(W), None
    for k_t, v_t, *gate in zip(k, v, *gates, strict=True):
        W, kept = step(W, _slopes(W, k_t, v_t, error), *gate, kept)
        answers.append(k_t + gelu(k_t @ W[0]) @ W[1])
    return torch.stack(answers)


def _l2(answer: Tensor, value: Tensor) -> Tensor:
    return answer - value


def ttt_mlp(k: Tensor, v: Tensor, gates: Sequence[Tensor], *W: Tensor) -> Tensor:
    """W = W - theta u, for both layers (Sun et al. 2024, without its norm)."""

    def step(W, u, theta, eta, alpha, kept):
        return [w - theta * slope for w, slope in zip(W, u, strict=True)], None

    return _deep(k, v, gates, W, _l2, step)


def titans(k: Tensor, v: Tensor, gates: Sequence[Tensor], *W: Tensor) -> Tensor:
    """S = eta S - theta u and W = (1 - alpha) W + S (Titans eqs. 13-14)."""

    def step(W, u, theta, eta, alpha, S):
        S = [eta * s - theta * slope for s, slope in zip(S or [0, 0], u, strict=True)]
        return [(1 - alpha) * w + s for w, s in zip(W, S, strict=True)], S

    return _deep(k, v, gates, W, _l2, step)


def yaad(k: Tensor, v: Tensor, gates: Sequence[Tensor], *W: Tensor) -> Tensor:
    """W = (1 - alpha) W - theta u, with errors cut at +-1 (MIRAS, Huber by coordinate)."""

    def step(W, u, theta, eta, alpha, kept):
        return [(1 - alpha) * w - theta * slope for w, slope in zip(W, u, strict=True)], None

    return _deep(k, v, gates, W, lambda y, v: huber_error(y, v, 1.0), step)


def moneta(k: Tensor, v: Tensor, gates: Sequence[Tensor], *W: Tensor) -> Tensor:
    """A = (1 - alpha) A - theta u with the errors of p = 3, W the mirror map of A for q = 4."""

    def step(W, u, theta, eta, alpha, A):
        A = [lq_retain(w, 4 / 3) for w in W] if A is None else A
        A = [(1 - alpha) * a - theta * slope for a, slope in zip(A, u, strict=True)]
        return [lq_retain(a, 4) for a in A], A

    return _deep(k, v, gates, W, lambda y, v: lp_error(y, v, 3), step)


def memora(k: Tensor, v: Tensor, gates: Sequence[Tensor], *W: Tensor) -> Tensor:
    """W = c softmax((1 - alpha) log W - theta u), column by column (MIRAS eq. 27)."""

    def step(W, u, theta, eta, alpha, A):
        c = [w.sum(-2, keepdim=True) for w in W]
        A = [torch.log(w / s) for w, s in zip(W, c, strict=True)] if A is None else A
        A = [(1 - alpha) * a - theta * slope for a, slope in zip(A, u, strict=True)]
        return [s * a.softmax(-2) for a, s in zip(A, c, strict=True)], A

    return _deep(k, v, gates, W, _l2, step)


FORMULAS: dict[str, Callable[..., Tensor]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        linear_attention,
        mamba2,
        deltanet,
        gated_deltanet,
        ttt_mlp,
        titans,
        moneta,
        yaad,
        memora,
    )
}
