"""A chunk of a matrix memory, in a handful of products, equals the oracle token by token."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from titans_book.memory import Gates, MemoryState, reference
from titans_book.steps import chunk as chunk_steps
from titans_book.steps import matrix as steps

GATES = st.sampled_from(["drawn", "no momentum", "no forgetting", "one wipe", "nothing written"])


def stream(time, seed=0, d_in=5, d_out=3, kind="drawn"):
    """M, S, q, k, v and the three gates, in float64."""
    g = torch.Generator().manual_seed(seed)
    shapes = [(d_in, d_out), (d_in, d_out), (time, d_in), (time, d_in), (time, d_out)]
    M, S, q, k, v = (torch.randn(*shape, generator=g).double() for shape in shapes)
    theta, eta, alpha = torch.rand(3, time, generator=g).double() * torch.tensor(
        [[0.4], [0.95], [0.3]]
    )
    if kind == "no momentum":
        eta = 0 * eta
    if kind == "no forgetting":
        alpha = 0 * alpha
    if kind == "one wipe":
        alpha[time // 2] = 1.0
    if kind == "nothing written":
        theta = 0 * theta
    return M, S, q, k, v, theta, eta, alpha


def oracle(M, S, q, k, v, theta, eta, alpha, chunk):
    """The same with reference.memorize: answers, M and S."""
    four = [x[None, None] for x in (q, k, v)]
    gates = Gates(*(gate[None, None] for gate in (theta, eta, alpha)))
    start = tuple(x[None, None] for x in (M, S))
    state = MemoryState.of([start[0]], [start[1]], [start[0]])
    y, after = reference.memorize(*four, gates, [M[None]], chunk=chunk, state=state)
    return [x[0, 0].detach() for x in (y, *after.weights, *after.momentum)]


def equal(mine, theirs, rtol=1e-12):
    return all(
        torch.allclose(a, b, rtol=rtol, atol=1e-12 * float(b.abs().max() + 1))
        for a, b in zip(mine, theirs, strict=True)
    )


@settings(deadline=None, max_examples=60)
@given(time=st.integers(1, 12), seed=st.integers(0, 99), kind=GATES)
def test_one_chunk_is_the_oracle(time, seed, kind):
    M, S, q, *rest = stream(time, seed, kind=kind)
    mine = (chunk_steps.chunk_read(M, S, q, *rest), *chunk_steps.chunk_write(M, S, *rest))
    assert equal(mine, oracle(M, S, q, *rest, chunk=time))


@settings(deadline=None, max_examples=40)
@given(time=st.integers(1, 25), b=st.integers(1, 9), seed=st.integers(0, 99), kind=GATES)
def test_a_text_in_chunks_is_the_oracle(time, b, seed, kind):
    given_ = stream(time, seed, kind=kind)
    assert equal(chunk_steps.in_chunks(*given_, b), oracle(*given_, chunk=b), rtol=1e-10)


def test_a_chunk_of_one_token_is_the_step_of_chapter_04():
    M, S, q, k, v, theta, eta, alpha = stream(20)
    _, *mine = chunk_steps.in_chunks(M, S, q, k, v, theta, eta, alpha, 1)
    for t in range(20):
        M, S = steps.titans_step(M, S, k[t], v[t], theta[t], eta[t], alpha[t])
    assert equal(mine, (M, S))


@pytest.mark.parametrize("cut", [8, 16, 24])
def test_a_cut_at_a_border_changes_nothing(cut):
    M, S, *rest = stream(30)
    whole = chunk_steps.in_chunks(M, S, *rest, 8)
    first, M, S = chunk_steps.in_chunks(M, S, *(x[:cut] for x in rest), 8)
    second, M, S = chunk_steps.in_chunks(M, S, *(x[cut:] for x in rest), 8)
    assert equal((torch.cat([first, second]), M, S), whole)


def test_no_token_sees_a_later_one():
    M, S, *rest = stream(24)
    before, _, _ = chunk_steps.in_chunks(M, S, *rest, 8)
    for p in (0, 7, 8, 23):
        changed = [x.clone() for x in rest]
        for x in changed:
            x[p] = 0.5 * x[p] + 0.1
        after, _, _ = chunk_steps.in_chunks(M, S, *changed, 8)
        assert torch.equal(after[:p], before[:p]) and not torch.equal(after[p], before[p])


def test_the_coefficients_are_the_sums_of_the_header():
    _, _, _, _, _, _, eta, alpha = stream(7)
    P, E, beta, c = chunk_steps.chunk_coefficients(eta, alpha)
    keep = 1 - alpha
    for t in range(7):
        e = [eta[: s + 1].prod() for s in range(7)]
        assert torch.isclose(beta[t], keep[: t + 1].prod())
        assert torch.isclose(c[t], sum(keep[s + 1 : t + 1].prod() * e[s] for s in range(t + 1)))
        for i in range(7):
            ways = [keep[s + 1 : t + 1].prod() * eta[i + 1 : s + 1].prod() for s in range(i, t + 1)]
            assert torch.isclose(P[t, i], torch.as_tensor(sum(ways)).double())
            assert torch.isclose(E[t, i], eta[i + 1 : t + 1].prod() * (i <= t))


def test_the_mask_survives_products_too_small_for_a_float():
    decay = torch.tensor([0.9, 1e-30, 1e-30, 0.0, 0.5])
    A = chunk_steps.decay_mask(decay)
    assert A.isfinite().all() and A.diagonal().eq(1).all()
    assert torch.allclose(A[4, 3], torch.tensor(0.5)) and A[2, 0] == 0 and A[3, 2] == 0


def test_what_is_given_stays_as_it_is():
    given_ = stream(6)
    before = [x.clone() for x in given_]
    chunk_steps.in_chunks(*given_, 4)
    assert all(torch.equal(a, b) for a, b in zip(before, given_, strict=True))
