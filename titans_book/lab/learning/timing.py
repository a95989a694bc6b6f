"""Is a function slow? One large call, against the reference's time for the same call."""

from __future__ import annotations

import time
from collections.abc import Callable

from titans_book.lab.learning.exercise import Exercise
from titans_book.lab.learning.guard import copies, put_back, run

__all__ = ["times_as_long"]


def times_as_long(exercise: Exercise, function: Callable) -> float | None:
    """How many times the reference's time the function takes on a large input; None: not asked."""
    if exercise.load is None:
        return None
    with put_back():
        arguments = exercise.load()

    def seconds(called: Callable) -> float:
        best = float("inf")
        for _ in range(3):
            given = copies(arguments)
            begin = time.perf_counter()
            called(*given)
            best = min(best, time.perf_counter() - begin)
            if best > 1.0:
                break
        return best

    taken: list[float] = []
    ran = run(lambda: taken.append(seconds(function)))
    if ran.endless or not taken:
        return float("inf") if ran.endless else None
    return taken[0] / max(seconds(exercise.reference), 1e-5)
