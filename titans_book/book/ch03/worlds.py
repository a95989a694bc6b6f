"""Two worlds of keys for chapter 03, and what momentum is worth in each when the rate is tuned.

share: all keys have a large part in common. drift: each key moves a little away from the one
before. The values are v = kW, and a memory has to find W.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["WORLDS", "tuned", "world"]

WORLDS = ("share", "drift")
THETAS = (0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.4, 0.8, 1.2)
WORST = 9.0  # what a memory counts that blew up


def world(
    kind: str, seeds: int = 8, T: int = 256, d: int = 24
) -> tuple[Float[Tensor, "seeds T d"], Float[Tensor, "seeds d d"]]:
    """Keys of length 1, and the map W of each seed. Raises ValueError for an unknown kind.

    >>> [tuple(one.shape) for one in world("drift", seeds=2)]
    [(2, 256, 24), (2, 24, 24)]
    """
    if kind not in WORLDS:
        raise ValueError(f"kind={kind!r} is no world: there are {', '.join(WORLDS)}")
    random = torch.Generator().manual_seed(0)
    k = torch.randn(seeds, T, d, generator=random).double()
    if kind == "share":
        k = 0.9**0.5 * torch.randn(seeds, 1, d, generator=random).double() + 0.1**0.5 * k
    else:
        for t in range(1, T):
            k[:, t] = 0.9 * k[:, t - 1] + (1 - 0.9**2) ** 0.5 * k[:, t]
    W = torch.randn(seeds, d, d, generator=random).double()
    return k / k.norm(dim=-1, keepdim=True), W


def _errors(
    k: Float[Tensor, "seeds T d"], W: Float[Tensor, "seeds d d"], etas: Float[Tensor, " etas"]
) -> Float[Tensor, "thetas etas seeds"]:
    """The relative error after reading, |k (M − W)| / |k W|, for all rates and momenta at once."""
    thetas = torch.tensor(THETAS, dtype=k.dtype)[:, None, None, None, None]
    M = S = torch.zeros(len(THETAS), len(etas), *W.shape, dtype=k.dtype)
    for key in k.unbind(1):
        key = key[:, :, None]
        u = key * (key.mT @ (M - W))
        S = etas[:, None, None, None] * S - thetas * u
        M = M + S
    wrong = (k @ (M - W)).norm(dim=-1) / (k @ W).norm(dim=-1)
    return wrong.mean(-1).nan_to_num(WORST, WORST).clamp(max=WORST)


def tuned(kind: str, etas: Sequence[float]) -> Float[Tensor, "etas seeds"]:
    """The error of each seed for each eta, at the theta that is best on average for this eta."""
    found = _errors(*world(kind), torch.tensor(list(etas), dtype=torch.float64))
    best = found.mean(-1).argmin(0)
    return found[best, torch.arange(len(best))]
