"""A slip that nobody foresaw is named, if undoing it makes the answer right."""

from dataclasses import replace

import pytest
import torch

from titans_book.book.bank import EXERCISES
from titans_book.lab.learning.examine import examine
from titans_book.lab.learning.exercise import Exercise, Probe, normal, uniform
from titans_book.steps import matrix as steps

read, surprise_grad, momentum_step = steps.read, steps.surprise_grad, steps.momentum_step
outer, loss = torch.outer, steps.loss


def decay_of(number, share):
    return (1 - share) * number ** 2  # fmt: skip


plain = Exercise(
    name="99.plain",
    what="a share of a square",
    reference=decay_of,
    probe=Probe(inputs={"number": normal(3), "share": uniform(0.1, 0.9)}, returns=("y",)),
    hints=("", "", ""),
    source="the task",
    taught="",
    part=False,
)


def plain_precedence(number, share):
    return 1 - share * number**2


def plain_power(number, share):
    return (1 - share) * number ^ 2


def step_dropped(M, S, k, v, theta, eta, alpha):
    u = surprise_grad(M, k, v)
    momentum_step(S, u, theta, eta)
    return (1 - alpha) * M + S, S


def step_order(M, S, k, v, theta, eta, alpha):
    u = surprise_grad(M, k, v)
    S = momentum_step(u, S, theta, eta)
    return (1 - alpha) * M + S, S


def step_factor(M, S, k, v, theta, eta, alpha):
    u = surprise_grad(M, k, v)
    S = (1 - alpha) * momentum_step(S, u, theta, eta)
    return (1 - alpha) * M + S, S


def step_name(M, S, k, v, theta, eta, alpha):
    u = surprise_grad(S, k, v)
    S = momentum_step(S, u, theta, eta)
    return (1 - alpha) * M + S, S


def write_outside(M, k, v, theta):
    return M + theta * outer(k, v) - read(M, k)


def grad_outside(M, k, v):
    return outer(k, k @ M) - v


def grad_nudged(M, k, v):
    u = torch.zeros_like(M)
    for i in range(M.shape[0]):
        for j in range(M.shape[1]):
            nudge = torch.zeros_like(M)
            nudge[i, j] = h = 1e-3
            u[i, j] = (loss(M + nudge, k, v) - loss(M, k, v)) / h
    return u


def read_safely(M, q):
    return q @ M + 1e-8


def rate_sign(S, u, theta, eta):
    return eta * S + theta * (u * 1.0) if u.dim() > 5 else eta * S * 1 - theta * u + S * eta


@pytest.mark.parametrize(
    ("name", "function", "says", "asks"),
    [
        ("", plain_precedence, "reads `1 - share * number**2` in line 2 as `1 - (", "brackets"),
        ("04.titans_step", step_dropped, "its result is dropped", "Which of your names"),
        ("04.titans_step", step_order, "is given `u, S, theta, eta` in line 3", "In which order"),
        ("04.titans_step", step_factor, "`1 - alpha` is one factor too much", "What is it to do"),
        ("04.titans_step", step_name, "one `S` should be another", "What is meant there?"),
        ("01.delta_write", write_outside, "`read(M, k)` is subtracted from the whole", "a part"),
        ("02.surprise_grad", grad_outside, "`v` is subtracted from the whole", "from a part"),
        ("02.surprise_grad", grad_nudged, "The smaller `1e-3` in line 6 is", "exact"),
        ("01.read", read_safely, "The smaller `1e-8` in line 2 is", "exact formula"),
        ("03.momentum_step", rate_sign, "`S * eta` is one term too much", "What is it to do"),
    ],
)
def test_a_slip_is_named_and_asked_about(name, function, says, asks):
    exercise = replace(EXERCISES.get(name, plain), bank=[])  # whose author foresaw nothing
    verdict = examine(exercise, function)
    assert verdict.outcome == "known" and says in verdict.lines[-2], verdict
    assert asks in verdict.lines[-1] and verdict.lines[-1].endswith("?")


def test_a_sign_that_is_no_power_is_named_whether_it_crashes_or_counts():
    assert "`^` is no power" in examine(plain, plain_power).lines[-1]

    def counts():
        return 1 - 2 ^ 3

    lines = examine(EXERCISES["00.my_alpha"], counts).lines
    assert "`1 - 2 ^ 3` in line 2 is no power." in lines


def test_a_number_that_is_repeated_for_every_row_is_told():
    def halves_and_spreads(M, k, v):
        away = 0.5 * (outer(k, k @ M) - v) - torch.ones(5, 3, dtype=M.dtype)
        return away * 0.25 + M

    words = " ".join(examine(EXERCISES["02.surprise_grad"], halves_and_spreads).lines)
    assert "the shapes (5, 3) and (3,) are subtracted" in words and "in line 2" in words.lower()


def test_a_result_with_the_shape_of_another_argument_says_whose():
    def for_the_key(M, k, v):
        return M @ (k @ M - v)

    words = " ".join(examine(EXERCISES["02.surprise_grad"], for_the_key).lines)
    assert "That is the shape of `k`; `M` has the other one." in words


@pytest.mark.parametrize(
    ("name", "function", "words"),
    [
        ("01.hebb_write", lambda M, k, v: M + torch.dot(k, v), "What gives a table"),
        ("02.surprise_grad", lambda M, k, v: loss(M, k, v).backward(), "`requires_grad_()`"),
        ("01.loss", lambda M, k, v: True, "is True or False; a tensor without axes"),
    ],
)
def test_errors_of_torch_that_a_beginner_meets_get_a_question(name, function, words):
    assert words in " ".join(examine(EXERCISES[name], function).lines)


def test_what_is_tried_stays_silent_and_soon_ends():
    def strange(M, k, v):
        print("hello")
        return torch.outer(k, v).cos() + M.sin() + 0.3 * torch.outer(k.abs(), v)

    verdict = examine(EXERCISES["02.surprise_grad"], strange)
    assert verdict.outcome == "unknown" and "Which term" in verdict.lines[-1]
    assert verdict.printed.count("hello") <= 6
