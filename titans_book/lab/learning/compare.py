"""How far two answers are apart: two tensors, or two runs of a probe."""

from __future__ import annotations

import torch
from torch import Tensor

from titans_book.lab.learning.exercise import Step

__all__ = ["distance", "first_difference", "gap"]


def gap(yours: Tensor, other: Tensor, size_of: Tensor | None = None) -> float:
    """The largest difference, relative to the size of the other, or of a third tensor.

    It is infinite where one of yours is no number.
    """
    yours, other = torch.as_tensor(yours).double(), torch.as_tensor(other).double()
    if not bool(torch.isfinite(yours).all()):
        return float("inf")
    if not other.numel():
        return 0.0
    scale = other if size_of is None else torch.as_tensor(size_of).double()
    return float((yours - other).abs().max()) / max(float(scale.abs().max()), 1e-3)


def first_difference(
    steps: list[Step], truth: list[Step], tolerance: float
) -> tuple[int, str] | None:
    """The first step, counted from 0, and the first name in it, that differ; None if none does."""
    for at, (mine, true) in enumerate(zip(steps, truth, strict=True)):
        for name in true:
            if gap(mine[name], true[name]) > tolerance:
                return at, name
    return None


def distance(steps: list[Step], others: list[Step], size_of: list[Step] | None = None) -> float:
    """How far two runs of a probe are apart: the largest difference of any tensor in any step.

    Relative to the size of the other run's tensors, or of a third run's. The later steps of a run
    grow out of the earlier ones, so each counts as much as the others.
    """
    runs = zip(steps, others, size_of or others, strict=True)
    return max((gap(a[name], b[name], c[name]) for a, b, c in runs for name in b), default=0.0)
