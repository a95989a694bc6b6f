"""What a momentum buffer still knows of the gradients that went into it.

The gradient of a linear layer is an outer product of its input x and the error e at its output. A
buffer of such products is a memory, so one may ask it with an old input for the error of that time.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["delta_buffer", "hebb_buffer", "layer_stream", "mean_recall"]

D, LENGTH, SEEDS = 32, 128, 8


def layer_stream(
    seed: int, length: int = LENGTH, d: int = D, correlated: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Inputs X and errors E of a layer, (length, d) each, all of length 1.

    correlated: the share of an input that is the same in all of them.

    >>> X, E = layer_stream(0, length=3, d=4)
    >>> tuple(X.shape), bool(torch.allclose(E.norm(dim=1), torch.ones(3).double()))
    ((3, 4), True)
    """
    random = torch.Generator().manual_seed(seed)
    X = torch.randn(length, d, generator=random, dtype=torch.float64)
    same = torch.randn(d, generator=random, dtype=torch.float64)
    X = (1 - correlated) ** 0.5 * X + correlated**0.5 * same
    E = torch.randn(length, d, generator=random, dtype=torch.float64)
    return X / X.norm(dim=1, keepdim=True), E / E.norm(dim=1, keepdim=True)


def hebb_buffer(m: Tensor, x: Tensor, e: Tensor, alpha: float = 0.9) -> Tensor:
    """The usual momentum of a layer: decay, and add the gradient. Takes batches as well."""
    return alpha * m + x[..., :, None] * e[..., None, :]


def delta_buffer(m: Tensor, x: Tensor, e: Tensor, eta: float = 0.5, alpha: float = 1.0) -> Tensor:
    """A momentum that asks before it writes: it adds what it does not know of the gradient."""
    missing = e - (x[..., None, :] @ m).squeeze(-2)
    return alpha * m + eta * x[..., :, None] * missing[..., None, :]


def mean_recall(
    writes: dict, correlated: float = 0.0, ages: int = 64, seeds: int = SEEDS
) -> dict[str, Tensor]:
    """The cosine of answer and error at every age, newest first, as the mean over streams.

    writes: functions (m, x, e) -> m by name; the streams are written side by side.
    """
    pairs = [layer_stream(seed, correlated=correlated) for seed in range(seeds)]
    X, E = (torch.stack(parts) for parts in zip(*pairs, strict=True))
    found = {}
    for name, write in writes.items():
        m = torch.zeros(seeds, X.shape[-1], E.shape[-1], dtype=X.dtype)
        for x, e in zip(X.unbind(1), E.unbind(1), strict=True):
            m = write(m, x, e)
        alike = torch.cosine_similarity(X @ m, E, dim=-1)
        found[name] = alike.mean(0).flip(0)[:ages]
    return found
