"""One token of a matrix memory equals the oracle; special cases are what they are called."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from titans_book.memory import Gates, reference
from titans_book.steps import matrix as steps


def pair(seed=0, d_in=5, d_out=3):
    generator = torch.Generator().manual_seed(seed)
    shapes = ((d_in, d_out), (d_in, d_out), (d_in,), (d_out,))
    return [torch.randn(*shape, generator=generator).double() for shape in shapes]


@given(seed=st.integers(0, 99))
def test_the_surprise_is_the_gradient_of_the_loss(seed):
    M, _, k, v = pair(seed)
    M.requires_grad_()
    steps.loss(M, k, v).backward()
    assert torch.allclose(M.grad, steps.surprise_grad(M.detach(), k, v), rtol=0, atol=1e-12)
    score = k.norm() * (k @ M.detach() - v).norm()
    assert torch.allclose(steps.surprise_score(M.detach(), k, v), score, rtol=1e-12)


def test_a_step_against_the_surprise_is_the_delta_rule():
    M, _, k, v = pair()
    surprise, delta = steps.surprise_step(M, k, v, 0.3), steps.delta_write(M, k, v, 0.3)
    assert torch.allclose(surprise, delta, rtol=0, atol=1e-14)


def test_one_write_of_a_unit_key_is_exact():
    M, _, k, v = pair()
    k = k / k.norm()
    assert torch.allclose(steps.read(steps.delta_write(M, k, v, 1.0), k), v, atol=1e-13)
    assert torch.allclose(steps.read(steps.hebb_write(torch.zeros_like(M), k, v), k), v, atol=1e-13)


@given(
    seed=st.integers(0, 99),
    length=st.integers(1, 12),
    gates=st.tuples(*[st.sampled_from([0.0, 0.1, 0.5, 1.0])] * 3),
)
def test_titans_step_over_a_sequence_is_the_oracle_with_chunk_one(seed, length, gates):
    generator = torch.Generator().manual_seed(seed)
    k, v = (torch.randn(1, 1, length, 4, generator=generator).double() for _ in range(2))
    one = torch.ones(1, 1, length).double()
    theta, eta, alpha = gates
    empty = torch.randn(1, 4, 4, generator=generator).double()
    y, state = reference.memorize(
        k, k, v, Gates(theta * one, eta * one, alpha * one), [empty], chunk=1
    )
    M, S = empty[0], torch.zeros_like(empty[0])
    for t in range(length):
        M, S = steps.titans_step(M, S, k[0, 0, t], v[0, 0, t], theta, eta, alpha)
        size = float(M.abs().max()) + 1
        assert torch.allclose(steps.read(M, k[0, 0, t]), y[0, 0, t], rtol=1e-12, atol=1e-12 * size)
    assert torch.allclose(M, state.weights[0][0, 0], rtol=1e-12, atol=1e-12 * size)
    assert torch.allclose(S, state.momentum[0][0, 0], rtol=1e-12, atol=1e-12 * size)


def test_the_steps_are_pure():
    given_ = pair()
    before = [tensor.clone() for tensor in given_]
    M, S, k, v = given_
    steps.titans_step(M, S, k, v, 0.1, 0.5, 0.1)
    steps.delta_write(M, k, v, 0.1)
    steps.hebb_write(M, k, v)
    steps.momentum_step(S, M, 0.1, 0.5)
    assert all(torch.equal(a, b) for a, b in zip(before, given_, strict=True))
