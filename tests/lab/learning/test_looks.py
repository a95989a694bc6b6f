"""Single numbers: each is a multiple of any other, so only plain multiples are worth a word."""

import pytest

from titans_book.book.bank import EXERCISES
from titans_book.lab.learning.examine import examine

LOSS = EXERCISES["01.loss"]


def words(function):
    verdict = examine(LOSS, function)
    assert verdict.outcome == "unknown"
    return " ".join(verdict.lines)


@pytest.mark.parametrize(
    ("factor", "said"), [(3, "3 times"), (0.75, "0.75 times"), (-1, "the other sign")]
)
def test_a_plain_multiple_is_named(factor, said):
    assert said in words(lambda M, k, v: factor * LOSS.reference(M, k, v))


def test_any_other_number_is_no_likeness():
    said = words(lambda M, k, v: (k @ M) @ v)
    assert "times" not in said and "nearly" not in said
