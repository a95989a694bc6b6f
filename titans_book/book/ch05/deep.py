"""The streams of chapter 05: random pairs, read by memories of any depth, many write rates at once.

symbol    | meaning                                                    | shape
k, v      | keys of length 1, values with features of size `loud`      | (n, DIM)
weights   | M_0, as `NeuralMemory` starts it: the last layer is zero   | a list of (d_in, d_out)
stable    | 1 / |h|^2: the rate that stores a pair in one fresh step   | a number
theta     | write rates, in units of `stable`                          | (rates)
error     | |M(k) - v|^2 / |v|^2: 0 is perfect, 1 an empty matrix      | (rates, T)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.memory.layer import NeuralMemory
from titans_book.memory.network import Network

__all__ = ["DIM", "Reading", "ask", "pairs", "read", "recall", "start", "step"]

DIM = 16
Weights = Sequence[Tensor]  # of a layer each: (d_in, d_out), or (rates, d_in, d_out)


def ask(weights: Weights, q: Float[Tensor, "*T dim"]) -> Float[Tensor, "*T dim"]:
    """The answers of a memory of any depth to one question or many (Titans eq. 15)."""
    return Network(depth=len(weights))(weights, q)


def step(
    weights: Weights, k: Float[Tensor, " dim"], v: Float[Tensor, " dim"], theta: float | Tensor
) -> list[Tensor]:
    """One token of a memory of any depth, without momentum and forgetting: W - theta u, anew."""
    net = Network(depth=len(weights))
    seen = net.trace(k[None], lambda layer, h: h @ weights[layer])
    D = net.errors(list(weights), seen, seen.result - v)
    return [W - theta * h.mT @ d for W, h, d in zip(weights, seen.inputs, D, strict=True)]


class Reading(NamedTuple):
    """The error at each token before it was written, and the weights behind the last one."""

    error: Float[Tensor, "rates T"]
    weights: list[Tensor]


def pairs(
    n: int, seed: int = 0, loud: float | int = 1.0, dim: int = DIM
) -> tuple[Float[Tensor, "n dim"], Float[Tensor, "n dim"]]:
    """n random pairs: keys of length 1; values whose features are of size `loud`.

    >>> k, v = pairs(5, loud=2.0)
    >>> bool((k.norm(dim=1) - 1).abs().max() < 1e-12), v.square().mean().sqrt().item()
    (True, 2.0)
    """
    generator = torch.Generator().manual_seed(seed)
    k, v = torch.randn(2, n, dim, generator=generator, dtype=torch.float64)
    unit = v / v.norm(dim=1, keepdim=True)
    return k / k.norm(dim=1, keepdim=True), loud * dim**0.5 * unit


def start(
    depth: int, expansion: int = 4, seed: int = 0, dim: int = DIM
) -> tuple[list[Tensor], float]:
    """M_0 as the layer draws it, and its stable write rate; a matrix has no hidden width."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layer = NeuralMemory(
            dim=dim, depth=depth, expansion=None if depth == 1 else expansion
        ).double()
    return [W.detach()[0] for W in layer.initial], layer.stable


def read(
    k: Float[Tensor, "T dim"],
    v: Float[Tensor, "T dim"],
    weights: Weights,
    theta: Float[Tensor, " rates"] | float | int,
    eta: float | int = 0.0,
    alpha: float | int = 0.0,
) -> Reading:
    """Read the pairs token by token, once for each write rate (Titans eqs. 13 to 15, chunk 1)."""
    net = Network(depth=len(weights))
    theta = torch.as_tensor(theta, dtype=k.dtype).reshape(-1)
    W = [w.expand(len(theta), *w.shape[-2:]).clone() for w in weights]
    S, error, rate = [torch.zeros_like(w) for w in W], [], -theta[:, None, None]
    for key, value in zip(k, v, strict=True):
        steps = net.trace(key.expand(len(theta), 1, -1), lambda layer, h, W=W: h @ W[layer])
        D = net.errors(W, steps, steps.result - value)
        error.append(D[-1].square().sum((-2, -1)))
        u = [(h.mT, rate * d) for h, d in zip(steps.inputs, D, strict=True)]
        if eta:
            S = [torch.baddbmm(s, *one, beta=eta) for s, one in zip(S, u, strict=True)]
            W = [(1 - alpha) * w + s for w, s in zip(W, S, strict=True)]
        else:  # S is the surprise alone: one pass over the weights, in place
            for w, one in zip(W, u, strict=True):
                w.baddbmm_(*one, beta=1 - alpha)
    return Reading(torch.stack(error, 1) / v.square().sum(1).mean(), W)


def recall(
    weights: Weights, k: Float[Tensor, "n dim"], v: Float[Tensor, "n dim"]
) -> Float[Tensor, " rates"]:
    """The mean error when all these pairs are asked for again; (rates)."""
    answers = Network(depth=len(weights))(weights, k.expand(len(weights[0]), *k.shape))
    return (answers - v).square().sum((-2, -1)) / v.square().sum()
