"""The gate of chapter 04 is told what is no share, and where."""

import pytest
import torch

from titans_book.book import bank  # noqa: F401  (with all wrong versions)
from titans_book.book.ch04.exercises_gate import forget_gate
from titans_book.book.ch04.scoring import BAR, compare, score
from titans_book.book.ch04.travel import journey, read
from titans_book.lab.learning.attempt import Attempt
from titans_book.lab.learning.examine import examine

pytestmark = pytest.mark.bare


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        (lambda s, u: s / u, "infinity at the first token, where usual is 0. What is divided"),
        (lambda s, u: torch.tanh(s - 2 * u), "from 0 to 1; yours is -"),
        (
            lambda s, u: torch.sign(s - 2 * u),
            "from 0 to 1; yours is -1 at token 2, where surprise is",
        ),
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


def test_the_sign_of_alpha_is_the_fault_that_is_named_for_tanh():
    said = " ".join(examine(forget_gate, lambda s, u: torch.tanh(s - u)).lines)
    assert "A negative alpha makes the memory grow" in said and "tanh of the difference" in said


@pytest.mark.parametrize(
    "gate",
    [
        lambda s, u: 1.0 if u > 0 and s > 2.1 * u else 0.0,
        lambda s, u: bool(u > 0 and s > 2 * u),
        lambda s, u: torch.where((s > 2 * u) & (u > 0), 1.0, 0.0),
        lambda s, u: torch.sigmoid(20 * (s / (u + 1e-12) - 2)) * (u > 0),
    ],
)
def test_gates_of_many_styles_pass(gate):
    assert examine(forget_gate, gate).passed and score(gate) < BAR


def test_a_learners_gate_is_shown_as_it_stands_beside_the_books(capsys):
    trip = journey(0)
    wrong = compare(trip, Attempt(forget_gate, lambda s, u: 0.0))
    assert list(wrong) == ["yours", "the book's"]
    assert wrong["yours"].error.mean() == pytest.approx(float(read(trip).error.mean()))
    assert "score 1.07" in capsys.readouterr().out

    def stub(surprise, usual):
        raise NotImplementedError

    assert list(compare(trip, Attempt(forget_gate, stub))) == ["the book's"]
    assert "yours:      not written yet" in capsys.readouterr().out
    assert list(compare(trip, lambda s, u: s.nothing)) == ["the book's"]
    assert "stops with AttributeError" in capsys.readouterr().out
