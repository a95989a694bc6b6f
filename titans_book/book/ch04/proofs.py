"""What chapter 04 proves of a learner's step: three forms that agree, a layer that runs on it."""

from __future__ import annotations

from collections.abc import Callable

import torch

from titans_book.lab.learning import running
from titans_book.memory import Gates, NeuralMemory, memorize, reference

__all__ = ["layer_apart", "so_far", "three_ways"]


def so_far(apart: float) -> str:
    """How far two results are apart, in words that do not depend on the computer's rounding.

    >>> so_far(3e-15), so_far(0.0213)
    ('less than 1e-12', '0.021')
    """
    return "less than 1e-12" if apart < 1e-12 else f"{apart:.2g}"


def three_ways(step: Callable, tokens: int = 40, dim: int = 6, seed: int = 0) -> dict[str, float]:
    """How far two other forms of the recurrence are from `step`, after tokens with random gates.

    "autograd" takes every gradient with autograd (the oracle), "fast" is made of matrix products.
    """
    g = torch.Generator().manual_seed(seed)
    k, v = torch.randn(2, tokens, dim, generator=g, dtype=torch.float64)
    highest = torch.tensor([[0.3], [0.9], [0.2]])
    theta, eta, alpha = torch.rand(3, tokens, generator=g, dtype=torch.float64) * highest
    M = S = torch.zeros(dim, dim, dtype=torch.float64)
    for t in range(tokens):
        M, S = step(M, S, k[t], v[t], theta[t], eta[t], alpha[t])
    gates = Gates(theta[None, None], eta[None, None], alpha[None, None])
    empty, rows = [torch.zeros(1, dim, dim)], [x[None, None] for x in (k, k, v)]
    found = {}
    for name, form in {"autograd": reference.memorize, "fast": memorize}.items():
        _, state = form(*rows, gates, empty, chunk=1)
        apart = (state.weights[0] - M).abs().max(), (state.momentum[0] - S).abs().max()
        found[name] = max(float(one.detach()) for one in apart)
    return found


def layer_apart(seed: int = 0) -> float:
    """How far the answers of a NeuralMemory on the learner's kept parts are from its own."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layer = NeuralMemory(dim=8, heads=2, depth=1, chunk=1, clamp=None).double()
        x = torch.randn(1, 12, 8).double()
    fast, _ = layer(x)
    layer.memorize = running.memorize
    own, _ = layer(x)
    return float((own - fast).detach().abs().max())
