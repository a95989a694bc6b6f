"""Where an attention may begin: W_K = W_Q, so that a token finds its like. Taught in chapter 09."""

import torch
from torch import nn


@torch.no_grad()
def start_alike(project: nn.Linear, heads: int, ahead: float | int) -> None:
    """W_K = W_Q, of such a size that two equal tokens have q . k / sqrt(d) = ahead, on average.

    project: W_Q, W_K and W_V side by side.
    """
    width = project.in_features
    d = width // heads
    W_Q, W_K, _ = project.weight.split(width)
    W_Q.normal_(std=(ahead * d**-0.5 / width) ** 0.5)
    W_K.copy_(W_Q)
