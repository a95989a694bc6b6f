"""The exact delta rule equals the oracle with a chunk of one token, whatever the block."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.memory.cases import assert_equal, call, gradients, parts, problem
from titans_book.memory import Gates, exact, memorize, reference


@pytest.mark.bare
@given(
    time=st.integers(0, 40),
    block=st.sampled_from([1, 3, 16, 64]),
    edges=st.booleans(),
    read=st.sampled_from(["after", "before"]),
    seed=st.integers(0, 99),
)
def test_values_state_and_outer_gradients_are_the_oracles(time, block, edges, read, seed):
    leaves = problem(time=time, depth=1, seed=seed, edges=edges)
    y, state = call(exact.memorize, leaves, block=block, read=read)
    want, end = call(reference.memorize, leaves, chunk=1, read=read)
    assert_equal(y, want)
    assert state.position == end.position
    pairs = [*zip(parts(state), parts(end), strict=True)]
    pairs += zip(gradients(y, state, leaves), gradients(want, end, leaves), strict=True)
    for have, expected in pairs:
        assert_equal(have, expected)


@pytest.mark.parametrize("cut", [1, 7, 16, 19])
def test_one_call_is_any_two_calls_and_the_chunked_form_goes_on_from_it(cut):
    leaves = problem(time=20, depth=1)
    q, k, v, theta, eta, alpha, *weights = leaves
    want, _ = call(exact.memorize, leaves, block=6)
    gates = Gates(theta, eta, alpha)

    def part(where):
        return (*(x[:, :, where] for x in (q, k, v)), gates.map(lambda g: g[:, :, where]), weights)

    first, state = exact.memorize(*part(slice(cut)), block=6)
    for form in (exact.memorize, memorize, reference.memorize):
        rest, _ = form(*part(slice(cut, None)), chunk=1, state=state)
        assert_equal(torch.cat([first, rest], dim=2), want)


def test_gradcheck():
    leaves = problem(batch=1, heads=1, time=5, dim=3, depth=1)

    def function(*leaves):
        y, state = call(exact.memorize, leaves, block=3)
        return y, *state.weights

    assert torch.autograd.gradcheck(function, leaves)


def test_frozen_gradients_are_an_approximation_and_the_block_is_none():
    """DeltaNet's chunks are exact, those of Titans are not: the gap grows with the chunk."""
    leaves = [x.detach() for x in problem(time=64, dim=8, depth=1, seed=3)]
    want, _ = call(reference.memorize, leaves, chunk=1)
    gaps = [(call(memorize, leaves, chunk=b)[0] - want).norm() / want.norm() for b in (4, 16)]
    assert 0.05 < gaps[0] < gaps[1]
    for block in (4, 16):
        assert (call(exact.memorize, leaves, block=block)[0] - want).abs().max() < 1e-12


def test_float32_is_near_float64():
    leaves = [x.detach() for x in problem(time=200, dim=16, depth=1)]
    want, _ = call(exact.memorize, leaves)
    have, _ = call(exact.memorize, [x.float() for x in leaves])
    assert have.dtype == torch.float32
    assert (have - want).abs().max() < 1e-4 * want.abs().max()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"chunk": 4}, "chunk is 4"),
        ({"objective": "dot"}, "objective"),
        ({"clamp": 2.0}, "clamp is 2.0"),
        ({"read": "later"}, "read must be one of"),
    ],
)
def test_what_has_no_exact_form_is_refused(options, words):
    leaves = problem(depth=1)
    with pytest.raises(ValueError, match=words):
        call(exact.memorize, leaves, **options)


def test_a_deep_memory_is_refused_and_a_trace_goes_token_by_token():
    with pytest.raises(ValueError, match="layers is 2"):
        call(exact.memorize, problem(depth=2))
    record = []
    leaves = problem(time=5, depth=1)
    y, _ = call(exact.memorize, leaves, trace=record)
    assert_equal(y, call(exact.memorize, leaves)[0])
    assert len(record[0].times) == 6
