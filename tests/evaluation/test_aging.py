"""A memory does not age: after a long text it stores as well, and as fast, as a fresh one."""

import pytest
import torch

from tests.memory.cases import assert_equal, assert_same_function, problem
from titans_book.evaluation.aging import STREAMS, age, recall, stream, subnormal
from titans_book.memory import LayerState, MemoryState, NeuralMemory, memorize
from titans_book.memory.gates import Gates

pytestmark = pytest.mark.bare


@pytest.mark.parametrize("kind", STREAMS)
@pytest.mark.parametrize("depth", [1, 2, 4])
def test_eight_pairs_are_stored_after_a_stream_as_by_a_fresh_memory(depth, kind):
    torch.manual_seed(0)
    found = age(NeuralMemory(64, depth=depth), kind, tokens=8192)
    assert found["aged"] > found["fresh"] - 0.02, found
    assert found["subnormal"] == 0


def test_towards_zero_a_deep_memory_dies_of_text():
    """The paper's rule: the control that shows what the test above measures."""
    torch.manual_seed(0)
    found = age(NeuralMemory(64, retention="decay"), "text", tokens=4096)
    assert found["fresh"] > 0.95 and found["aged"] < 0.6


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize("chunk, time", [(1, 5), (4, 19), (16, 33)])
@pytest.mark.parametrize("read", ["after", "before"])
def test_forgetting_towards_the_beginning_is_the_reference(depth, chunk, time, read):
    options = {"retention": "initial", "chunk": chunk, "read": read}
    assert_same_function(problem(time=time, depth=depth), **options)
    assert_same_function(problem(time=time, depth=depth, edges=True), **options)


def test_with_every_gate_open_it_is_m_0_again():
    """alpha = 1 forgets everything at every token: what is left is M_0 and the last surprise."""
    leaves = problem(depth=2, time=6)
    q, k, v, theta, *_ = (x.detach() for x in leaves)
    shut, open_ = torch.zeros_like(theta), torch.ones_like(theta)
    weights = [W.detach() for W in leaves[6:]]
    _, state = memorize(q, k, v, Gates(shut, shut, open_), weights, retention="initial")
    for have, want in zip(state.weights, weights, strict=True):
        assert_equal(have, want.expand_as(have))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_no_number_is_subnormal_however_long_nothing_rewrites_it(dtype):
    """Something is written once; then thousands of tokens of nothing."""
    memory = NeuralMemory(16, depth=1, retention="decay").to(dtype)
    state, generator = None, torch.Generator().manual_seed(0)
    with torch.no_grad():
        memory.gates["alpha"].bias.fill_(-2.0)
        _, state = memory(torch.randn(1, 40, 16, generator=generator).to(dtype), state)
        for time in (1, 7, 300, *[1000] * 8):
            _, state = memory(torch.zeros(1, time, 16, dtype=dtype), state)
            assert subnormal(state) == 0
    assert state.memory.weights[0].abs().max() == 0


def test_the_benchmark_counts_what_is_subnormal():
    tiny = torch.full((1, 1, 2, 2), 1e-40)
    state = LayerState(
        MemoryState.of([tiny], [torch.zeros_like(tiny)], [tiny]), torch.zeros(1, 3, 6)
    )
    assert subnormal(state) == 8


def test_the_streams_are_as_long_as_asked_and_the_same_again():
    for kind in STREAMS:
        pieces = [torch.cat(list(stream(kind, 5000)), dim=1) for _ in range(2)]
        assert pieces[0].shape == (1, 5000, 64) and torch.equal(*pieces)


def test_a_fresh_memory_recalls_nearly_all():
    torch.manual_seed(0)
    assert recall(NeuralMemory(64), None) > 0.95
