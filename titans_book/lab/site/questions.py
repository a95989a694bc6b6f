"""Quizzes, reviews, line-ups and predictions for a page without a kernel.

Quizzes and line-ups need no script at all: each choice is a fold, with its reason in it.
"""

from __future__ import annotations

import json
from html import escape

from titans_book.lab.learning.progress import Progress
from titans_book.lab.learning.question import LETTERS, Question
from titans_book.lab.learning.review import due
from titans_book.lab.register import QUESTIONS

__all__ = ["asked", "dial", "lineup", "prediction", "quiz", "review"]


def asked(words: str) -> Question | None:
    """The question that begins with these words; a notebook keeps only the first ones."""
    start = words.removesuffix("…")
    return next((one for one in QUESTIONS.values() if str(one).startswith(start)), None)


def _fold(choice: str, right: bool, verdict: str, because: str) -> str:
    sign, look = ("✓", "right") if right else ("✗", "wrong")
    return (
        f'<details><summary>{choice}</summary><div class="reason {look}">'
        f"<b>{sign} {verdict}</b> {because}</div></details>"
    )


def quiz(question: Question) -> str:
    """A question; whoever opens a choice reads why it is right, or what it would take."""
    rows = "".join(
        f"<li>{_fold(choice.text, choice.right, 'Right.' if choice.right else 'Not this one.', choice.because)}</li>"  # noqa: E501
        for _, choice in zip(LETTERS, question.choices, strict=False)
    )
    return (
        f'<div class="quiz" role="group" aria-label="Question"><p class="asks">{question.asks}</p>'
        f'<ol type="a">{rows}</ol></div>'
    )


def review(chapter: str) -> str:
    """Three questions from earlier chapters, as a reader gets them who has answered none."""
    three = due(chapter, QUESTIONS, Progress(None), now=0.0)
    title = '<p class="title">Do you still know? From earlier chapters</p>'
    return f'<div class="review">{title}{"".join(map(quiz, three))}</div>'


def lineup(frozen: dict, alt: str) -> str:
    """Curves to choose from."""
    cards = ""
    for index, card in enumerate(frozen["cards"]):
        right, letter = index == frozen["right"], frozen["letters"][index]
        verdict = "That is what happens." if right else "Not this one."
        fold = _fold(f"Curve {letter}", right, verdict, frozen["because"][index])
        cards += f"<li>{card}{fold}</li>"
    return f'<div class="pick" role="group" aria-label="{escape(alt)}"><ul>{cards}</ul></div>'


def prediction(frozen: dict, alt: str) -> str:
    """A curve to be shaped; the script of the site draws it, and shows the truth when asked."""
    kept = {name: value for name, value in frozen.items() if name not in ("kind", "name")}
    return (
        f'<div class="predict" role="group" aria-label="Predict: {escape(alt)}">'
        f'<p class="title">Predict: {escape(alt)}</p>'
        f'<script type="application/json">{_json({**kept, "alt": alt})}</script>'
        "<noscript><p>To sketch the curve here, allow the page its script.</p></noscript></div>"
    )


def dial(frozen: dict, alt: str) -> str:
    """A dial with the settings that were kept."""
    data = {name: frozen[name] for name in ("first", "words", "values", "states")}
    still = "" if frozen["words"] else ' data-still=""'
    return (
        f'<div class="dial" role="group" aria-label="{escape(alt)}"{still}>{frozen["html"]}'
        f'<script type="application/json">{_json(data)}</script></div>'
    )


def _json(data: dict) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
