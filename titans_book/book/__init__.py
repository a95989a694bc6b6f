"""The content of the book: one folder a chapter, with its exercises, questions and widgets.

The engine that shows and checks all this is `titans_book.lab`. What the pages of a chapter need of
it is here, with everything of the book that has a name known to it:

    from titans_book.book import draw, exercise, part, predict, progress_map, quiz, review
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
from titans_book.lab.learning.predict import pick, predict
from titans_book.lab.pictures.draw import draw

__all__ = [
    "Pick",
    "Predict",
    "credit",
    "draw",
    "exercise",
    "grade",
    "install",
    "off",
    "part",
    "pick",
    "predict",
    "progress_map",
    "quiz",
    "release",
    "review",
]
