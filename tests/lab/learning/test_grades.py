"""Every exercise says how large it is: short, build or open."""

from dataclasses import replace

import pytest

from titans_book.book.bank import EXERCISES
from titans_book.lab.learning.exercise import GRADES


def test_an_exercise_is_short_unless_it_says_otherwise():
    read = EXERCISES["01.read"]
    assert read.grade == "short" and replace(read, grade="build").grade == "build"


def test_a_grade_that_is_none_names_the_grades():
    with pytest.raises(ValueError, match="grade='long' is none: choose one of short, build, open"):
        replace(EXERCISES["01.read"], grade="long")


def test_small_exercises_take_less_time_than_large_ones():
    assert list(GRADES.values()) == sorted(GRADES.values())
