"""Three ways to bring the singular values of a matrix near each other, step by step."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from titans_book.steps.optimizers import newton_schulz

__all__ = ["WAYS", "spectra"]


def unit(G: Tensor) -> Tensor:
    """The matrix over its norm, so that no singular value is above 1."""
    return G / G.norm()


def proximal(G: Tensor, steps: int, zeta: float = 0.25) -> Tensor:
    """Nested Learning eq. 44: O - zeta (O - g + 2 O (O^T O - I)), beginning at g."""
    g = X = unit(G)
    eye = torch.eye(G.shape[1], dtype=G.dtype)
    for _ in range(steps):
        X = X - zeta * (X - g + 2 * X @ (X.mT @ X - eye))
    return X


def cubic(G: Tensor, steps: int) -> Tensor:
    """The classical Newton-Schulz step, 3/2 X - 1/2 X X^T X, whose only goal is 1."""
    X = unit(G)
    for _ in range(steps):
        X = 1.5 * X - 0.5 * X @ X.mT @ X
    return X


WAYS: dict[str, Callable[[Tensor, int], Tensor]] = {
    "Nested Learning (44)": proximal,
    "cubic": cubic,
    "Muon's quintic": newton_schulz,
}


def spectra(G: Tensor, steps: int = 20) -> dict[str, Tensor]:
    """The singular values after 0, 1, ... steps, for each way: (steps + 1, rank).

    >>> spectra(torch.diag(torch.tensor([3.0, 4.0])), 1)["cubic"].shape
    torch.Size([2, 2])
    """
    # one step does not mix singular vectors, so a diagonal matrix has the same story to tell
    values = torch.diag(torch.linalg.svdvals(G))
    return {
        name: torch.stack([way(values, n).diagonal().abs() for n in range(steps + 1)])
        for name, way in WAYS.items()
    }
