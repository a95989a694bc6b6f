"""What turns pages into a workbook: exercises that know the mistake, quizzes, predictions.

A book brings its content to the register; its chapters then need the names below.
"""

from titans_book.lab.learning.attempt import exercise
from titans_book.lab.learning.grading import grade
from titans_book.lab.learning.map import progress_map
from titans_book.lab.learning.parts import credit, part, release
from titans_book.lab.learning.predict import Pick, Predict
from titans_book.lab.learning.progress import off
from titans_book.lab.learning.quiz import quiz
from titans_book.lab.learning.review import review
from titans_book.lab.learning.running import install

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
