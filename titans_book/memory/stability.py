"""Where a chunk is too long for its write rate: one number that tells it beforehand.

A chunk of b tokens takes all its surprise at the memory it starts with. For one matrix and the L2
objective, without momentum and forgetting, the chunk as a whole is then one linear step,

    M_b - W = (I - sum_i theta_i k_i^T k_i) (M_0 - W)        if v = k W

and an error along an eigenvector of the sum is multiplied by 1 - lambda. So

    lambda_max <= 1    no error is overshot
    lambda_max <  2    every error shrinks: the chunk is stable
    lambda_max >  2    some error grows, from chunk to chunk without end

A single token has lambda = theta |k|^2. Like keys add up: b copies of one key have b times as much.
Momentum repeats a write 1 / (1 - eta) times; put theta / (1 - eta) in the place of theta for a
cautious estimate. Taught in chapter 06.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from titans_book.check import whole

__all__ = ["BOUND", "gauge"]

BOUND = 2.0  # lambda_max from which on a chunk makes some error grow


@torch.no_grad()
def gauge(
    k: Float[Tensor, "*batch time dim"], theta: Float[Tensor, "*batch time"], chunk: int = 16
) -> Float[Tensor, "*batch chunks"]:
    """lambda_max of sum_i theta_i k_i^T k_i for every chunk; the last one may be short.

    Raises ValueError for a negative theta, or a chunk below 1. No gradient passes through.

    >>> k = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> gauge(k, torch.tensor([0.5, 0.5, 0.5]), chunk=2)
    tensor([1.0000, 0.5000])
    """
    whole("chunk", chunk, least=1)
    if k.shape[-2] and float(theta.min()) < 0:
        raise ValueError(f"theta must not be negative, got values from {float(theta.min()):g}")
    dtype = torch.promote_types(k.dtype, torch.float32)
    weighted = theta.to(dtype).sqrt()[..., None] * k.to(dtype)  # sum = weighted^T weighted
    pieces = F.pad(weighted, (0, 0, 0, -k.shape[-2] % chunk))  # a token of zeros adds nothing
    pieces = pieces.reshape(*k.shape[:-2], -(-k.shape[-2] // chunk), chunk, k.shape[-1])
    # The same largest eigenvalue from the smaller of the two products.
    gram = pieces @ pieces.mT if chunk <= k.shape[-1] else pieces.mT @ pieces
    return torch.linalg.eigvalsh(gram)[..., -1].to(k.dtype)
