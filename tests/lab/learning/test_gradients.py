"""The probe that looks at gradients: the right numbers are not enough."""

import pytest
import torch

from titans_book.lab.learning.examine import examine
from titans_book.lab.learning.exercise import Exercise, normal
from titans_book.lab.learning.gradients import GradientProbe, outer_gradients


def product(x, W):
    return x @ W


EXERCISE = Exercise(
    name="07.product",
    what="a product",
    reference=product,
    probe=GradientProbe(
        inputs={"x": normal(3), "W": normal(3, 2)}, returns=("y",), of=("W",), steps=2
    ),
    hints=("", "", ""),
    source="nowhere",
    taught="nowhere",
)


def test_the_gradient_is_that_of_a_number_that_sees_all_results():
    given = {"x": torch.tensor([2.0]).double(), "W": torch.tensor([3.0]).double()}
    found = outer_gradients(lambda x, W: (x * W, x.sum()), given, ("W",))
    assert found["W"].item() == pytest.approx(2 * (6 + 0.5) * 2)


@pytest.mark.parametrize(
    "cut",
    [
        lambda x, W: (x @ W).detach(),
        lambda x, W: x @ W.detach(),
        lambda x, W: x @ W.data,
        lambda x, W: x @ torch.tensor(W.tolist(), dtype=torch.float64),
    ],
)
def test_a_function_that_is_cut_off_is_found_out(cut):
    verdict = examine(EXERCISE, cut)
    assert verdict.outcome == "unknown" and not verdict.passed
    assert "`gradient of W`. There `y` is right still." in str(verdict)
    assert "Your `gradient of W` is zero everywhere." in verdict.lines
    assert "Which line cuts a path from `W` to the result?" in verdict.lines[-1]


def test_where_a_number_is_wrong_the_question_is_not_about_a_cut():
    verdict = examine(EXERCISE, lambda x, W: x @ W.detach() + 1)
    assert "Which line of yours" in verdict.lines[-1]


def test_a_write_in_place_that_autograd_cannot_follow_gets_a_word():
    def in_place(x, W):
        y = x @ (W * W.exp())
        W *= 2
        return y

    outcome = examine(EXERCISE, in_place)
    assert outcome.outcome == "crashed" and "Autograd needs the old numbers" in str(outcome)


def test_the_right_function_passes_and_no_argument_collects_gradients():
    verdict = examine(EXERCISE, lambda x, W: (x[:, None] * W).sum(0))
    assert verdict.outcome == "right"


def test_a_function_that_writes_into_its_arguments_can_be_differentiated():
    def in_place(x, W):
        W *= x[:, None]
        return W.sum(0)

    verdict = examine(EXERCISE, in_place)
    assert verdict.outcome == "known" and "changed in place" in verdict.lines[0]


def test_a_stub_is_open_and_an_error_is_told():
    def stub(x, W):
        raise NotImplementedError("your turn")

    assert examine(EXERCISE, stub).outcome == "open"
    assert examine(EXERCISE, lambda x, W: x @ W.mT).outcome == "crashed"
