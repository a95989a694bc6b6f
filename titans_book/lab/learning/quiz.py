"""A question with an explanation for every choice, right or wrong.

    quiz("01.interference")

Press as many choices as you like: each says why it is right, or what it would take for it to be.
Only the first press after the quiz appears counts for the record, and so for the review.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import ipywidgets

from titans_book.lab.learning import leitner
from titans_book.lab.learning.progress import Progress, progress
from titans_book.lab.learning.question import LETTERS, Choice, Question
from titans_book.lab.pictures.controls import Panel
from titans_book.lab.pictures.sheet import plain, sheet, status
from titans_book.lab.pictures.still import folded
from titans_book.lab.register import QUESTIONS

__all__ = ["Quiz", "quiz"]


class Quiz(Panel):
    """A question, and a button for each of its choices. record: None for this session's own."""

    def __init__(self, question: Question, record: Progress | None = None):
        self.question, self._record, self._answered = question, record, False
        self.buttons = tuple(self._button(index) for index in range(len(question.choices)))
        self.rows = tuple(map(_row, self.buttons, question.choices))
        self.explanation = status()
        asks = ipywidgets.HTML(f'<div class="asks">{question.asks}</div>')
        super().__init__([sheet(), asks, *self.rows, self.explanation], alt=str(question))
        self.add_class("titans-quiz")

    def _button(self, index: int) -> ipywidgets.Button:
        words = plain(self.question.choices[index].text)
        button = ipywidgets.Button(description=f"{LETTERS[index]})", tooltip=words)
        button.on_click(partial(self._press, index))
        return button

    def _press(self, index: int, _button: Any = None) -> None:
        """Mark the choice, explain it, and note the first one in the record."""
        choice, letter = self.question.choices[index], LETTERS[index]
        sign, verdict = ("✓", "Right") if choice.right else ("✗", "Not this one")
        self.buttons[index].description = f"{letter}) {sign}"
        self.rows[index].add_class("right" if choice.right else "wrong")
        self.explanation.value = (
            f'<div class="{"right" if choice.right else "wrong"}">'
            f"<b>{sign} {letter}) {verdict}.</b> {choice.because}</div>"
        )
        if not self._answered:
            self._answered = True
            self._note(choice.right)

    def still(self) -> str:
        """The question without a kernel: each choice opens to its reason."""
        lines = [
            folded(f"{a}) {c.text}", f"{'Right' if c.right else 'Not this one'}. {c.because}")
            for a, c in zip(LETTERS, self.question.choices, strict=False)
        ]
        return f"<p><b>{self.question.asks}</b></p>{''.join(lines)}"

    def _note(self, right: bool) -> None:
        record = self._record or progress()
        box, _ = leitner.place(record.question(self.question.name)) or (0, 0.0)
        record.answer(self.question.name, right, *leitner.lay(box, right, time.time()))


def _row(button: ipywidgets.Button, choice: Choice) -> ipywidgets.HBox:
    """A choice: its button and, beside it, its text; the style lets the button cover both."""
    row = ipywidgets.HBox([button, ipywidgets.HTML(choice.text)])
    row.add_class("choice")
    return row


def quiz(name: str, record: Progress | None = None) -> Quiz:
    """The question of the bank with this name, ready to be answered."""
    if name not in QUESTIONS:
        raise ValueError(f"name={name!r} is no question: choose one of {', '.join(QUESTIONS)}")
    return Quiz(QUESTIONS[name], record)
