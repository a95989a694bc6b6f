"""An experiment of chapter 06: the shortest chunk at which a memory explodes.

write(M, k, v) returns the memory after one chunk, error(M) a number; k is (T, d_in), v (T, d_out).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from titans_book.book.ch06.alike import text
from titans_book.book.ch06.exercises import CHAPTER
from titans_book.lab.learning.exercise import Exercise, Step

__all__ = ["first_explosion"]


class Case(NamedTuple):
    """A text, a rate, the lengths to try, and how the error is scaled."""

    likeness: float
    theta: float
    time: int
    lengths: tuple[int, ...]
    scale: float


CASES = (
    Case(1.0, 0.3, 30, tuple(range(1, 12)), 0.6),
    Case(0.5, 0.3, 90, (2, 5, 9, 14, 20, 30), 3.0),
    Case(0.0, 0.2, 40, (1, 2, 4), 1.7),
    Case(1.0, 0.21, 11, (3, 8, 12, 21), 0.4),
    Case(1.0, 41.0, 200, (1, 2), 2.5),
    Case(0.7, 0.25, 70, tuple(range(3, 30, 2)), 0.9),
    Case(1.0, 0.15, 31, tuple(range(6, 24, 3)), 1.3),
    Case(1.0, 0.3, 40, (9, 12), 1.3),
    Case(0.6, 0.4, 60, (7, 8, 9, 10, 11, 12), 1.3),
)


def first_explosion_reference(write, error, k, v, lengths):
    """The book's version."""
    d_in, d_out = k.shape[1], v.shape[1]
    empty = torch.zeros(d_in, d_out, dtype=k.dtype)
    for b in lengths:
        M = empty
        for start in range(0, len(k), b):
            M = write(M, k[start : start + b], v[start : start + b])
            if error(M) > error(empty):
                return b
    return 0


def _runs(function: Callable) -> Iterator[Step]:
    """What it measures, case by case; -1 stands for nothing at all."""
    for number, case in enumerate(CASES):
        told = text(case.likeness, case.time, seed=number, dim=6)

        def write(M: Tensor, k: Tensor, v: Tensor, theta: float = case.theta) -> Tensor:
            return M + theta * k.T @ (v - k @ M)

        def error(M: Tensor, W: Tensor = told.W, scale: float = case.scale) -> Tensor:
            return scale * (M - W).norm()

        found = function(write, error, told.k, told.v, case.lengths)
        yield {"b": torch.as_tensor(-1.0 if found is None else float(found), dtype=torch.float64)}


_runs.names = lambda: ("write", "error", "k", "v", "lengths")

first_explosion = Exercise(
    name="06.first_explosion",
    what="the shortest chunk at which a memory explodes",
    reference=first_explosion_reference,
    probe=_runs,
    hints=(
        "Two loops. The outer one takes the next length and an empty memory, the inner one reads "
        "the text, chunk after chunk. When do you know that a length explodes, and when that it "
        "does not?",
        "The memory is (d_in, d_out), so k.shape[1] by v.shape[1], and of k's dtype. "
        "`range(0, len(k), b)` gives the starts; a slice beyond the end is simply shorter.",
        "    return 0\n"
        "    M = write(M, k[start : start + b], v[start : start + b])\n"
        "    for b in lengths:\n"
        "    if error(M) > error(empty):\n"
        "    for start in range(0, len(k), b):\n"
        "    return b\n"
        "    M = empty\n"
        "    empty = torch.zeros(k.shape[1], v.shape[1], dtype=k.dtype)",
    ),
    source="the book's experiment",
    taught=CHAPTER,
    part=False,
    grade="build",
    misfit="k is (T, d_in), v is (T, d_out), the memory (d_in, d_out): which of them is different "
    "in your version?",
)
