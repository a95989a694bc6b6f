"""NeuralMemory in its smallest form: one sequence, one head, one matrix, token by token.

symbol            | meaning                                  | shape          | identifier
x                 | the tokens                               | (T, dim)       | x
W_Q, W_K, W_V     | slow: make queries, keys, values         | (dim, d)       | W_Q, W_K, W_V
W, b              | slow: open the gates                     | (dim, 3), (3)  | W, b
M_0               | slow: the memory before the first token  | (d, d)         | M
q, k, v           | queries, keys, values                    | (T, d)         | q, k, v
theta, eta, alpha | the gates of every token                 | (T)            | theta, eta, alpha

It is what `layer.NeuralMemory` computes between its convolution and its output stage, with depth 1,
chunk 1 and no clamp, and it can be differentiated in every slow weight. Taught in chapter 07.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.steps.matrix import loss, read, surprise_step, titans_step

__all__ = ["inner_then_outer", "layer_forward", "open_gates", "project"]

Tokens = Float[Tensor, "T d"]
Slow = Float[Tensor, "dim d"]


def project(
    x: Float[Tensor, "T dim"], W_Q: Slow, W_K: Slow, W_V: Slow
) -> tuple[Tokens, Tokens, Tokens]:
    """q, k, v = x W_Q, x W_K, x W_V (Titans eqs. 11, 15), then SiLU and length 1 for q and k.

    Taught in notebooks/07_learning_to_memorise.ipynb.
    """
    unit, silu = torch.nn.functional.normalize, torch.nn.functional.silu
    return unit(silu(x @ W_Q), dim=-1), unit(silu(x @ W_K), dim=-1), x @ W_V


def open_gates(
    x: Float[Tensor, "T dim"], W: Float[Tensor, "dim 3"], b: Float[Tensor, " 3"]
) -> tuple[Float[Tensor, " T"], Float[Tensor, " T"], Float[Tensor, " T"]]:
    """theta, eta, alpha of every token: sigmoids of x W + b; theta carries the factor 1 - eta.

    Taught in notebooks/07_learning_to_memorise.ipynb.
    """
    theta, eta, alpha = torch.sigmoid(x @ W + b).unbind(-1)
    return theta * (1 - eta), eta, alpha


def layer_forward(
    x: Float[Tensor, "T dim"],
    W_Q: Slow,
    W_K: Slow,
    W_V: Slow,
    W: Float[Tensor, "dim 3"],
    b: Float[Tensor, " 3"],
    M: Float[Tensor, "d d"],
) -> tuple[Tokens, Float[Tensor, "d d"]]:
    """Read x with a memory that starts at M: the answers y_t = q_t M_t, and the last M_t.

    Taught in notebooks/07_learning_to_memorise.ipynb.
    """
    q, k, v = project(x, W_Q, W_K, W_V)
    theta, eta, alpha = open_gates(x, W, b)
    S, y = torch.zeros_like(M), []
    for t in range(len(x)):
        M, S = titans_step(M, S, k[t], v[t], theta[t], eta[t], alpha[t])
        y.append(read(M, q[t]))
    return torch.stack(y), M


def inner_then_outer(
    W_K: Slow,
    M: Float[Tensor, "d d_v"],
    x: Float[Tensor, "T dim"],
    v: Float[Tensor, "T d_v"],
    q: Float[Tensor, " d"],
    target: Float[Tensor, " d_v"],
    theta: Tensor | float | int,
) -> Float[Tensor, ""]:
    """The outer loss: write every pair (x_t W_K, v_t) into M, then ask q and compare with target.

    Taught in notebooks/07_learning_to_memorise.ipynb.
    """
    for t in range(len(x)):
        M = surprise_step(M, x[t] @ W_K, v[t], theta)
    return loss(M, q, target)
