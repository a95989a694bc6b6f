"""Is a function slow? Large calls, against the reference's time for the same calls.

Times are the thread's own (what other programs take of the machine does not count), of as many
calls as fill LEAST seconds, the two functions in turn in one thread; compared are the medians.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

from titans_book.lab.learning.exercise import Exercise
from titans_book.lab.learning.guard import copies, put_back, run

__all__ = ["times_as_long"]

LEAST = 0.002  # seconds of one measurement
ENOUGH = 0.5  # seconds for one function
ROUNDS = 5


def times_as_long(exercise: Exercise, function: Callable) -> float | None:
    """How many times the reference's time the function takes on a large input; None: not asked."""
    if exercise.load is None:
        return None
    with put_back():
        arguments = exercise.load()
    ratios: list[float] = []

    def work() -> None:
        mine, theirs = [], []
        for _ in range(ROUNDS):
            theirs.append(_seconds(exercise.reference, arguments))
            mine.append(_seconds(function, arguments))
            if sum(mine) > ENOUGH:
                break
        ratios.append(median(mine) / max(median(theirs), 1e-9))

    ran = run(work)
    if ran.endless or not ratios:
        return float("inf") if ran.endless else None
    return ratios[0]


def _seconds(called: Callable, arguments: tuple) -> float:
    """Seconds of this thread for one call, from as many as it takes to measure them."""
    count = 1
    while True:
        begin = time.thread_time()
        for _ in range(count):
            called(*copies(arguments))
        taken = time.thread_time() - begin
        if taken >= LEAST:
            return taken / count
        count *= 2
