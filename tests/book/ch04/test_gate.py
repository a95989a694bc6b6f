"""The gate of chapter 04 is told what is no share, and where."""

import pytest
import torch

from titans_book.book.ch04.exercises_gate import forget_gate
from titans_book.lab.learning.examine import examine

pytestmark = pytest.mark.bare


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        (lambda s, u: s / u, "infinity at the first token, where usual is 0: what is divided"),
        (lambda s, u: torch.tanh(s - 2 * u), "from 0 to 1; yours is -"),
        (lambda s, u: torch.sign(s - 2 * u), "from 0 to 1; yours is -1 at token 1."),
        (lambda s, u: torch.log(u - s), "NaN"),
        (lambda s, u: 2.0 * (s > 2 * u), "yours is 2 at the first token"),
    ],
)
def test_what_is_no_share_is_called_what_it_is(gate, words):
    verdict = examine(forget_gate, gate)
    assert not verdict.passed and words in " ".join(verdict.lines)


def test_nan_in_silence_is_told_as_such():
    verdict = examine(
        forget_gate, lambda s, u: torch.where(u > 0, (s > 2 * u).double(), 0 * (s / s))
    )
    assert "It gives NaN where nothing surprises and usual is 0" in " ".join(verdict.lines)
