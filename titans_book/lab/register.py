"""What a book has brought to the engine: its exercises and its questions, by name.

The engine knows no book. A book calls `add` when it is imported, chapter by chapter; whoever looks
something up here finds what has been added so far, in that order.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from titans_book.lab.learning.exercise import Exercise
    from titans_book.lab.learning.question import Question

__all__ = ["EXERCISES", "QUESTIONS", "add"]

EXERCISES: dict[str, Exercise] = {}
QUESTIONS: dict[str, Question] = {}


def add(exercises: Iterable[Exercise] = (), questions: Iterable[Question] = ()) -> None:
    """Take these in, after those that are here; one of the same name takes its place."""
    EXERCISES.update({exercise.name: exercise for exercise in exercises})
    QUESTIONS.update({question.name: question for question in questions})


def find(name: str) -> Exercise:
    """The exercise called `name`, "04.titans_step"; ValueError names those there are."""
    if not EXERCISES:
        raise ValueError(
            f"no book is open, so there is no exercise {name!r}: use `from titans_book.book import "
            "exercise`"
        )
    if name not in EXERCISES:
        raise ValueError(f"no exercise is called {name!r}; there are: {', '.join(EXERCISES)}")
    return EXERCISES[name]
