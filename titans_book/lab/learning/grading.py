"""Grading: is the function that a learner wrote right, whatever they made of its name?

A check is for learners and trusts them. A grade looks at the function itself: no method of the
learner's object is called, and neither the book's own function nor a way around to it counts.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

import titans_book
from titans_book.lab.learning.attempt import Attempt
from titans_book.lab.learning.examine import examine
from titans_book.lab.learning.exercise import Exercise
from titans_book.lab.learning.guard import Watched, run
from titans_book.lab.learning.verdict import Verdict
from titans_book.lab.register import find

__all__ = ["grade"]

HOUSE = Path(titans_book.__file__).resolve().parent
NOT_WRITTEN = "There is no function of yours here: a `def` under `@exercise` is asked for."
THE_BOOKS = "This is the book's own function, not one that you wrote."
ROUND_ABOUT = "Your function lets the book's own version do the work. What is it to do itself?"


def grade(name: str, attempt: Any) -> Verdict:
    """The verdict on what stands under `@exercise(name)`: judged is the learner's own source.

    verdict = grade("04.titans_step", titans_step); verdict.passed says whether it is right.
    """
    exercise = find(name)
    own = vars(attempt)["mine"] if type(attempt) is Attempt else attempt
    if type(own) is not FunctionType:
        return Verdict("open", exercise.short, (NOT_WRITTEN,))
    if _of_the_book(own.__code__):
        return Verdict("open", exercise.short, (THE_BOOKS,))
    verdict = examine(exercise, own)
    if verdict.passed and _runs_the_reference(exercise, own):
        return Verdict("known", exercise.short, (ROUND_ABOUT,))
    return verdict


def _of_the_book(code: CodeType) -> bool:
    """Whether code was read from a file of this package."""
    return HOUSE in Path(code.co_filename).resolve().parents


def _runs_the_reference(exercise: Exercise, own: Callable) -> bool:
    """Whether the reference runs while the function does, under whatever name it was reached."""
    wanted, seen = inspect.unwrap(exercise.reference).__code__, []

    def look(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code is wanted:
            seen.append(True)

    def looked_at(*arguments: Any) -> Any:
        sys.setprofile(look)
        try:
            return own(*arguments)
        finally:
            sys.setprofile(None)

    names = getattr(exercise.probe, "names", tuple)()
    watched = Watched(looked_at, exercise.reference, names, numbers=not exercise.part)
    run(lambda: list(exercise.probe(watched)))
    return bool(seen)
