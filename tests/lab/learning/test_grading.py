"""A grade judges the learner's own function, and nothing that stands in for it."""

import pytest
import torch

from titans_book.book import exercise, grade
from titans_book.lab.learning.attempt import Attempt
from titans_book.lab.learning.verdict import Verdict
from titans_book.steps import matrix as steps
from titans_book.steps.matrix import surprise_grad
from titans_book.steps.matrix import titans_step as the_books

NAME = "04.titans_step"


def own(M, S, k, v, theta, eta, alpha):
    S = eta * S - theta * torch.outer(k, k @ M - v)
    return (1 - alpha) * M + S, S


def with_parts(M, S, k, v, theta, eta, alpha):
    S = eta * S - theta * surprise_grad(M, k, v)
    return (1 - alpha) * M + S, S


def stub(M, S, k, v, theta, eta, alpha):
    raise NotImplementedError("your turn")


def around(M, S, k, v, theta, eta, alpha):
    return the_books(M, S, k, v, theta, eta, alpha)


def by_another_name(M, S, k, v, theta, eta, alpha):
    return sideways(M, S, k, v, theta, eta, alpha)


sideways = exercise(NAME)(stub)


def with_a_check_of_its_own():
    attempt = exercise(NAME)(stub)
    attempt.check = lambda: Verdict("right", "titans_step")
    attempt._verdict = Verdict("right", "titans_step")
    return attempt


def with_the_books_put_in():
    attempt = exercise(NAME)(stub)
    attempt.mine = the_books
    return attempt


class Pretender(Attempt):
    """An Attempt that says it is right."""

    def check(self):
        return Verdict("right", "titans_step")


class Sly:
    mine, check = own, staticmethod(lambda: Verdict("right", "titans_step"))


@pytest.mark.parametrize(
    "attempt",
    [
        pytest.param(lambda: exercise(NAME)(exercise(NAME)(stub)), id="two decorators"),
        pytest.param(lambda: the_books, id="imported"),
        pytest.param(lambda: exercise(NAME)(the_books), id="imported and decorated"),
        pytest.param(lambda: exercise(NAME)(lambda *given: the_books(*given)), id="a lambda"),
        pytest.param(lambda: exercise(NAME)(around), id="a way around"),
        pytest.param(lambda: exercise(NAME)(by_another_name), id="another attempt"),
        pytest.param(with_a_check_of_its_own, id="a check of its own"),
        pytest.param(with_the_books_put_in, id="the book's put in"),
        pytest.param(lambda: Pretender(exercise(NAME)(stub).exercise, stub), id="a subclass"),
        pytest.param(Sly, id="an object of its own"),
        pytest.param(lambda: None, id="nothing"),
        pytest.param(lambda: exercise(NAME)(stub), id="open"),
        pytest.param(lambda: exercise(NAME)(lambda M, S, *_: (M, S)), id="wrong"),
    ],
)
def test_no_grade_for_what_the_learner_did_not_write(attempt):
    verdict = grade(NAME, attempt())
    assert type(verdict) is Verdict and not verdict.passed and verdict.lines


@pytest.mark.parametrize("function", [own, with_parts])
def test_what_is_right_and_ones_own_passes(function):
    assert grade(NAME, exercise(NAME)(function)).passed
    assert grade(NAME, function).passed
    assert not grade("03.momentum_step", exercise(NAME)(function)).passed


def test_the_name_is_the_tasks_and_not_the_decorators():
    momentum = exercise("03.momentum_step")(lambda S, u, theta, eta: eta * S - theta * u)
    assert grade("03.momentum_step", momentum).passed and not grade(NAME, momentum).passed
    with pytest.raises(ValueError, match="no exercise is called"):
        grade("04.no_step", momentum)


def test_a_check_is_not_passed_by_another_attempt_either():
    stacked = exercise(NAME)(exercise(NAME)(stub))
    verdict = stacked.check()
    assert verdict.outcome == "open" and "two `@exercise`" in str(verdict)
    assert "two `@exercise`" in repr(stacked.keep())
    verdict = exercise(NAME)(by_another_name).check()
    assert verdict.outcome == "known" and "calls another titans_step" in str(verdict)
    arguments = (torch.ones(2, 2), torch.zeros(2, 2), torch.ones(2), torch.ones(2), 0.1, 0.5, 0.1)
    assert torch.equal(stacked(*arguments)[0], steps.titans_step(*arguments)[0])
