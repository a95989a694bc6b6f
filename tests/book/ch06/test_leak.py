"""Two ways to find a leak, and both are right: change what comes, or leave it out."""

from titans_book.book.ch06.exercises_leak import leak
from titans_book.lab.learning.examine import examine


def test_a_comparison_with_the_text_cut_off_is_a_leak_test_too():
    verdict = examine(leak, lambda answer, x, p: (answer(x[:p]) - answer(x)[:p]).abs().max())
    assert verdict.outcome == "right"
