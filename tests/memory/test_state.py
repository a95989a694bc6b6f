"""The state is a value: it can be copied, moved, cut off and handed on."""

from dataclasses import replace

import pytest
import torch

from tests.memory.cases import call, parts, problem
from titans_book.memory import NeuralMemory, memorize


def test_detach_cuts_the_graph_and_keeps_the_numbers():
    _, state = call(memorize, problem())
    cut = state.detach()
    assert all(x.requires_grad for x in state.weights)
    for have, want in zip(parts(cut), parts(state), strict=True):
        assert not have.requires_grad and torch.equal(have, want)
    assert cut.position == state.position


def test_to_changes_the_dtype_of_everything():
    _, state = NeuralMemory(8)(torch.randn(1, 5, 8))
    moved = state.to(torch.float64)
    assert {x.dtype for x in (*parts(moved.memory), moved.tail)} == {torch.float64}
    assert moved.memory.position == 5


def test_its_size_does_not_depend_on_what_was_read():
    memory = NeuralMemory(8, conv=4)

    def size(time):
        _, state = memory(torch.randn(1, time, 8))
        return sum(x.numel() for x in (*parts(state.memory), state.tail))

    assert size(3) == size(16) == size(200)


def test_two_continuations_of_one_state_do_not_meet():
    memory, x = NeuralMemory(8), torch.randn(1, 9, 8)
    _, state = memory(x)
    first, _ = memory(x, state)
    memory(torch.randn(1, 30, 8), state)
    assert torch.equal(memory(x, state)[0], first)


@pytest.mark.parametrize("time", [0, 5, 16, 20])
def test_an_optimizer_changes_no_state_that_was_handed_out(time):
    """Also before the first chunk ends, while the memory still is M_0."""
    memory, x = NeuralMemory(8), torch.randn(1, 30, 8)
    y, state = memory(x[:, :time])
    kept = state.detach().map(torch.clone)
    with torch.no_grad():
        for weight in memory.parameters():
            weight.add_(1.0)
    for have, want in zip(parts(state.memory), parts(kept.memory), strict=True):
        assert torch.equal(have, want)


@pytest.mark.parametrize("way", ["forward", "read", "recall"])
@pytest.mark.parametrize("other", [{"expansion": 2}, {"depth": 3}, {"depth": 1}, {"heads": 2}])
def test_a_state_of_another_memory_is_refused_however_it_is_asked(way, other):
    memory, x = NeuralMemory(8), torch.randn(1, 5, 8)
    _, state = NeuralMemory(8, **other)(x)
    with pytest.raises(ValueError, match="state belongs to another memory"):
        getattr(memory, way)(x, state)


@pytest.mark.parametrize("part", ["weights", "momentum", "anchor"])
def test_a_state_with_a_part_of_another_memory_is_refused(part):
    memory, x = NeuralMemory(8), torch.randn(1, 5, 8)
    (_, state), (_, other) = memory(x), NeuralMemory(8, depth=3)(x)
    layers = state.memory.layers | {part: other.memory.layers[part]}
    mixed = replace(state, memory=replace(state.memory, layers=layers))
    with pytest.raises(ValueError, match=f"its {part} have shapes"):
        memory(x, mixed)


def test_what_is_no_state_is_refused(as_people_call_it):
    memory, x = NeuralMemory(8), torch.randn(1, 5, 8)
    _, state = memory(x)
    for wrong in (state.memory, x):
        with pytest.raises(TypeError, match="state must be a LayerState or None, got"):
            memory(x, wrong)
    with pytest.raises(TypeError, match="state must be a MemoryState or None, got LayerState"):
        call(memorize, problem(), state=state)
