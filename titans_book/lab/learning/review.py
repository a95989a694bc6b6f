"""Three questions from earlier chapters, at the start of a chapter.

What was answered wrong comes back soonest, what was right later and later (see `leitner`). Which
three: those that are due, the oldest first; then some never seen; then those due soonest.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping

import ipywidgets

from titans_book.lab.learning.book_map import CHAPTERS
from titans_book.lab.learning.leitner import place
from titans_book.lab.learning.progress import Progress, progress
from titans_book.lab.learning.question import Question
from titans_book.lab.learning.quiz import Quiz
from titans_book.lab.pictures.controls import Panel
from titans_book.lab.pictures.sheet import sheet
from titans_book.lab.register import QUESTIONS

__all__ = ["Review", "due", "review"]

COUNT = 3
WORDS = ("no questions yet", "one question", "two questions", "three questions")


def _spread(questions: Iterable[Question]) -> list[Question]:
    """In rounds: one question of each chapter, the latest chapter first; then a second of each."""
    taken: Counter[str] = Counter()
    rounds = []
    for question in questions:
        rounds.append((taken[question.chapter], -int(question.chapter), question))
        taken[question.chapter] += 1
    return [question for *_, question in sorted(rounds, key=lambda entry: entry[:2])]


def due(
    chapter: str, questions: Mapping[str, Question], record: Progress, now: float
) -> list[Question]:
    """The three questions for the start of `chapter` ("03"), all from earlier chapters.

    now: seconds since 1970. The same record, questions and time give the same three.
    """
    if chapter not in [known.number for known in CHAPTERS[1:]]:
        raise ValueError(f"chapter={chapter!r} has no earlier ones: they are called 01 to 14")
    earlier = [question for question in questions.values() if question.chapter < chapter]
    where = {question.name: place(record.question(question.name)) for question in earlier}
    seen = [question for question in earlier if where[question.name]]
    seen.sort(key=lambda question: (where[question.name][1], question.name))
    ready = [question for question in seen if where[question.name][1] <= now]
    fresh = _spread(question for question in earlier if not where[question.name])
    return [*ready, *fresh, *seen[len(ready) :]][:COUNT]


class Review(Panel):
    """Quizzes one below the other, with a title. Its words are the same whatever is due."""

    def __init__(self, questions: Iterable[Question], record: Progress | None = None):
        self.quizzes = tuple(Quiz(question, record) for question in questions)
        words = WORDS[len(self.quizzes)] if len(self.quizzes) < len(WORDS) else "questions"
        title = f'<div class="title">Do you still know? {words.capitalize()} from before</div>'
        children = [sheet(), ipywidgets.HTML(title), *self.quizzes]
        super().__init__(children, alt="three questions from earlier chapters")
        self.add_class("titans-review")


def review(chapter: str, record: Progress | None = None) -> Review:
    """The review at the start of `chapter`, made for what this learner knows.

    In chapter 01 its questions come from chapter 00.
    """
    record = record or progress()
    return Review(due(chapter, QUESTIONS, record, time.time()), record)
