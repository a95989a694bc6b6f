"""The optimizers of chapter 11 are the minima and the special cases that they are said to be."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from titans_book.steps import optimizers as steps
from titans_book.steps.matrix import delta_write, momentum_step


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(seed=st.integers(0, 99), eta=st.floats(0.05, 5.0), length=st.floats(0.1, 5.0))
def test_dgd_is_the_minimum_of_its_objective_and_the_printed_one_for_length_one(seed, eta, length):
    before, k, e = normal(4, 3, seed=seed), normal(4, seed=seed + 1), normal(3, seed=seed + 2)
    for x, step in ((length * k, steps.dgd_step), (k / k.norm(), steps.printed_dgd)):
        W = step(before, x, e, eta).requires_grad_()
        objective = 0.5 * (x @ W + e).square().sum()
        objective = objective + (W - before).square().sum() / (2 * eta)
        (slope,) = torch.autograd.grad(objective, W)
        assert slope.abs().max() < 1e-9 * (1 + 1 / eta + float(x @ x) * 10)


def test_the_printed_rate_is_wrong_for_another_length():
    W, x, e = normal(4, 3), 3 * normal(4, seed=1), normal(3, seed=2)
    right, printed = steps.dgd_step(W, x, e, 1.0), steps.printed_dgd(W, x, e, 1.0)
    assert (right - printed).norm() > 1


def test_dgd_without_an_answer_is_the_delta_rule():
    """On empty weights both write the same pair; e is minus the value."""
    x, v = normal(4), normal(3, seed=1)
    rate = 0.7 / (1 + 0.7 * x @ x)
    ours = steps.dgd_step(torch.zeros(4, 3).double(), x, -v, 0.7)
    assert torch.allclose(ours, delta_write(torch.zeros(4, 3).double(), x, v, rate))


@given(seed=st.integers(0, 99), s=st.floats(0.0, 20.0))
def test_the_delta_momentum_is_the_minimum_of_its_objective(seed, s):
    m, g = normal(5, seed=seed), 3 * normal(5, seed=seed + 1)
    erased = steps.delta_momentum(m, g, 1.0, 0.0, s).requires_grad_()
    objective = 0.5 * (erased - m).square().sum() + s / 2 * (g @ erased) ** 2
    (slope,) = torch.autograd.grad(objective, erased)
    assert slope.abs().max() < 1e-9


def test_without_erasing_it_is_the_momentum_of_chapter_03():
    S, u = normal(4, 3), normal(4, 3, seed=1)
    ours = steps.delta_momentum(S, u, 0.8, 0.3, 0)
    assert torch.allclose(ours, momentum_step(S, u, 0.3, 0.8))
    assert torch.allclose(ours, steps.printed_momentum(S, u, 0.8, 0.3, 0))


def test_it_erases_along_the_gradient_alone_and_never_more_than_all():
    m, g = normal(5), normal(5, seed=1)
    across = m - g * (g @ m) / (g @ g)
    everything = steps.delta_momentum(m, 1e6 * g, 1.0, 0.0, 1.0)
    assert torch.allclose(everything, across, atol=1e-9)
    assert torch.allclose(steps.delta_momentum(across, g, 1.0, 0.0, 3.0), across)


def test_the_printed_momentum_turns_around_where_the_gradient_is_long():
    m, g = torch.tensor([1.0, 0.0]), torch.tensor([3.0, 4.0])
    assert torch.allclose(steps.printed_momentum(m, g, 0.9, 0.0), -24.1 * m)


@pytest.mark.parametrize("shape", [(6, 6), (4, 9), (9, 4), (2, 5, 3)])
def test_newton_schulz_keeps_the_singular_vectors_and_brings_the_values_near_one(shape):
    G = normal(*shape)
    X = steps.newton_schulz(G, 8)
    U, _, Vh = torch.linalg.svd(G, full_matrices=False)
    inside = U.mT @ X @ Vh.mT
    values = inside.diagonal(dim1=-2, dim2=-1)
    assert torch.allclose(inside, torch.diag_embed(values), atol=1e-9)
    assert values.min() > 0.67 and values.max() < 1.22


def test_newton_schulz_does_not_care_for_the_size_and_leaves_zeros_alone():
    G = normal(4, 6)
    assert torch.allclose(steps.newton_schulz(G, 5), steps.newton_schulz(1e6 * G, 5))
    assert not steps.newton_schulz(torch.zeros(3, 4), 5).any()
