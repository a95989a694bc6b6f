"""How many wrong versions of the momentum step a test lets through (chapter 03)."""

from __future__ import annotations

from titans_book.lab.learning.compare import distance
from titans_book.lab.learning.exercise import Probe, normal, uniform
from titans_book.lab.register import find

__all__ = ["let_through"]


def let_through(steps: int, *, past: bool, changing: bool) -> tuple[int, int]:
    """How many wrong versions that the book knows pass a test, and how many there are.

    past: whether S is random at the start, and not 0. changing: whether the gates change from step
    to step; otherwise eta stays 0.5.
    """
    exercise = find("03.momentum_step")
    theta = uniform(0.1, 0.4) if changing else uniform(0.1, 0.1)
    eta = uniform(0.2, 0.9) if changing else uniform(0.5, 0.5)
    probe = Probe(
        inputs={"u": normal(4, 3), "theta": theta, "eta": eta},
        state={"S": normal(4, 3, scale=float(past))},
        returns=("S",),
        steps=steps,
    )
    right = list(probe(exercise.reference))
    passed = [w for w in exercise.bank if distance(list(probe(w.function)), right) < 1e-9]
    return len(passed), len(exercise.bank)
