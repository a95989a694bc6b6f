"""A minimum that moves on a closed path, and optimizers that try to stay with it.

The loss is 1/2 |p - o|^2 around a moving minimum o, so a gradient is p - o, plus noise; and p - g
is an estimate of where the minimum is now. A memory may learn what follows what: its key is the
last estimate, its value the present one, and the optimizer goes where the memory expects the next.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import torch
from torch import Tensor

__all__ = ["PATHS", "follow", "linear_memory", "mlp_memory", "momentum", "moving", "tuned"]

PATHS = ("a circle around 0", "a circle elsewhere", "a circle at uneven speed")
RUNS, LENGTH, NOISE, RADIUS, PERIOD = 8, 400, 0.3, 2.0, 10
HIDDEN = 32

Follower = Callable[[Tensor, Tensor, tuple | None], tuple[Tensor, tuple]]


def moving(path: str, seed: int = 0, period: float = PERIOD) -> tuple[Tensor, Tensor]:
    """Where the minimum is, and the noise of the gradients: (400, 8, 2) each, for 8 runs."""
    if path not in PATHS:
        raise ValueError(f"path={path!r} is not known: choose one of {', '.join(PATHS)}")
    random = torch.Generator().manual_seed(seed)
    angle = 2 * torch.pi * torch.rand(RUNS, generator=random, dtype=torch.float64)
    angles = []
    for _ in range(LENGTH):
        angles.append(angle)
        speed = 1 + 0.9 * angle.cos() if path == PATHS[2] else 1.0
        angle = angle + 2 * torch.pi / period * speed
    turned = torch.stack(angles)
    places = RADIUS * torch.stack([turned.cos(), turned.sin()], dim=-1)
    if path == PATHS[1]:
        places = places + torch.tensor([2.0, 1.0], dtype=torch.float64)
    noise = torch.randn(places.shape, generator=random, dtype=torch.float64)
    return places, NOISE * noise


def momentum(rate: float, alpha: float) -> Follower:
    """The usual momentum; alpha = 0 is SGD."""

    def step(p: Tensor, g: Tensor, m: tuple | None) -> tuple[Tensor, tuple]:
        kept = alpha * m[0] + g if m else g
        return p - rate * kept, (kept,)

    return step


def linear_memory(rate: float, jump: float, constant: bool = False) -> Follower:
    """A matrix that maps an estimate to the next one, by the delta rule.

    jump: how far to go towards what it expects. constant: whether a key has one more entry, 1.
    """

    def key(where: Tensor) -> Tensor:
        return torch.cat([where, torch.ones_like(where[:, :1])], 1) if constant else where

    def step(p: Tensor, g: Tensor, state: tuple | None) -> tuple[Tensor, tuple]:
        now = p - g
        if state is None:
            return now, (key(now), torch.zeros(len(p), 2 + constant, 2, dtype=p.dtype))
        k, M = state
        error = now - (k[:, None] @ M).squeeze(1)
        unit = k / k.square().sum(-1, keepdim=True)
        M = M + rate * unit[:, :, None] * error[:, None]
        expected = (key(now)[:, None] @ M).squeeze(1)
        return p + jump * (expected - p), (key(now), M)

    return step


def mlp_memory(rate: float, jump: float, hidden: int = HIDDEN) -> Follower:
    """A small MLP that maps an estimate to the next one, by a gradient step a time."""

    def key(where: Tensor) -> Tensor:
        return torch.cat([where, torch.ones_like(where[:, :1])], 1)[:, None]

    def step(p: Tensor, g: Tensor, state: tuple | None) -> tuple[Tensor, tuple]:
        now = p - g
        if state is None:
            random = torch.Generator().manual_seed(0)
            first = torch.randn(len(p), 3, hidden, generator=random, dtype=p.dtype) / 3**0.5
            return now, (key(now), first, torch.zeros(len(p), hidden, 2, dtype=p.dtype))
        k, first, second = state
        h = torch.tanh(k @ first)
        error = h @ second - now[:, None]
        back = error @ second.mT * (1 - h.square())
        first, second = first - rate * k.mT @ back, second - rate * h.mT @ error
        expected = (torch.tanh(key(now) @ first) @ second).squeeze(1)
        return p + jump * (expected - p), (key(now), first, second)

    return step


def follow(step: Follower, places: Tensor, noise: Tensor) -> float:
    """How far p is from the minimum when the minimum has moved on: squared, second half."""
    p, state, missed = torch.zeros_like(places[0]), None, []
    for place, wobble in zip(places, noise, strict=True):
        missed.append((p - place).square().sum(-1))
        p, state = step(p, p - place + wobble, state)
    return float(torch.stack(missed)[len(places) // 2 :].mean().nan_to_num(torch.inf))


def tuned(make: Callable[..., Follower], path: str, *settings: tuple) -> float:
    """The least mean squared distance over all combinations of settings."""
    where = moving(path)
    return min(follow(make(*chosen), *where) for chosen in product(*settings))
