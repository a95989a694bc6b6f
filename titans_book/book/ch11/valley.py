"""The landscape of Nested Learning's eq. 53: r^2 + k (r - theta + a sin(w r))^2.

A narrow valley that winds: its floor is where the second square is 0, and along the floor it goes
down slowly to the minimum at (0, 0). k says how steep its walls are, a and w how it winds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

__all__ = ["NEAR", "START", "floor", "height", "path", "slope", "starts"]

NEAR = 0.1  # this near to the minimum it counts as found
START = (-3.5, 2.0)  # the paper's


def _off(p: Tensor, a: float, w: float) -> Tensor:
    """How far a point is from the floor."""
    return p[..., 0] - p[..., 1] + a * torch.sin(w * p[..., 0])


def height(p: Tensor, k: float = 10, a: float = 0.5, w: float = 5) -> Tensor:
    """The loss at points p, (*n, 2)."""
    return p[..., 0] ** 2 + k * _off(p, a, w) ** 2


def slope(p: Tensor, k: float = 10, a: float = 0.5, w: float = 5) -> Tensor:
    """Its gradient, (*n, 2).

    >>> bool((slope(torch.zeros(2)) == 0).all())
    True
    """
    off, r = _off(p, a, w), p[..., 0]
    by_r = 2 * r + 2 * k * off * (1 + a * w * torch.cos(w * r))
    return torch.stack([by_r, -2 * k * off], dim=-1)


def floor(r: Tensor, a: float = 0.5, w: float = 5) -> Tensor:
    """Where the floor of the valley is at r: the theta at which the second square is 0.

    >>> r = torch.linspace(-4, 4, 9)
    >>> bool(torch.allclose(height(torch.stack([r, floor(r)], -1)), r**2))
    True
    """
    return r + a * torch.sin(w * r)


def starts(count: int = 64, seed: int = 0) -> Tensor:
    """Points to start from, (count, 2), anywhere in the square from -4 to 4."""
    random = torch.Generator().manual_seed(seed)
    return 8 * torch.rand(count, 2, generator=random, dtype=torch.float64) - 4


def path(
    rule: Callable[[Tensor, Tensor], Tensor],
    start: Sequence,
    steps: int,
    gradient: Callable[[Tensor], Tensor] = slope,
) -> Tensor:
    """Where a rule (m, g) -> m leads from a start: (steps + 1, 2), NaN once it has blown up.

    start: (r, theta), or several of them for (steps + 1, n, 2).
    """
    p = torch.tensor(start, dtype=torch.float64)
    m, places = torch.zeros_like(p), [p]
    for _ in range(steps):
        m = rule(m, gradient(p))
        p = p + m
        places.append(p)
    return torch.stack(places)
