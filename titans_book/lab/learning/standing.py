"""Where a learner stands: what has passed, what is kept, what is due for review, and what is next.

The map of the book and `python -m titans_book progress` say the same, because both ask here.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from titans_book.lab.learning import book_map as book
from titans_book.lab.learning.exercise import GRADES, Exercise
from titans_book.lab.learning.leitner import DAY, place
from titans_book.lab.learning.parts import is_used_later
from titans_book.lab.learning.progress import Progress
from titans_book.lab.register import EXERCISES, QUESTIONS

__all__ = ["ChapterStanding", "Standing", "Task", "standing", "told"]

SIGNS = {"kept": "✓ kept", "passed": "✓", "begun": "… begun", "open": "open"}


@dataclass(frozen=True)
class Task:
    """An exercise and how far it is: open, begun (not right yet), passed or kept."""

    name: str
    grade: str
    state: str
    keepable: bool = False

    @property
    def short(self) -> str:
        """The function's own name."""
        return self.name.partition(".")[2]

    @property
    def done(self) -> bool:
        """Whether its check has passed."""
        return self.state in ("passed", "kept")

    def __str__(self) -> str:
        graded = "" if self.grade == "short" else f" ({self.grade})"
        return f"{self.short}{graded} {SIGNS[self.state]}"


@dataclass(frozen=True)
class ChapterStanding:
    """A chapter and its exercises, in the order of the book."""

    chapter: book.Chapter
    tasks: tuple[Task, ...]

    @property
    def passed(self) -> int:
        """How many of its checks have passed."""
        return sum(task.done for task in self.tasks)

    @property
    def kept(self) -> int:
        """How many of its functions run in later chapters."""
        return sum(task.state == "kept" for task in self.tasks)

    @property
    def begun(self) -> bool:
        """Whether anything was tried in it."""
        return any(task.state != "open" for task in self.tasks)


@dataclass(frozen=True)
class Standing:
    """All chapters; the chapters of the questions that are due; days until the next one is due."""

    chapters: tuple[ChapterStanding, ...]
    due: tuple[str, ...]
    waits: float | None = None

    @property
    def loose(self) -> list[Task]:
        """What has passed and could be kept for later chapters, but is not."""
        tasks = [task for chapter in self.chapters for task in chapter.tasks]
        return [task for task in tasks if task.keepable and task.state == "passed"]

    @property
    def next(self) -> tuple[ChapterStanding, Task] | None:
        """What was begun and is not right yet; else the first that is open in the latest chapter
        that was begun, or after it, or before it; None if all is done."""
        todo = [(c, task) for c in self.chapters for task in c.tasks if not task.done]
        begun = [pair for pair in todo if pair[1].state == "begun"]
        last = max((c.chapter.number for c in self.chapters if c.begun), default="")
        later = [pair for pair in todo if pair[0].chapter.number >= last]
        return next(iter(begun[-1:] or later or todo), None)


def standing(record: Progress, now: float | None = None) -> Standing:
    """What a record says; now: seconds since 1970."""
    now = time.time() if now is None else now
    passed, kept = record.passed(), set(record.parts())
    tried, answered = record.exercises(), record.questions()
    tasks: dict[str, list[Task]] = {chapter.number: [] for chapter in book.CHAPTERS}
    for name, exercise in EXERCISES.items():
        state = "kept" if name in kept else "passed" if name in passed else "open"
        if state == "open" and tried.get(name, {}).get("attempts"):
            state = "begun"
        task = _task(name, exercise, state)
        tasks.setdefault(name[:2], []).append(task)
    found = {name: place(answered.get(name, {})) for name in QUESTIONS}
    dates = {name: where[1] for name, where in found.items() if where}
    waits = [(date - now) / DAY for date in dates.values() if date > now]
    return Standing(
        tuple(ChapterStanding(c, tuple(tasks[c.number])) for c in book.CHAPTERS),
        tuple(name[:2] for name, date in dates.items() if date <= now),
        min(waits, default=None),
    )


def _task(name: str, exercise: Exercise | None, state: str) -> Task:
    if exercise is None:  # only its name is known
        return Task(name, "short", state)
    return Task(name, exercise.grade, state, is_used_later(exercise))


def told(found: Standing) -> Mapping[str, str]:
    """Kept, not kept, review and next, each in a sentence; what has nothing to say is left out."""
    kept = [task.short for c in found.chapters for task in c.tasks if task.state == "kept"]
    lines = {
        "Kept": f"{_row(kept)}. Later chapters run on your version." if kept else "",
        "Not kept": _not_kept(found.loose),
        "Review": _review(found),
        "Next": _next(found),
    }
    return {words: line for words, line in lines.items() if line}


def _row(names: Iterable[str], most: int = 6) -> str:
    names = list(names)
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def _not_kept(loose: list[Task]) -> str:
    if not loose:
        return ""
    names = _row(task.short for task in loose)
    return f"{names}. They passed, but later chapters use them only after `.keep()`."


def _review(found: Standing) -> str:
    if found.due:
        chapters = sorted(set(found.due))
        of = f"chapter{'s' * (len(chapters) > 1)} {_row(chapters)}"
        if len(found.due) == 1:
            return f"1 question of {of} is due. A later chapter begins with it."
        return f"{len(found.due)} questions of {of} are due. A later chapter begins with them."
    if found.waits is None:
        return ""
    days = max(1, round(found.waits))
    return f"Nothing is due. The next question is due in {days} day{'s' * (days != 1)}."


def _next(found: Standing) -> str:
    if found.next is None:
        return "You have written everything that this book asks for."
    chapter, task = found.next
    again = ", begun and not right yet" if task.state == "begun" else ""
    return (
        f"{task.short} in chapter {chapter.chapter.number}, {chapter.chapter.short}: "
        f"{task.grade}, about {GRADES[task.grade]} minutes{again}."
    )
