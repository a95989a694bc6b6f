"""One token of a memory with a hidden layer equals autograd, the network, and the oracle."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from titans_book.memory import Gates, memorize, reference
from titans_book.memory.network import Network
from titans_book.steps import deep as deep_steps


def problem(seed=0, d=4, m=7):
    generator = torch.Generator().manual_seed(seed)
    shapes = ((d, m), (m, d), (d, m), (m, d), (d,), (d,))
    return [torch.randn(*shape, generator=generator).double() for shape in shapes]


def close(a, b):
    return torch.allclose(a, b, rtol=1e-12, atol=1e-12 * (1 + b.detach().abs().max().item()))


def test_the_slope_is_the_derivative_of_the_bend():
    z = torch.linspace(-6, 6, 101, dtype=torch.float64, requires_grad=True)
    deep_steps.gelu(z).sum().backward()
    assert close(deep_steps.gelu_slope(z.detach()), z.grad)


@given(seed=st.integers(0, 99))
def test_a_read_is_that_of_the_network(seed):
    W_1, W_2, *_, k, v = problem(seed)
    q = torch.stack([k, v])
    assert close(deep_steps.mlp_read(W_1, W_2, q), Network(depth=2)([W_1, W_2], q))


@given(seed=st.integers(0, 99))
def test_the_surprise_is_the_gradient_of_the_loss(seed):
    W_1, W_2, *_, k, v = problem(seed)
    u = deep_steps.inner_grad(W_1, W_2, k, v)
    leaves = [W_1.requires_grad_(), W_2.requires_grad_()]
    (0.5 * (deep_steps.mlp_read(W_1, W_2, k) - v) ** 2).sum().backward()
    assert all(close(mine, leaf.grad) for mine, leaf in zip(u, leaves, strict=True))
    assert [int(torch.linalg.matrix_rank(one)) for one in u] == [1, 1]


@given(
    seed=st.integers(0, 99),
    length=st.integers(1, 10),
    gates=st.tuples(*[st.sampled_from([0.0, 0.02, 0.1, 0.5, 1.0])] * 3),
)
@pytest.mark.parametrize("form", [reference.memorize, memorize])
def test_deep_step_over_a_sequence_is_the_oracle_with_chunk_one(form, seed, length, gates):
    W_1, W_2, *_ = problem(seed)
    generator = torch.Generator().manual_seed(seed + 1)
    k, v = (0.5 * torch.randn(1, 1, length, 4, generator=generator).double() for _ in range(2))
    W_1, W_2, one = 0.3 * W_1, 0.3 * W_2, torch.ones(1, 1, length).double()
    theta, eta, alpha = 0.2 * gates[0], *gates[1:]
    y, state = form(
        k, k, v, Gates(theta * one, eta * one, alpha * one), [W_1[None], W_2[None]], chunk=1
    )
    S_1, S_2 = torch.zeros_like(W_1), torch.zeros_like(W_2)
    for t in range(length):
        W_1, W_2, S_1, S_2 = deep_steps.deep_step(
            W_1, W_2, S_1, S_2, k[0, 0, t], v[0, 0, t], theta, eta, alpha
        )
        assert close(deep_steps.mlp_read(W_1, W_2, k[0, 0, t]), y[0, 0, t])
    theirs = [*state.weights, *state.momentum]
    assert all(close(a, b[0, 0]) for a, b in zip((W_1, W_2, S_1, S_2), theirs, strict=True))


def test_the_steps_are_pure():
    given_ = problem()
    before = [tensor.clone() for tensor in given_]
    deep_steps.deep_step(*given_, 0.1, 0.5, 0.1)
    assert all(torch.equal(a, b) for a, b in zip(before, given_, strict=True))
