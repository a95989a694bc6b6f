"""Broadcasting that nobody meant: two tensors of different shapes, and one of them is repeated.

The wrong function runs once more, and every sum, difference, product or quotient of two shapes is
noted. What the book's version repeats as well is no news.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode

from titans_book.lab.learning.exercise import Exercise
from titans_book.lab.learning.guard import Watched, copies, run

__all__ = ["spread"]

DOES = {"add": "added", "sub": "subtracted", "mul": "multiplied", "div": "divided"}
DOES["truediv"] = "divided"

Found = tuple[str, tuple, tuple]


class _Looks(TorchFunctionMode):
    """Notes (what was done, shapes, line) where two shapes met."""

    def __init__(self, function: Callable):
        super().__init__()
        self.code = getattr(function, "__code__", None)
        self.found: dict[Found, int] = {}

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name = getattr(func, "__name__", "").strip("_")
        done = DOES.get(name) or DOES.get(name.removeprefix("r"))
        two = [one for one in args[:2] if isinstance(one, Tensor) and one.dim()]
        if done and len(two) == 2 and _repeats(*two):
            key = (done, tuple(two[0].shape), tuple(two[1].shape))
            self.found.setdefault(key, self._line())
        return func(*args, **(kwargs or {}))

    def _line(self) -> int:
        frame = sys._getframe(2)
        while frame is not None and frame.f_code is not self.code:
            frame = frame.f_back
        return 0 if frame is None else frame.f_lineno - self.code.co_firstlineno + 1


def _repeats(one: Tensor, other: Tensor) -> bool:
    """Whether one of the two has fewer axes, and not because it says so with axes of size 1."""
    return one.dim() != other.dim() and 1 not in (*one.shape, *other.shape)


def _of(function: Callable, given: tuple) -> dict[Found, int]:
    looks = _Looks(function)

    def work() -> Any:
        with looks:
            return function(*copies(given))

    run(work)
    return looks.found


def spread(exercise: Exercise, watched: Watched, at: int) -> tuple[str, ...]:
    """The first repeat that the book's version does not have, in call `at`; nothing if none is."""
    if at >= len(watched.given):
        return ()
    given = watched.given[at]
    known = _of(exercise.reference, given)
    for (done, one, other), line in _of(watched.function, given).items():
        if line and (done, one, other) not in known:
            few = min(one, other, key=len)
            return (
                f"In line {line} the shapes {one} and {other} are {done}: the {few} is repeated "
                "for every row. Is that meant?",
            )
    return ()
