"""What later cells do with a function that is right: learn through it, and run it in float32."""

import numpy as np
import pytest
import torch

from titans_book.book.bank import EXERCISES
from titans_book.lab.learning import parts
from titans_book.lab.learning.examine import examine
from titans_book.steps.deep import gelu

STEP, GRAD = EXERCISES["04.titans_step"], EXERCISES["02.surprise_grad"]


def finished(u, M, S, theta, eta, alpha):
    S = eta * S - theta * u
    return (1 - alpha) * M + S, S


def numpy_inside(M, S, k, v, theta, eta, alpha):
    u = torch.from_numpy(np.outer(k.numpy(), (k @ M - v).numpy()))
    return finished(u, M, S, theta, eta, alpha)


def a_list_inside(M, S, k, v, theta, eta, alpha):
    M = M.new_tensor(M.tolist())
    return finished(torch.outer(k, k @ M - v), M, S, theta, eta, alpha)


def detached(M, S, k, v, theta, eta, alpha):
    return tuple(x.detach() for x in finished(torch.outer(k, k @ M - v), M, S, theta, eta, alpha))


def detached_at_one_place(M, S, k, v, theta, eta, alpha):
    return finished(torch.outer(k, k @ M - v).detach(), M, S, theta, eta, alpha)


def no_grad(M, S, k, v, theta, eta, alpha):
    with torch.no_grad():
        return finished(torch.outer(k, k @ M - v), M, S, theta, eta, alpha)


def a_gate_as_a_number(M, S, k, v, theta, eta, alpha):
    return finished(torch.outer(k, k @ M - v), M, S, float(theta), eta, alpha)


def written_in_place(M, S, k, v, theta, eta, alpha):
    now = S.clone()
    square = now * now
    now[0] = eta * S[0]
    return finished(torch.outer(k, k @ M - v) + 0 * square, M, S, theta, eta, alpha)


def test_a_write_into_a_tensor_that_was_used_is_asked_for_by_name():
    assert "`torch.stack` would do?" in examine(STEP, written_in_place).lines[-1]


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (numpy_inside, "it stops with `RuntimeError: Can't call numpy()"),
        (a_list_inside, "no gradient passes from `M`"),
        (detached, "no gradient passes from `M`, `S`, `k`"),
        (detached_at_one_place, "no gradient passes from `k`"),
        (no_grad, "no gradient passes from `M`"),
        (a_gate_as_a_number, "no gradient passes from `theta`"),
    ],
)
def test_the_right_numbers_without_their_gradients_are_not_yet_a_part(function, words):
    verdict = examine(STEP, function)
    assert verdict.outcome == "known" and not verdict.passed
    assert verdict.lines[0].startswith("The numbers are right") and words in verdict.lines[0]
    assert verdict.lines[-1].endswith("?")
    assert "not passed" in parts.keep(STEP, function)


def by_autograd(M, k, v, **options):
    M = M.clone().requires_grad_()
    return torch.autograd.grad(0.5 * (k @ M - v).square().sum(), M, **options)[0]


def test_autograd_inside_has_to_create_the_graph():
    verdict = examine(GRAD, by_autograd)
    assert verdict.outcome == "known" and "create_graph=True" in verdict.lines[-1]
    create = lambda M, k, v: by_autograd(M, k, v, create_graph=True)  # noqa: E731
    assert examine(GRAD, create).outcome == "right"
    functional = torch.func.grad(lambda M, k, v: 0.5 * (k @ M - v).square().sum())
    assert examine(GRAD, functional).outcome == "right"


def test_a_dtype_of_its_own_is_not_what_a_model_needs():
    def doubles(M, k, v):
        return torch.outer(k, k @ M - v).double()

    def mixes(M, k, v):
        return torch.outer(k, k @ M - v) @ torch.eye(3, dtype=torch.float64)

    for function, words in ((doubles, "returns another dtype"), (mixes, "in float32 it stops")):
        verdict = examine(GRAD, function)
        assert verdict.outcome == "known" and words in verdict.lines[0]


def test_a_part_that_is_right_for_one_vector_only_is_not_right():
    def for_one(W_1, W_2, q):
        return q + torch.mv(W_2.T, gelu(torch.mv(W_1.T, q)))

    verdict = examine(EXERCISES["05.mlp_read"], for_one)
    assert not verdict.passed
    assert "For `q` of shape (4,) it was right; here it has (2, 4)." in verdict.lines


def test_no_gradient_is_asked_for_where_none_is_needed():
    def without(M, k, v):
        with torch.no_grad():
            return torch.outer(k, k @ M - v).norm()

    assert examine(EXERCISES["02.surprise_score"], without).outcome == "right"
    assert examine(EXERCISES["02.exact_rate"], lambda k: 1 / float(k @ k)).outcome == "right"


def test_a_kept_part_of_before_that_cuts_gradients_gives_way(monkeypatch, capsys):
    source = "def surprise_grad(M, k, v):\n    return torch.outer(k, k @ M - v).detach()"
    loaded = parts._load_one(GRAD, source, {})
    assert loaded.function is GRAD.reference and not loaded.mine
    assert "no gradient passes" in capsys.readouterr().out
