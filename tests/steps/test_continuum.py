"""The levels and self-modifying memories of chapter 12 are the package's, one token at a time."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from titans_book.nested.continuum import ContinuumMemory
from titans_book.nested.hope import self_modify_reference
from titans_book.nested.self_rules import MEMORIES
from titans_book.steps import continuum as steps

D, M = 3, 5


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(C=st.integers(1, 7), time=st.integers(1, 30))
def test_every_gradient_is_used_once_in_the_window_that_it_belongs_to(C, time):
    W, window = torch.zeros(1, time), torch.zeros(1, time)
    for i in range(1, time + 1):
        W, window = steps.cms_update(W, window, torch.eye(time)[i - 1 : i], i, C, 1.0, 1.0)
    done = time - time % C
    assert torch.equal(-W[0], (torch.arange(time) < done).float())
    assert torch.equal(window[0], (torch.arange(time) >= done).float())


@pytest.mark.parametrize("correct", ["joint", "slow first"])
@pytest.mark.parametrize("levels", [[(1, 0.5, 0.9), (3, 0.2, 1.0), (8, 0.1, 0.95)], [(2, 0.4, 1)]])
def test_reading_with_levels_is_the_packages_memory(levels, correct):
    K, V = normal(20, D), normal(20, 2, seed=1)
    periods, rates, keep = (list(each) for each in zip(*levels, strict=True))
    modules = [nn.Linear(D, 2, bias=False).double() for _ in levels]
    memory = ContinuumMemory(
        modules, periods, "headwise", rates=rates, keep=keep, toward="zero", correct=correct
    )
    rule = steps.joint if correct == "joint" else steps.slow_first
    start = torch.stack([one.weight.detach().T for one in modules])
    told, W = steps.read_levels(start, K, V, levels, rule)
    y, state = memory.read(K[None], V[None])
    assert (told.sum(1) - y[0]).abs().max() < 1e-12
    for own, level in zip(W, state.levels, strict=True):
        assert (own.T - level.weights["weight"][0]).abs().max() < 1e-12


def test_what_it_was_given_stays_as_it_was():
    W = normal(2, D, 2)
    before = W.clone()
    steps.read_levels(W, normal(4, D), normal(4, 2), [(1, 0.5, 1), (2, 0.1, 1)], steps.joint)
    assert torch.equal(W, before)


def test_slow_first_leaves_the_faster_levels_out():
    says, v = normal(3, 4), normal(4, seed=1)
    errors = steps.slow_first(says, v)
    assert torch.allclose(errors[0], steps.joint(says, v)[0])
    assert torch.allclose(errors[2], says[2] - v)
    louder = torch.cat([9 * says[:1], says[1:]])
    assert torch.equal(steps.slow_first(louder, v)[1:], errors[1:])


@given(seed=st.integers(0, 50), eta=st.floats(0.1, 2.0))
def test_a_token_is_that_of_the_packages_loop(seed, eta):
    W_1, W_2 = 0.5 * normal(5, D, M, seed=seed), 0.5 * normal(5, M, D, seed=seed + 1)
    X, Q = normal(6, D, seed=seed + 2), normal(6, D, seed=seed + 3)
    names = [name for name in MEMORIES if name != "q"]
    weights = {n: (a[None], b[None]) for n, a, b in zip(names, W_1, W_2, strict=True)}
    y, state = self_modify_reference(
        X[None, None], Q[None, None], weights, chunk=1, erase="once", eta_max=eta
    )
    told = []
    for x, q in zip(X, Q, strict=True):
        W_1, W_2, said = steps.self_token(W_1, W_2, x, q, eta)
        told.append(said)
    assert torch.allclose(torch.stack(told), y[0, 0], rtol=1e-10, atol=1e-12)
    for own, layer in zip((W_1, W_2), state.layers, strict=True):
        assert torch.allclose(own, layer[0, :, 0], rtol=1e-10, atol=1e-12)


def test_a_write_is_the_gradient_step_of_its_loss_and_erases_what_was_said():
    W_1, W_2, k, v = normal(D, M), normal(M, D, seed=1), normal(D, seed=2), normal(D, seed=3)
    value = steps.mlp_read(W_1, W_2, v)
    layers = [W_1.clone().requires_grad_(), W_2.clone().requires_grad_()]
    loss = -(steps.mlp_read(*layers, k) @ value)
    slopes = torch.autograd.grad(loss, layers)
    h = steps.gelu(k @ W_1)
    after = steps.self_write(W_1, W_2, k, v, 0.3, 0.9)
    for W, x, slope, now in zip((W_1, W_2), (k, h), slopes, after, strict=True):
        assert torch.allclose(now, 0.9 * W - 0.3 * (torch.outer(x, x @ W) + slope))
