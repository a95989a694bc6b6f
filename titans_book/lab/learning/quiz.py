"""A question with an explanation for every choice, right or wrong.

    quiz("01.interference")

Press as many choices as you like: each says why it is right, or what it would take for it to be.
Only the first press after the quiz appears counts for the record, and so for the review.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import ipywidgets

from titans_book.lab.controls import Panel
from titans_book.lab.learning import leitner
from titans_book.lab.learning.common import check_name, plain, sheet, status
from titans_book.lab.learning.progress import Progress, progress

__all__ = ["Choice", "Question", "Quiz", "quiz"]

LETTERS = "abcd"


@dataclass(frozen=True)
class Choice:
    """One answer that can be chosen, and why it is right or wrong (see Question for the texts)."""

    text: str
    right: bool = False
    because: str = ""

    def __post_init__(self):
        if not self.text.strip():
            raise ValueError("text is empty: say what the learner can choose")
        if not self.because.strip():
            raise ValueError(f"because is empty for {self.text!r}: every choice is explained")


@dataclass(frozen=True)
class Question:
    """A question of the bank: its name ("01.interference"), what it asks, three or four choices.

    Texts are HTML from this book's own bank, shown as they are: <i>, <b>, <code>, <sub>, <sup> are
    welcome, and a bare < or & is written &lt; or &amp;. Never put a learner's own text here.
    """

    name: str
    asks: str
    choices: tuple[Choice, ...]

    def __post_init__(self):
        check_name(self.name)
        if not self.asks.strip():
            raise ValueError(f"asks is empty: what does question {self.name} ask?")
        if len(self.choices) not in (3, 4):
            raise ValueError(f"{self.name} has {len(self.choices)} choices: give three or four")
        if sum(choice.right for choice in self.choices) != 1:
            raise ValueError(f"{self.name} needs exactly one choice that is right")
        if len({choice.text for choice in self.choices}) < len(self.choices):
            raise ValueError(f"{self.name} has the same choice twice")

    @property
    def chapter(self) -> str:
        """The number of the chapter that teaches it."""
        return self.name[:2]

    def __str__(self) -> str:
        choices = zip(LETTERS, self.choices, strict=False)
        return " ".join([plain(self.asks), *(f"{a}) {plain(c.text)}" for a, c in choices)])


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
    from titans_book.lab.learning.bank import QUESTIONS

    if name not in QUESTIONS:
        raise ValueError(f"name={name!r} is no question: choose one of {', '.join(QUESTIONS)}")
    return Quiz(QUESTIONS[name], record)
