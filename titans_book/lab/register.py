"""What a book has brought to the engine, by name: exercises, questions, pictures, predictions.

The engine knows no book. A book calls `add` when it is imported, chapter by chapter; whoever looks
something up here finds what has been added so far, in that order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from titans_book.lab.learning.exercise import Exercise
    from titans_book.lab.learning.guess import Lineup, Sketch
    from titans_book.lab.learning.question import Question
    from titans_book.lab.pictures.picture import Drawing

__all__ = ["DRAWINGS", "EXERCISES", "LINEUPS", "QUESTIONS", "SKETCHES", "add", "find", "named"]

EXERCISES: dict[str, Exercise] = {}
QUESTIONS: dict[str, Question] = {}
DRAWINGS: dict[str, Drawing] = {}
SKETCHES: dict[str, Sketch] = {}
LINEUPS: dict[str, Lineup] = {}

Thing = TypeVar("Thing")


def add(
    exercises: Iterable[Exercise] = (),
    questions: Iterable[Question] = (),
    drawings: Iterable[Drawing] = (),
    sketches: Iterable[Sketch] = (),
    lineups: Iterable[Lineup] = (),
) -> None:
    """Take these in, after those that are here; one of the same name takes its place."""
    EXERCISES.update({exercise.name: exercise for exercise in exercises})
    QUESTIONS.update({question.name: question for question in questions})
    DRAWINGS.update({drawing.name: drawing for drawing in drawings})
    SKETCHES.update({sketch.name: sketch for sketch in sketches})
    LINEUPS.update({lineup.name: lineup for lineup in lineups})


def find(name: str) -> Exercise:
    """The exercise called `name`, "04.titans_step"; ValueError names those there are."""
    if not EXERCISES:
        raise ValueError(
            f"no book is open, so there is no exercise {name!r}: use `from titans_book.book import "
            "exercise`"
        )
    return named(EXERCISES, name, "exercise")


def named(things: Mapping[str, Thing], name: str, kind: str) -> Thing:
    """The one of these called `name`; ValueError names those there are."""
    if name not in things:
        there = ", ".join(things) or "none: `import titans_book.book` brings the book's"
        raise ValueError(f"no {kind} is called {name!r}; there are: {there}")
    return things[name]
