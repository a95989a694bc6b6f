"""The errors of chapter 10 are derivatives, its maps are what they are called."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from titans_book.steps import miras as steps
from titans_book.steps.matrix import surprise_grad


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(seed=st.integers(0, 99), p=st.sampled_from([1.0, 1.5, 2.0, 3.0, 4.0]))
def test_the_error_of_a_power_is_the_derivative_of_its_loss(seed, p):
    answer, value = normal(2, 5, seed=seed).requires_grad_(), normal(5, seed=seed + 1)
    ((answer - value).abs() ** p / p).sum().backward()
    assert torch.allclose(steps.lp_error(answer, value, p), answer.grad, rtol=1e-12, atol=1e-12)


@given(seed=st.integers(0, 99), delta=st.floats(0.1, 3.0))
def test_hubers_error_is_the_derivative_of_hubers_loss(seed, delta):
    answer, value = 2 * normal(2, 5, seed=seed), normal(5, seed=seed + 1)
    answer.requires_grad_()
    loss = torch.nn.functional.huber_loss
    loss(answer, value.expand(2, 5), reduction="sum", delta=delta).backward()
    assert torch.allclose(steps.huber_error(answer, value, delta), answer.grad, atol=1e-12)


def test_special_cases_are_the_errors_of_earlier_chapters():
    M, k, v = normal(4, 3), normal(4, seed=1), normal(3, seed=2)
    surprise = surprise_grad(M, k, v)
    by_power = torch.outer(k, steps.lp_error(k @ M, v, 2))
    by_huber = torch.outer(k, steps.huber_error(k @ M, v, 1e6))
    assert torch.equal(surprise, by_power) and torch.equal(surprise, by_huber)
    small = steps.huber_error(k @ M, v, 1e-6) / 1e-6
    assert torch.allclose(small, steps.lp_error(k @ M, v, 1))


def test_every_output_is_a_mixture_of_the_inputs():
    A = 5 * normal(2, 6, 3)
    W = steps.softmax_retain(A, 2.5)
    assert W.shape == A.shape and bool((W > 0).all())
    assert torch.allclose(W.sum(-2), torch.full((2, 3), 2.5).double())


def test_a_write_multiplies_the_weights():
    A, write = normal(6, 3), normal(6, 3, seed=1)
    W = steps.softmax_retain(A, 1) * write.exp()
    assert torch.allclose(steps.softmax_retain(A + write, 1), W / W.sum(0))


@pytest.mark.parametrize("q", [2.0, 3.0, 4.0, 4 / 3])
def test_the_mirror_map_is_the_gradient_of_the_conjugate_penalty(q):
    A = normal(6, 3).requires_grad_()
    other = q / (q - 1)
    (0.5 * (other - 1) * (A.abs() ** q).sum() ** (2 / q)).backward()
    assert torch.allclose(steps.lq_retain(A, q), A.grad, rtol=1e-12, atol=1e-12)


def test_the_mirror_map_of_the_other_exponent_leads_back():
    A = normal(2, 6, 3)
    assert torch.allclose(steps.lq_retain(steps.lq_retain(A, 4), 4 / 3), A)


def test_halving_the_accumulator_halves_the_memory_and_doubles_the_printed_one():
    A = normal(6, 3)
    assert torch.allclose(steps.lq_retain(A / 2, 4), steps.lq_retain(A, 4) / 2)
    assert torch.allclose(steps.printed_map(A / 2, 4), 2 * steps.printed_map(A, 4))


def test_an_empty_accumulator_is_an_empty_memory():
    empty = torch.zeros(6, 3)
    assert not steps.lq_retain(empty, 4).any() and not steps.printed_map(empty, 4).any()
