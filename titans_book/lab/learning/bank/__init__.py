"""Every exercise and every quiz question of the book, by name, in the order of the chapters.

A chapter NN brings two files: exercises_NN.py and questions_NN.py. Whatever Exercise or Question
stands in them at the top level is in the book.
"""

from importlib import import_module
from pkgutil import iter_modules

from titans_book.lab.learning.exercise import Exercise
from titans_book.lab.learning.quiz import Question

__all__ = ["EXERCISES", "QUESTIONS"]


def _found(kind: type) -> dict:
    """What stands at the top level of this folder's files, alone or in a tuple."""
    found = {}
    for file in sorted(iter_modules(__path__), key=lambda file: file.name):
        for value in vars(import_module(f"{__name__}.{file.name}")).values():
            for thing in value if isinstance(value, tuple) else (value,):
                if isinstance(thing, kind):
                    found[thing.name] = thing
    return found


EXERCISES: dict[str, Exercise] = _found(Exercise)
QUESTIONS: dict[str, Question] = _found(Question)
