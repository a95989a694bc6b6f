"""Where the attention of MAC begins: with its mind on the token itself. Taught in chapter 09."""

import math

import torch
from torch import nn


@torch.no_grad()
def start_on_itself(project: nn.Linear, heads: int, segment: int) -> None:
    """W_K = W_Q, of a size that gives each token some three quarters of its own row.

    project: W_Q, W_K and W_V side by side. The rows of MAC see 2 C columns at most, so
    q_i . k_i / sqrt(d) begins log(2 C) + 2 ahead.
    """
    width = project.in_features
    d, own = width // heads, math.log(2 * segment) + 2
    W_Q, W_K, _ = project.weight.split(width)
    W_Q.normal_(std=(own * d**-0.5 / width) ** 0.5)
    W_K.copy_(W_Q)
