"""Episodes for the outer loop of chapter 07: which features of a token make a good key?

A token has four features that say who it is and eight that are noise. An episode tells a value for
each of the four names; then one of them comes again, with other noise, and its value is due. No
value comes twice, so a slow weight can only learn which features to look at.

symbol    meaning                                      shape
x         the tokens that are told, one a row          (4, 12)
v         the value of each                            (4, 3)
ask       a token with one of the names                (12)
target    the value of that name                       (3)
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["FEATURES", "NAMES", "NOISE", "Episode", "draw", "start"]

NAMES, NOISE, KEY, VALUE = 4, 8, 4, 3
FEATURES = NAMES + NOISE
FRESH = 1000  # the seeds of training start here


class Episode(NamedTuple):
    """What is told and what is asked; see the top of this file."""

    x: Float[Tensor, "pairs features"]
    v: Float[Tensor, "pairs value"]
    ask: Float[Tensor, " features"]
    target: Float[Tensor, " value"]


def draw(step: int, episodes: int = 8, noise: float | int = 0.5) -> list[Episode]:
    """The episodes of one outer step; the same step always gives the same."""
    g = torch.Generator().manual_seed(FRESH + step)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=g, dtype=torch.float64)

    made, who = [], torch.eye(NAMES, dtype=torch.float64)
    for _ in range(episodes):
        x, v = torch.cat([who, noise * normal(NAMES, NOISE)], dim=1), normal(NAMES, VALUE)
        name = int(torch.randint(NAMES, (), generator=g))
        made.append(Episode(x, v, torch.cat([who[name], noise * normal(NOISE)]), v[name]))
    return made


def start(seed: int = 0) -> tuple[Float[Tensor, "features d"], Float[Tensor, "features d"]]:
    """W_K and W_Q before the first outer step: small and random."""
    g = torch.Generator().manual_seed(seed)
    W_K, W_Q = 0.3 * torch.randn(2, FEATURES, KEY, generator=g, dtype=torch.float64)
    return W_K, W_Q
