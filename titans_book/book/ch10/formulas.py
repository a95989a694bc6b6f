"""Ten models that bear a name, each written out by hand: what the four menus are proved against.

Every function reads one sequence, with the answers after each write. k and v are (T, d); the gates
are theta, eta, alpha and delta, (T) each; the weights, one matrix or two, are the memory before the
first token. Row vectors are tokens, and the loss is the half one. None of these calls the package's
memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from titans_book.steps.deep import gelu, gelu_slope
from titans_book.steps.matrix import titans_step
from titans_book.steps.miras import lp_error, lq_retain, softmax_retain

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
    for k_t, v_t, theta, _, alpha in zip(k, v, *gates[:3], strict=True):
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
    for k_t, v_t, theta, _, alpha in zip(k, v, *gates[:3], strict=True):
        M = (1 - alpha) * (one - theta * torch.outer(k_t, k_t)) @ M + theta * torch.outer(k_t, v_t)
        answers.append(k_t @ M)
    return torch.stack(answers)


def momentum_deltanet(k: Tensor, v: Tensor, gates: Sequence[Tensor], M: Tensor) -> Tensor:
    """The step of chapter 04, which is that of arXiv 2605.05838: Titans with one matrix."""
    answers, S = [], torch.zeros_like(M)
    for k_t, v_t, theta, eta, alpha in zip(k, v, *gates[:3], strict=True):
        M, S = titans_step(M, S, k_t, v_t, theta, eta, alpha)
        answers.append(k_t @ M)
    return torch.stack(answers)


def _ask(W: Sequence[Tensor], x: Tensor) -> Tensor:
    """M(x) = x + gelu(x W_1) W_2."""
    return x + gelu(x @ W[0]) @ W[1]


def _slopes(W: Sequence[Tensor], k: Tensor, error: Tensor) -> list[Tensor]:
    """The gradients of both layers, by hand (chapter 05)."""
    z = k @ W[0]
    return [torch.outer(k, (error @ W[1].T) * gelu_slope(z)), torch.outer(gelu(z), error)]


def ttt_mlp(k: Tensor, v: Tensor, gates: Sequence[Tensor], *weights: Tensor) -> Tensor:
    """W = W - theta u, for both layers (Sun et al. 2024, without its norm)."""
    answers, W = [], list(weights)
    for k_t, v_t, theta in zip(k, v, gates[0], strict=True):
        u = _slopes(W, k_t, _ask(W, k_t) - v_t)
        W = [w - theta * slope for w, slope in zip(W, u, strict=True)]
        answers.append(_ask(W, k_t))
    return torch.stack(answers)


def titans(k: Tensor, v: Tensor, gates: Sequence[Tensor], *weights: Tensor) -> Tensor:
    """S = eta S - theta u and W = (1 - alpha) W + S (Titans eqs. 13-14)."""
    answers, W, S = [], list(weights), [torch.zeros_like(w) for w in weights]
    for k_t, v_t, theta, eta, alpha in zip(k, v, *gates[:3], strict=True):
        u = _slopes(W, k_t, _ask(W, k_t) - v_t)
        S = [eta * s - theta * slope for s, slope in zip(S, u, strict=True)]
        W = [(1 - alpha) * w + s for w, s in zip(W, S, strict=True)]
        answers.append(_ask(W, k_t))
    return torch.stack(answers)


def yaad(k: Tensor, v: Tensor, gates: Sequence[Tensor], *weights: Tensor) -> Tensor:
    """Error r if |r| <= delta, else delta sign(r); W = (1 - alpha) W - theta u (MIRAS eq. 26)."""
    answers, W = [], list(weights)
    for k_t, v_t, theta, _, alpha, delta in zip(k, v, *gates, strict=True):
        r = _ask(W, k_t) - v_t
        u = _slopes(W, k_t, r if r.norm() <= delta else delta * r.sign())
        W = [(1 - alpha) * w - theta * slope for w, slope in zip(W, u, strict=True)]
        answers.append(_ask(W, k_t))
    return torch.stack(answers)


def moneta(k: Tensor, v: Tensor, gates: Sequence[Tensor], *weights: Tensor) -> Tensor:
    """A = (1 - alpha) A - theta u with the errors of p = 3, W the mirror map of A for q = 4."""
    answers, A = [], list(weights)
    W = [lq_retain(a, 4) for a in A]
    for k_t, v_t, theta, _, alpha in zip(k, v, *gates[:3], strict=True):
        u = _slopes(W, k_t, lp_error(_ask(W, k_t), v_t, 3))
        A = [(1 - alpha) * a - theta * slope for a, slope in zip(A, u, strict=True)]
        W = [lq_retain(a, 4) for a in A]
        answers.append(_ask(W, k_t))
    return torch.stack(answers)


def memora(k: Tensor, v: Tensor, gates: Sequence[Tensor], *weights: Tensor) -> Tensor:
    """W = 8 softmax((1 - alpha) log(W / 8) - theta u), layers that see (h, -h) (MIRAS eq. 27)."""

    def halves(W: Sequence[Tensor]) -> list[Tensor]:
        """The layers as they meet h: the upper half of the weights minus the lower half."""
        return [w[: len(w) // 2] - w[len(w) // 2 :] for w in W]

    answers, W = [], list(weights)
    for k_t, v_t, theta, _, alpha in zip(k, v, *gates[:3], strict=True):
        u = _slopes(halves(W), k_t, _ask(halves(W), k_t) - v_t)
        A = [(1 - alpha) * torch.log(w / 8) for w in W]
        A = [a - theta * torch.cat([slope, -slope]) for a, slope in zip(A, u, strict=True)]
        W = [softmax_retain(a, 8) for a in A]
        answers.append(_ask(halves(W), k_t))
    return torch.stack(answers)


FORMULAS: dict[str, Callable[..., Tensor]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        linear_attention,
        mamba2,
        deltanet,
        gated_deltanet,
        momentum_deltanet,
        ttt_mlp,
        titans,
        moneta,
        yaad,
        memora,
    )
}
