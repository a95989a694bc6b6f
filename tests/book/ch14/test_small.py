"""The small memory, its ledger and its replay, against the package's loop."""

import pytest
import torch

from titans_book.book.ch14 import suspects
from titans_book.book.ch14.report import REPORT, UNFAIR, shown
from titans_book.book.ch14.small import end_of, entries, told, worths
from titans_book.inspection.ledger import ledger
from titans_book.memory import Gates, reference


def as_rule(text):
    """The same text for the package: one sequence, one head, chunks of one token."""
    K, V = text.K[None, None], text.V[None, None]
    theta, alpha = text.theta[None, None], 1 - text.keep[None, None]
    q = text.q.expand_as(text.K)[None, None]
    return q, K, V, Gates(theta, torch.zeros_like(theta), alpha), [text.M[None]]


@pytest.mark.parametrize("seed", (0, 1))
def test_it_is_the_package_with_chunks_of_one_token(seed):
    text = told(seed)
    given = as_rule(text)
    y, state = reference.memorize(*given, chunk=1)
    assert torch.allclose(end_of(*text[:5]), state.weights[0][0, 0], atol=1e-12, rtol=0)
    found = ledger(*given, chunk=1)
    assert torch.allclose(entries(*text), found.tokens[0, 0], atol=1e-12, rtol=0)
    assert torch.allclose(y[0, 0, -1], found.answer[0, 0], atol=1e-12, rtol=0)


def test_a_write_that_is_worth_nothing_to_the_answer_is_worth_nothing():
    text = told()
    without = text._replace(theta=text.theta.clone())
    without.theta[2] = 0
    assert worths(*without)[2].abs().max() == 0 < worths(*text)[2].abs().max()


def test_a_hunter_may_ask_so_often_and_no_more():
    case = suspects.Case(0)
    for _ in range(suspects.MOST):
        assert case.ask(0, 0) == pytest.approx(1.0)
    with pytest.raises(RuntimeError, match="no more are allowed"):
        case.ask(0, 0)
    with pytest.raises(ValueError, match="a stretch must lie between 0 and 64"):
        case.ask(3, 70)
    assert case.best < 0.4 and suspects.score(lambda ask, length, most: (0, 0)) == 0


def test_the_report_has_five_unfair_sentences_and_is_heard_in_full():
    assert len(UNFAIR) == 5 and max(UNFAIR) <= len(REPORT) == 12
    assert all(sentence in shown().alt for sentence in REPORT)
