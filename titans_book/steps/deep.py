"""One token at a time, for the smallest deep memory there is: one hidden layer (chapter 05).

symbol    | meaning                                     | shape           | identifier
W_1, W_2  | fast weights, hidden and last layer         | (d, m), (m, d)  | W_1, W_2
S_1, S_2  | past surprise of each layer                 | as W_1, W_2     | S_1, S_2
u_1, u_2  | momentary surprise of each layer            | as W_1, W_2     | (returned by inner_grad)
k, q, v   | key, query, value; rows                     | (d)             | k, q, v
z, h      | the hidden layer before and after the bend  | (m)             | z, h
D_1, D_2  | error at the output of each layer           | (m), (d)        | D_1, D_2
theta, eta, alpha | write rate, momentum, forgetting    | numbers         | theta, eta, alpha

The memory is M(x) = x + gelu(x W_1) W_2. Titans leaves its form open; this one is that of MIRAS and
ATLAS. `network.Network` is the same for any depth, `reference.memorize` the same recurrence for any
network. The functions are pure: what they are given stays as it is.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import gelu

from titans_book.steps.matrix import Number, momentum_step

__all__ = ["deep_step", "gelu", "gelu_slope", "inner_grad", "mlp_read"]

Hidden = Float[Tensor, "d m"]
Last = Float[Tensor, "m d"]


def gelu_slope(z: Float[Tensor, "*m"]) -> Float[Tensor, "*m"]:
    """The derivative of the bend: gelu(z) = z P(z), P the normal distribution, so P(z) + z P'(z).

    >>> gelu_slope(torch.tensor([0.0, 9.0]))
    tensor([0.5000, 1.0000])
    """
    below = 0.5 * (1 + torch.erf(z / math.sqrt(2)))
    return below + z * torch.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)


def mlp_read(W_1: Hidden, W_2: Last, q: Float[Tensor, "*T d"]) -> Float[Tensor, "*T d"]:
    """The memory's answer, y = M*(q) = q + gelu(q W_1) W_2 (Titans eq. 15).

    >>> mlp_read(torch.zeros(2, 3), torch.zeros(3, 2), torch.tensor([3.0, 4.0]))
    tensor([3., 4.])

    Taught in notebooks/05_deep_memory.ipynb.
    """
    h = gelu(q @ W_1)
    return q + h @ W_2


def inner_grad(
    W_1: Hidden, W_2: Last, k: Float[Tensor, " d"], v: Float[Tensor, " d"]
) -> tuple[Hidden, Last]:
    """Momentary surprise of both layers: the gradients of 1/2 |M(k) - v|^2 (Titans eqs. 8 and 12).

    The error at the end, D_2 = M(k) - v, is sent back through the last layer and the bend to
    D_1 = (D_2 W_2^T) * gelu'(z). The gradient of a layer is its input times its error: u_1 = k^T
    D_1 and u_2 = h^T D_2. Taught in notebooks/05_deep_memory.ipynb.
    """
    z = k @ W_1
    h = gelu(z)
    D_2 = k + h @ W_2 - v
    D_1 = (D_2 @ W_2.T) * gelu_slope(z)
    return torch.outer(k, D_1), torch.outer(h, D_2)


def deep_step(
    W_1: Hidden,
    W_2: Last,
    S_1: Hidden,
    S_2: Last,
    k: Float[Tensor, " d"],
    v: Float[Tensor, " d"],
    theta: Number,
    eta: Number,
    alpha: Number,
) -> tuple[Hidden, Last, Hidden, Last]:
    """One token of Titans for both layers: (W_1, W_2, S_1, S_2) before it to after it (13, 14).

    Both surprises are measured first, at the weights that came in. Then each layer does what the
    one matrix of chapter 04 did. Taught in notebooks/05_deep_memory.ipynb.
    """
    u_1, u_2 = inner_grad(W_1, W_2, k, v)
    S_1, S_2 = momentum_step(S_1, u_1, theta, eta), momentum_step(S_2, u_2, theta, eta)
    W_1, W_2 = (1 - alpha) * W_1 + S_1, (1 - alpha) * W_2 + S_2
    return W_1, W_2, S_1, S_2
