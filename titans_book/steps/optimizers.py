"""What chapter 11 adds: optimizers, written as the memories that they are.

symbol    | meaning                                        | shape         | identifier
m         | momentum: what is added to the weights         | (*n, size)    | m
g         | gradient of the loss by the weights            | (*n, size)    | g
alpha     | what is kept of the momentum                   | a number      | alpha
eta       | step size                                      | a number      | eta
s         | how strongly a delta momentum erases           | a number      | s
x, e      | input of a layer, error at its output          | (d_in), (d_out) | x, e
W         | weights of the layer, y = x W                  | (d_in, d_out) | W
G         | a gradient, or a momentum, of a whole matrix   | (*n, rows, columns) | G

The functions are pure. Where a shape begins with *n they take a batch as well, and a step size for
each of its members.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["delta_momentum", "dgd_step", "newton_schulz", "printed_dgd", "printed_momentum"]

Number = float | int | Float[Tensor, ""]


def delta_momentum(
    m: Float[Tensor, "*n size"],
    g: Float[Tensor, "*n size"],
    alpha: Number,
    eta: Number | Float[Tensor, "*#n #size"],
    s: Number | Float[Tensor, "*#n #size"],
) -> Float[Tensor, "*n size"]:
    """Momentum that first erases what it holds along the new gradient (Nested Learning eq. 49).

    What is erased is the share s |g|^2 / (1 + s |g|^2) of the part along g, and never more than
    all of it; s = 0 is the usual momentum. Taught in notebooks/11_optimizers.ipynb.
    """
    along = (g * m).sum(-1, keepdim=True) / (1 + s * g.square().sum(-1, keepdim=True))
    return alpha * (m - s * along * g) - eta * g


def printed_momentum(
    m: Float[Tensor, "*n size"],
    g: Float[Tensor, "*n size"],
    alpha: Number,
    eta: Number | Float[Tensor, "*#n #size"],
    s: Number = 1.0,
) -> Float[Tensor, "*n size"]:
    """m (alpha - s g^T g) - eta g, as eq. 49 is printed for a vector (there s is 1).

    g^T g is a number, so all of m is scaled by it, and turned around where it is large.
    Taught in notebooks/11_optimizers.ipynb.
    """
    return m * (alpha - s * g.square().sum(-1, keepdim=True)) - eta * g


def dgd_step(
    W: Float[Tensor, "d_in d_out"],
    x: Float[Tensor, " d_in"],
    e: Float[Tensor, " d_out"],
    eta: Number,
) -> Float[Tensor, "d_in d_out"]:
    """Delta gradient descent: the minimum of 1/2 |xW + e|^2 + 1/(2 eta) |W - W_t|^2 over W.

    Nested Learning eqs. 56-57, with the step size that is right for an x of any length.
    Taught in notebooks/11_optimizers.ipynb.
    """
    rate = eta / (1 + eta * x @ x)
    return W - rate * torch.outer(x, x @ W + e)


def printed_dgd(
    W: Float[Tensor, "d_in d_out"],
    x: Float[Tensor, " d_in"],
    e: Float[Tensor, " d_out"],
    eta: Number,
) -> Float[Tensor, "d_in d_out"]:
    """The same with eta / (1 + eta), as eq. 57 is printed: right if x has length 1.

    Taught in notebooks/11_optimizers.ipynb.
    """
    return W - eta / (1 + eta) * torch.outer(x, x @ W + e)


def newton_schulz(
    G: Float[Tensor, "*n rows columns"], steps: int
) -> Float[Tensor, "*n rows columns"]:
    """Muon's steps, which bring every singular value of a matrix near 1.

    Each is 3.4445 X - 4.775 (X X^T) X + 2.0315 (X X^T)^2 X, after a division by the norm of G.
    Taught in notebooks/11_optimizers.ipynb.
    """
    X = G / G.square().sum((-2, -1), keepdim=True).sqrt().clamp(min=1e-30)
    for _ in range(steps):
        A = X @ X.mT
        X = 3.4445 * X + (-4.775 * A + 2.0315 * A @ A) @ X
    return X
