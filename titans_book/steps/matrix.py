"""One token at a time, for the smallest memory there is: a single matrix (chapters 01 to 04).

symbol    | meaning                               | shape         | identifier
M         | fast memory, keys to values           | (d_in, d_out) | M
S         | past surprise                         | (d_in, d_out) | S
u         | momentary surprise, a gradient        | (d_in, d_out) | u
k, q / v  | key, query / value                    | (d_in) / (d_out) | k, q / v
theta     | write rate                            | a number      | theta
eta       | how much past surprise carries on     | a number      | eta
alpha     | forgetting                            | a number      | alpha

Tokens are rows, so a memory answers q M. Nothing here is fast or deep: `reference.memorize` is the
same recurrence for every network and objective, and `memorize` the same as matrix products. The
functions are pure: what they are given stays as it is.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = [
    "delta_write",
    "hebb_write",
    "loss",
    "momentum_step",
    "read",
    "surprise_grad",
    "surprise_score",
    "surprise_step",
    "titans_step",
]

Number = float | int | Float[Tensor, ""]
Matrix = Float[Tensor, "d_in d_out"]


def read(M: Matrix, q: Float[Tensor, "*T d_in"]) -> Float[Tensor, "*T d_out"]:
    """The memory's answer, y = q M (Titans eq. 15, and eq. 5 for linear attention).

    >>> read(torch.eye(2), torch.tensor([3.0, 4.0]))
    tensor([3., 4.])

    Taught in notebooks/01_memory_is_a_function.ipynb.
    """
    return q @ M


def hebb_write(M: Matrix, k: Float[Tensor, " d_in"], v: Float[Tensor, " d_out"]) -> Matrix:
    """Add the pair as an outer product, M + k^T v (Titans eq. 4; Hebb's rule).

    Taught in notebooks/01_memory_is_a_function.ipynb.
    """
    return M + torch.outer(k, v)


def loss(M: Matrix, k: Float[Tensor, " d_in"], v: Float[Tensor, " d_out"]) -> Float[Tensor, ""]:
    """How wrong the answer is: 1/2 |k M - v|^2, summed over features (Titans eq. 12, halved).

    The paper's eq. 12 has no 1/2, its appendix C has; the book halves everywhere.
    Taught in notebooks/01_memory_is_a_function.ipynb.
    """
    error = read(M, k) - v
    return 0.5 * (error**2).sum()


def delta_write(
    M: Matrix, k: Float[Tensor, " d_in"], v: Float[Tensor, " d_out"], theta: Number
) -> Matrix:
    """Write only what is missing, M + theta k^T (v - k M) (the delta rule; Titans eq. 34).

    With |k| = 1 and theta = 1 the pair is exact afterwards.
    Taught in notebooks/01_memory_is_a_function.ipynb.
    """
    missing = v - read(M, k)
    return M + theta * torch.outer(k, missing)


def surprise_grad(M: Matrix, k: Float[Tensor, " d_in"], v: Float[Tensor, " d_out"]) -> Matrix:
    """Momentary surprise: the gradient of `loss` for M, u = k^T (k M - v) (Titans eqs. 8 and 12).

    Taught in notebooks/02_surprise_is_a_gradient.ipynb.
    """
    return torch.outer(k, read(M, k) - v)


def surprise_score(
    M: Matrix, k: Float[Tensor, " d_in"], v: Float[Tensor, " d_out"]
) -> Float[Tensor, ""]:
    """How surprising a token is, as one number: |u| (Frobenius), which is |k| |k M - v|.

    Taught in notebooks/02_surprise_is_a_gradient.ipynb.
    """
    return surprise_grad(M, k, v).norm()


def surprise_step(
    M: Matrix, k: Float[Tensor, " d_in"], v: Float[Tensor, " d_out"], theta: Number
) -> Matrix:
    """One step against the surprise, M - theta u (Titans eq. 8): `delta_write`, seen again.

    Taught in notebooks/02_surprise_is_a_gradient.ipynb.
    """
    return M - theta * surprise_grad(M, k, v)


def momentum_step(S: Matrix, u: Matrix, theta: Number, eta: Number) -> Matrix:
    """Past surprise after one token, S = eta S - theta u (Titans eq. 10). Eq. 9 writes M + S.

    Taught in notebooks/03_past_surprise.ipynb.
    """
    return eta * S - theta * u


def titans_step(
    M: Matrix,
    S: Matrix,
    k: Float[Tensor, " d_in"],
    v: Float[Tensor, " d_out"],
    theta: Number,
    eta: Number,
    alpha: Number,
) -> tuple[Matrix, Matrix]:
    """One token of Titans: (M, S) before it to (M, S) after it (Titans eqs. 13 and 14).

    u = k^T (k M - v),  S = eta S - theta u,  M = (1 - alpha) M + S: the surprise is measured at
    the memory before it forgets. Taught in notebooks/04_forgetting.ipynb.
    """
    u = surprise_grad(M, k, v)
    S = momentum_step(S, u, theta, eta)
    M = (1 - alpha) * M + S
    return M, S
