"""The streams of chapter 10: a linear map is to be learned from values that are not quite right.

Three kinds of noise, of comparable size except for what makes them different: the outliers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

__all__ = ["NOISES", "POWERS", "RATES", "SIZE", "stream"]

D, LENGTH = 16, 1500
SIZE = 0.3  # the standard deviation of the Gaussian noise, and of the uniform one
POWERS = (1, 1.25, 1.5, 2, 2.5, 3, 4)
RATES = torch.cat(  # 0.00001 to 2.5: large powers need tiny ones where there are outliers
    [torch.logspace(-5, -3, 5), torch.logspace(-2.6, 0.4, 16)]
).double()

Stream = tuple[Tensor, Tensor, Tensor]


def _gaussian(shape: tuple[int, int], random: torch.Generator) -> Tensor:
    return SIZE * torch.randn(shape, generator=random, dtype=torch.float64)


def _uniform(shape: tuple[int, int], random: torch.Generator) -> Tensor:
    return SIZE * 3**0.5 * (2 * torch.rand(shape, generator=random, dtype=torch.float64) - 1)


def _outliers(shape: tuple[int, int], random: torch.Generator) -> Tensor:
    """A little Gaussian noise everywhere; one entry in twenty is off by 10."""
    hit = torch.rand(shape, generator=random, dtype=torch.float64) < 0.05
    sign = torch.randn(shape, generator=random, dtype=torch.float64).sign()
    return 10 * hit * sign + _gaussian(shape, random) / 3


NOISES: dict[str, Callable[[tuple[int, int], torch.Generator], Tensor]] = {
    "outliers": _outliers,
    "Gaussian": _gaussian,
    "uniform": _uniform,
}


def _stream(noise: str, length: int, seed: int) -> Stream:
    random = torch.Generator().manual_seed(seed)
    W = torch.randn(D, D, generator=random, dtype=torch.float64) / D**0.5
    K = torch.randn(length, D, generator=random, dtype=torch.float64)
    K = K / K.norm(dim=1, keepdim=True)
    return K, K @ W + NOISES[noise](tuple(K.shape), random), W


def stream(noise: str, length: int = LENGTH) -> Callable[[int], Stream]:
    """A function that makes streams with this kind of noise, a new one for every seed.

    It returns keys K of length 1, (T, d_in); values V = K W + noise, (T, d_out); and W itself,
    (d_in, d_out), the map that a memory should find.

    >>> K, V, W = stream("uniform")(seed=0)
    >>> bool((V - K @ W).abs().max() < 0.3 * 3**0.5)
    True
    """
    if noise not in NOISES:
        raise ValueError(f"noise={noise!r} is not known: choose one of {', '.join(NOISES)}")
    return partial(_stream, noise, length)
