"""What chapter 12 adds: levels with clocks, and memories that make their own keys and values.

symbol    | meaning                                         | shape                  | identifier
W         | weights of a level, of several levels           | (*levels, d_in, d_out) | W
g         | gradient of one token                           | (d_in, d_out)          | g, window
C         | period: after how many tokens a level learns    | whole number           | C
eta, rho  | rate of an update, and what it keeps of W       | numbers                | rate, keep
W_1, W_2  | layers of a memory, of several memories         | (*n, d, m), (*n, m, d) | W_1, W_2
k, v, q   | key, value, query; rows                         | (d)                    | k, v, q

A memory of two layers is M(x) = x + gelu(x W_1) W_2, as in chapter 05. The package has all of this
for any module and any batch: `titans_book.nested.continuum.ContinuumMemory` and
`titans_book.nested.self_modifying`. The functions are pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.steps.deep import Hidden, Last, gelu, gelu_slope, mlp_read
from titans_book.steps.matrix import Number

__all__ = ["cms_update", "joint", "read_levels", "self_token", "self_write", "slow_first"]

Matrix = Float[Tensor, "d_in d_out"]
Levels = Float[Tensor, "levels d_in d_out"]


def cms_update(
    W: Matrix, window: Matrix, g: Matrix, i: int, C: int, rate: Number, keep: Number
) -> tuple[Matrix, Matrix]:
    """A level after token i = 1, 2, ...: its weights and its open window (Nested Learning 71).

    W <- keep W - rate (g_{i-C+1} + ... + g_i) if C divides i; else W stays, and the window grows.
    Taught in notebooks/12_continuum.ipynb.
    """
    window = window + g
    if i % C:
        return W, window
    return keep * W - rate * window, torch.zeros_like(window)


def joint(
    says: Float[Tensor, "levels d_out"], v: Float[Tensor, " d_out"]
) -> Float[Tensor, "levels d_out"]:
    """Every level is corrected for the error of the whole answer, the sum of what all say.

    Taught in notebooks/12_continuum.ipynb.
    """
    return (says.sum(0) - v).expand_as(says)


def slow_first(
    says: Float[Tensor, "levels d_out"], v: Float[Tensor, " d_out"]
) -> Float[Tensor, "levels d_out"]:
    """Every level is corrected for the error of what it and the slower ones say; fastest first.

    Taught in notebooks/12_continuum.ipynb.
    """
    slower_and_own = says.flip(0).cumsum(0).flip(0)
    return slower_and_own - v


def read_levels(
    W: Levels,
    K: Float[Tensor, "T d_in"],
    V: Float[Tensor, "T d_out"],
    levels: Sequence[tuple[int, Number, Number]],
    correct: Callable[[Tensor, Tensor], Tensor],
) -> tuple[Float[Tensor, "T levels d_out"], Levels]:
    """Levels side by side read a stream (74): what each said to every key before it learned, and W.

    levels: C, rate and keep of each, the fastest first. Their windows are empty at first.
    Taught in notebooks/12_continuum.ipynb.
    """
    W = W.clone()
    windows, told = torch.zeros_like(W), []
    for i, (k, v) in enumerate(zip(K, V, strict=True), 1):
        says = k @ W
        told.append(says)
        errors = correct(says, v)
        for n, (C, rate, keep) in enumerate(levels):
            g = torch.outer(k, errors[n])
            W[n], windows[n] = cms_update(W[n], windows[n], g, i, C, rate, keep)
    return torch.stack(told), W


def self_write(
    W_1: Hidden,
    W_2: Last,
    k: Float[Tensor, " d"],
    v: Float[Tensor, " d"],
    eta: Number,
    keep: Number,
) -> tuple[Hidden, Last]:
    """A memory of two layers writes, under k, what it says itself to v (Nested Learning 84-92).

    Each layer takes a delta step with its own input h and the error D at its output, that of the
    loss -<M(k), M(v)>: W <- keep W - eta h^T (h W + D). Taught in notebooks/12_continuum.ipynb.
    """
    value = mlp_read(W_1, W_2, v)
    z = k @ W_1
    h = gelu(z)
    D_2 = -value
    D_1 = (D_2 @ W_2.T) * gelu_slope(z)
    W_1 = keep * W_1 - eta * torch.outer(k, k @ W_1 + D_1)
    W_2 = keep * W_2 - eta * torch.outer(h, h @ W_2 + D_2)
    return W_1, W_2


def self_token(
    W_1: Float[Tensor, "5 d m"],
    W_2: Float[Tensor, "5 m d"],
    x: Float[Tensor, " d"],
    q: Float[Tensor, " d"],
    eta_max: Number,
) -> tuple[Float[Tensor, "5 d m"], Float[Tensor, "5 m d"], Float[Tensor, " d"]]:
    """One token of self-modifying Titans, C = 1: the memories after it, and the answer (83-88).

    In order: those that make keys, values, rates and retention, and the one that answers q, before
    anything is written. Taught in notebooks/12_continuum.ipynb.
    """
    k, v, eta, alpha, y = (
        mlp_read(W_1[n], W_2[n], asked) for n, asked in enumerate((x, x, x, x, q))
    )
    k, v = k / k.norm(), v / v.norm()
    eta = eta_max * torch.sigmoid(eta.mean())
    keep = torch.sigmoid(alpha.mean() + 6)
    written = [self_write(W_1[n], W_2[n], k, v, eta, keep) for n in range(5)]
    W_1, W_2 = (torch.stack(layers) for layers in zip(*written, strict=True))
    return W_1, W_2, y
