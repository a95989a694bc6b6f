"""Everything in the book that has a name, in the order of the chapters.

A chapter is a folder, chNN. Every Exercise at the top level of one of its files exercises*.py is in
the book, and known to the engine once this file is imported; so is every Question in questions*.py,
and every Drawing, Sketch and Lineup in pictures*.py. They may be alone or in a tuple.
"""

from importlib import import_module
from pathlib import Path

from titans_book.lab import register
from titans_book.lab.learning.exercise import Exercise
from titans_book.lab.learning.guess import Lineup, Sketch
from titans_book.lab.learning.question import Question
from titans_book.lab.pictures.picture import Drawing

__all__ = ["DRAWINGS", "EXERCISES", "LINEUPS", "QUESTIONS", "SKETCHES"]


def _found(kind: type, pattern: str) -> dict:
    found = {}
    for path in sorted(Path(__file__).parent.glob(f"ch[0-9][0-9]/{pattern}")):
        module = import_module(f"titans_book.book.{path.parent.name}.{path.stem}")
        for value in vars(module).values():
            for thing in value if isinstance(value, tuple) else (value,):
                if isinstance(thing, kind):
                    found[thing.name] = thing
    return found


EXERCISES: dict[str, Exercise] = _found(Exercise, "exercises*.py")
QUESTIONS: dict[str, Question] = _found(Question, "questions*.py")
DRAWINGS: dict[str, Drawing] = _found(Drawing, "pictures*.py")
SKETCHES: dict[str, Sketch] = _found(Sketch, "pictures*.py")
LINEUPS: dict[str, Lineup] = _found(Lineup, "pictures*.py")

register.add(
    EXERCISES.values(),
    QUESTIONS.values(),
    DRAWINGS.values(),
    SKETCHES.values(),
    LINEUPS.values(),
)
