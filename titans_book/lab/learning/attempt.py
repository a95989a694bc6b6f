"""What `@exercise("04.titans_step")` makes of a learner's function: something with check and hints.

titans_step(M, S, k, ...)   calls it; while it is open or wrong, the book's own version answers
titans_step.check()         says what is right, and which mistake is made
titans_step.hint()          the next of three hints; hint(2) the second
titans_step.solution()      the book's version, as a cell to paste
titans_step.keep()          keep it: later chapters and the model of chapter 13 use it
titans_step.release()       give it back to the book
titans_step.mine            the function itself, right or wrong
"""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Callable
from dataclasses import replace
from html import escape
from typing import Any

from titans_book.lab.learning import parts
from titans_book.lab.learning.cells import not_run
from titans_book.lab.learning.examine import examine, under_check
from titans_book.lab.learning.exercise import Exercise
from titans_book.lab.learning.fitting import Misfit
from titans_book.lab.learning.progress import progress
from titans_book.lab.learning.solution import solution_of
from titans_book.lab.learning.verdict import Verdict
from titans_book.lab.register import find

__all__ = ["Attempt", "Note", "exercise", "find"]

TWICE = "There are two `@exercise` above it, one on top of the other: one is enough."
HINTS = ("a nudge", "shapes and units", "the lines, shuffled")


class Note:
    """A few words, or lines of code, as an answer."""

    def __init__(self, title: str, text: str, code: bool = False):
        self.title, self.text, self.code = title, text, code

    def __repr__(self) -> str:
        return f"{self.title}\n{textwrap.indent(self.text, '  ')}"

    def _repr_html_(self) -> str:
        body = escape(self.text)
        body = f"<pre>{body}</pre>" if self.code or "\n" in self.text else f"<p>{body}</p>"
        return f'<div role="status"><b>{escape(self.title)}</b>{body}</div>'


def exercise(name: str) -> Callable[[Callable], Attempt]:
    """Decorates the function that a learner writes; see the top of this file."""
    declared = find(name)
    return lambda function: Attempt(declared, function)


class Attempt:
    """A learner's function for an exercise. Calling it never blocks a chapter."""

    def __init__(self, exercise: Exercise, function: Callable):
        functools.update_wrapper(self, function)
        self.exercise, self.mine = exercise, function
        self._verdict: Verdict | None = None
        self._noticed = False
        self._hints = 0

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if judged := under_check(self.exercise.name):  # by what is checked: itself, or its like
            if self.mine in judged:
                return self.mine(*arguments, **named)
            says = f"It calls another {self.exercise.short}, instead of doing the work."
            raise Misfit(says, "What is it to do itself?")
        verdict = self._examined()
        if verdict.passed:
            return self.mine(*arguments, **named)
        if not self._noticed:
            self._noticed = True
            why = "is still open" if verdict.outcome == "open" else "has not passed its check"
            print(f"{self.exercise.short} {why}: the book's own version answers in its place.")
        return self.exercise.reference(*arguments, **named)

    def _examined(self) -> Verdict:
        if self._verdict is None:
            if isinstance(self.mine, Attempt):
                self._verdict = Verdict("open", self.exercise.short, (TWICE,))
            else:
                self._verdict = examine(self.exercise, self.mine)
        return self._verdict

    def check(self) -> Verdict:
        """Is it right? If not: what is right so far, where it differs, and which mistake it is."""
        self._verdict = None
        verdict = self._examined()
        if verdict.outcome != "open":
            progress().attempt(self.exercise.name, verdict.outcome)
        before, after = not_run(self.exercise.name), self._not_kept(verdict)
        lines = (*filter(None, [before]), *verdict.lines, *filter(None, [after]))
        return replace(verdict, lines=lines)

    def _not_kept(self, verdict: Verdict) -> str:
        """How to keep what has passed, if that was not done and later chapters could use it."""
        if not verdict.passed or not parts.is_used_later(self.exercise):
            return ""
        if self.exercise.name in progress().parts():
            return ""
        keeps = f"`{self.exercise.short}.keep()` makes later chapters run on it"
        return f"{keeps}, and `{self.exercise.short}.release()` takes that back."

    def hint(self, number: int | None = None) -> Note:
        """The next hint, or hint number 1, 2 or 3."""
        hints = self.exercise.hints
        if number is None:
            number = self._hints = min(self._hints + 1, len(hints))
        if type(number) is not int or not 1 <= number <= len(hints):
            raise ValueError(f"hint {number!r} is none: there are hints 1 to {len(hints)}")
        progress().hint(self.exercise.name)
        return Note(f"Hint {number} of {len(hints)}, {HINTS[number - 1]}", hints[number - 1])

    def solution(self) -> Note:
        """The book's version, to be pasted over the whole cell."""
        progress().hint(self.exercise.name)
        title = f"One solution of {self.exercise.short}, a whole cell"
        return Note(title, solution_of(self.exercise), code=True)

    def keep(self) -> Note:
        """Make it one of your own parts, which later chapters use; it has to pass its check."""
        if isinstance(self.mine, Attempt):
            return Note(self.exercise.short, TWICE)
        return Note(self.exercise.short, parts.keep(self.exercise, self.mine))

    def release(self) -> Note:
        """Give the part back to the book; a kept version is forgotten, the cell stays."""
        if self.exercise.name not in progress().parts():
            return Note(self.exercise.short, "It is not kept, so later chapters use the book's.")
        parts.release(self.exercise.name)
        words = "Later chapters use the book's version again. `keep()` would bring yours back."
        return Note(self.exercise.short, words)

    def __repr__(self) -> str:
        return f"your {self.exercise.short}: .check() .hint() .solution() .keep()"
