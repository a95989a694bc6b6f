"""How far two answers are apart: two tensors, or two runs of a probe."""

from __future__ import annotations

import torch
from torch import Tensor

from titans_book.lab.learning.exercise import Step

__all__ = ["distance", "first_difference", "gap"]


def gap(yours: Tensor, other: Tensor) -> float:
    """The largest difference, relative to the other's size; infinite where one is no number."""
    yours, other = torch.as_tensor(yours).double(), torch.as_tensor(other).double()
    if not bool(torch.isfinite(yours).all()):
        return float("inf")
    size = max(float(other.abs().max()) if other.numel() else 0.0, 1e-3)
    return float((yours - other).abs().max()) / size if other.numel() else 0.0


def first_difference(
    steps: list[Step], truth: list[Step], tolerance: float
) -> tuple[int, str] | None:
    """The first step, counted from 0, and the first name in it, that differ; None if none does."""
    for at, (mine, true) in enumerate(zip(steps, truth, strict=True)):
        for name in true:
            if gap(mine[name], true[name]) > tolerance:
                return at, name
    return None


def distance(steps: list[Step], others: list[Step]) -> float:
    """How far two runs of a probe are apart: the largest relative difference of any tensor.

    The later steps of a run grow out of the earlier ones, so each counts as much as the others.
    """
    gaps = [gap(a[name], b[name]) for a, b in zip(steps, others, strict=True) for name in b]
    return max(gaps, default=0.0)
