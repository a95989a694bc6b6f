"""Every exercise and every quiz question of the book, by name, in the order of the chapters.

A chapter is a folder, chNN. Whatever Exercise or Question stands at the top level of one of its
files called exercises*.py or questions.py, alone or in a tuple, is in the book, and
known to the engine once this file is imported.
"""

from importlib import import_module
from pathlib import Path

from titans_book.lab import register
from titans_book.lab.learning.exercise import Exercise
from titans_book.lab.learning.question import Question

__all__ = ["EXERCISES", "QUESTIONS"]


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

register.add(EXERCISES.values(), QUESTIONS.values())
