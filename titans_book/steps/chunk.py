"""One chunk at a time, for the smallest memory there is: a single matrix, one head (chapter 06).

symbol    | meaning                                                     | shape         | identifier
M, S      | fast memory and past surprise where the chunk starts        | (d_in, d_out) | M, S
q, k / v  | queries, keys / values of the b tokens, as rows             | (b, d)        | q, k / v
theta     | how hard each token writes                                  | (b)           | theta
eta       | how much past surprise carries on                           | (b)           | eta
alpha     | how much is forgotten                                       | (b)           | alpha
D         | what each token writes under its key, theta (v - k M)       | (b, d_out)    | D
A, E      | how much of a write memory, and momentum, keeps             | (b, b)        | decay_mask
P         | A E: how much of token i's write is in M_t                  | (b, b)        | P
beta, c   | how much of the first M, and of the first S, is in M_t      | (b)           | beta, c

All surprise of a chunk is measured at the M it starts with (Titans eq. 16), so

    M_t = beta_t M + c_t S + sum_{i<=t} P_ti k_i^T d_i
    S_t = e_t S + sum_{i<=t} E_ti k_i^T d_i               e_t = eta_1 ... eta_t

No matrix per token is formed. `memorize` is the same for all heads, depths and objectives, and
`reference.memorize` its oracle. The functions are pure: what they are given stays as it is.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["chunk_coefficients", "chunk_read", "chunk_write", "decay_mask", "in_chunks"]

Matrix = Float[Tensor, "d_in d_out"]
Gate = Float[Tensor, " b"]


def decay_mask(decay: Gate) -> Float[Tensor, "b b"]:
    """What is left at t of what came in at i, A_ti = decay_{i+1} ... decay_t (beta_t / beta_i).

    Lower triangular, ones on the diagonal; Titans eq. 16. The products run down the columns, so
    nothing is divided, no logarithm is taken, and a gate of exactly 0 is exact.

    >>> decay_mask(torch.tensor([0.5, 0.5, 0.1]))
    tensor([[1.0000, 0.0000, 0.0000],
            [0.5000, 1.0000, 0.0000],
            [0.0500, 0.1000, 1.0000]])

    Taught in notebooks/06_going_parallel.ipynb.
    """
    later = decay.new_ones(len(decay), len(decay)).tril(-1) > 0
    factors = torch.where(later, decay[:, None], 1.0)
    return factors.cumprod(0).tril()


def chunk_coefficients(
    eta: Gate, alpha: Gate
) -> tuple[Float[Tensor, "b b"], Float[Tensor, "b b"], Gate, Gate]:
    """P, E, beta and c of the header: two leaky sums in a row (Titans eqs. 13 to 18).

    P = A E, beta_t = (1 - alpha_1) ... (1 - alpha_t), c = A e with e_t = eta_1 ... eta_t.

    >>> none = torch.zeros(3)
    >>> chunk_coefficients(none, none)[0]       # no momentum, no forgetting: a running sum
    tensor([[1., 0., 0.],
            [1., 1., 0.],
            [1., 1., 1.]])

    Taught in notebooks/06_going_parallel.ipynb.
    """
    A, E = decay_mask(1 - alpha), decay_mask(eta)
    beta, e = (1 - alpha).cumprod(0), eta.cumprod(0)
    return A @ E, E, beta, A @ e


def chunk_read(
    M: Matrix,
    S: Matrix,
    q: Float[Tensor, "b d_in"],
    k: Float[Tensor, "b d_in"],
    v: Float[Tensor, "b d_out"],
    theta: Gate,
    eta: Gate,
    alpha: Gate,
) -> Float[Tensor, "b d_out"]:
    """The answers y_t = q_t M_t of all tokens of a chunk (Titans eqs. 15 to 18), (b, d_out).

    Y = beta Q M + c Q S + ((Q K^T) * P) D. Taught in notebooks/06_going_parallel.ipynb.
    """
    P, _, beta, c = chunk_coefficients(eta, alpha)
    D = theta[:, None] * (v - k @ M)
    old = beta[:, None] * (q @ M) + c[:, None] * (q @ S)
    return old + (q @ k.T * P) @ D


def chunk_write(
    M: Matrix,
    S: Matrix,
    k: Float[Tensor, "b d_in"],
    v: Float[Tensor, "b d_out"],
    theta: Gate,
    eta: Gate,
    alpha: Gate,
) -> tuple[Matrix, Matrix]:
    """M and S after the last token of a chunk (Titans eqs. 16 to 18): the last rows of P and E.

    M_b = beta_b M + c_b S + K^T (P_b D),  S_b = e_b S + K^T (E_b D).
    Taught in notebooks/06_going_parallel.ipynb.
    """
    P, E, beta, c = chunk_coefficients(eta, alpha)
    D = theta[:, None] * (v - k @ M)
    M_b = beta[-1] * M + c[-1] * S + k.T @ (P[-1, :, None] * D)
    S_b = eta.prod() * S + k.T @ (E[-1, :, None] * D)
    return M_b, S_b


def in_chunks(
    M: Matrix,
    S: Matrix,
    q: Float[Tensor, "T d_in"],
    k: Float[Tensor, "T d_in"],
    v: Float[Tensor, "T d_out"],
    theta: Float[Tensor, " T"],
    eta: Float[Tensor, " T"],
    alpha: Float[Tensor, " T"],
    b: int,
) -> tuple[Float[Tensor, "T d_out"], Matrix, Matrix]:
    """A whole text in chunks of b tokens: the answers, and M and S after the last token.

    Each chunk is read at the memory it finds, and written after that: a read that came after the
    write of its chunk would answer with tokens that are not there yet. Titans eq. 16 with
    t' = b floor((t - 1) / b). Taught in notebooks/06_going_parallel.ipynb.
    """
    answers = []
    for start in range(0, len(k), b):
        now = [x[start : start + b] for x in (q, k, v, theta, eta, alpha)]
        answers.append(chunk_read(M, S, *now))
        M, S = chunk_write(M, S, *now[1:])
    return torch.cat(answers), M, S
