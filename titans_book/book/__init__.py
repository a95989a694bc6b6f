"""The content of the book: one folder a chapter, with its exercises, questions and widgets.

The engine that shows and checks all this is `titans_book.lab`. What the pages of a chapter need of
it is here, with the book's exercises and questions known to it:

    from titans_book.book import exercise, part, progress_map, quiz, review
"""

from titans_book.book import bank  # noqa: F401  (brings the book to the engine)
from titans_book.lab.learning import (
    Pick,
    Predict,
    credit,
    exercise,
    grade,
    install,
    off,
    part,
    progress_map,
    quiz,
    release,
    review,
)

__all__ = [
    "Pick",
    "Predict",
    "credit",
    "exercise",
    "grade",
    "install",
    "off",
    "part",
    "progress_map",
    "quiz",
    "release",
    "review",
]
