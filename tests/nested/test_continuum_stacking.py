"""Liveness says which levels are alive; stacking adds a level and changes nothing at first."""

import math

import pytest
import torch
from torch import nn

from tests.memory.cases import assert_equal
from titans_book.nested.continuum import ContinuumMemory, stack

DIM = 4


def stream(time=40, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(2, time, DIM, dtype=torch.float64, generator=generator)
    return x, x @ torch.randn(DIM, DIM, dtype=torch.float64, generator=generator)


def linear(periods, kind="headwise", **options):
    levels = [nn.Linear(DIM, DIM, bias=False) for _ in periods]
    for level in levels:
        nn.init.zeros_(level.weight)
    return ContinuumMemory(levels, periods, kind, **options).double()


def test_liveness_counts_updates_that_moved_and_shares_of_what_was_said():
    memory = linear((1, 4, None), rates=(0.05, 0.0, 0.05))
    nn.init.eye_(memory.levels[2].weight)
    x, target = stream()
    y, state = memory.read(x, target)
    fast, still, frozen = memory.liveness(state).levels
    assert (fast.updates, still.updates, frozen.updates) == (40, 0, 0)
    assert (fast.moved, still.moved, frozen.moved) == (1, 0, 0)
    said = (y - x).detach()
    energy = said.square().sum() / (said.square().sum() + x.square().sum())
    assert fast.energy == pytest.approx(energy.item())
    assert (still.energy, frozen.energy) == (0, pytest.approx(1 - energy.item()))
    cosine = (said * target).sum() / (said.norm() * target.norm())
    assert fast.cosine == pytest.approx(cosine.item())
    assert math.isnan(still.cosine)
    assert "C = 1" in repr(memory.liveness(state))
    assert "frozen" in repr(memory.liveness(state))


def test_an_update_that_changes_nothing_is_counted_and_does_not_move():
    memory = linear((1, 4), rates=0.1)
    nn.init.eye_(memory.levels[0].weight)
    x, _ = stream()
    _, state = memory.read(x, x)  # every answer is right already
    assert [one.updates for one in memory.liveness(state).levels] == [40, 10]
    assert [one.moved for one in memory.liveness(state).levels] == [0, 0]


def test_liveness_of_the_last_part_alone():
    memory = linear((1, 4), rates=0.05)
    x, target = stream()
    _, middle = memory.read(x[:, :16], target[:, :16])
    y, end = memory.read(x[:, 16:], target[:, 16:], middle)
    late = memory.liveness(end, since=middle)
    assert [one.updates for one in late.levels] == [24, 6]
    assert sum(one.energy for one in late.levels) == pytest.approx(1)
    assert late != memory.liveness(end)


def test_in_a_chain_a_level_says_what_it_adds():
    memory = ContinuumMemory(DIM, (1, 4)).double()
    nn.init.zeros_(memory.levels[1].down.weight)
    x, target = stream()
    _, state = memory.read(x, target, freeze=(1, 4))
    first, second = memory.liveness(state).levels
    assert (first.energy, second.energy) == (1, 0)
    added = memory(x) - x
    cosine = (added * target).sum() / (added.norm() * target.norm())
    assert first.cosine == pytest.approx(cosine.item())


@pytest.mark.parametrize("kind", ["chain", "headwise", "nested", "sequential"])
def test_a_fresh_level_changes_no_answer_and_the_old_ones_go_on(kind):
    memory = ContinuumMemory(DIM, [4], kind, rates=0.05).double()
    x, target = stream()
    _, state = memory.read(x[:, :10], target[:, :10])
    taller, carried = stack(memory, DIM, [2, 8], state, rate=0.1)
    assert taller.periods == (2, 8)
    assert [clock.rate for clock in taller.clocks] == [0.1, 0.05]
    assert torch.equal(taller(x), memory(x))
    assert carried.position == 10
    assert carried.levels[1] is state.levels[0]
    y, _ = taller.read(x[:, 10:], target[:, 10:], carried, freeze=(2, 8))
    z, _ = memory.read(x[:, 10:], target[:, 10:], state, freeze=[4])
    assert_equal(y, z)
    _, end = taller.read(x[:, 10:], target[:, 10:], carried)
    assert taller.counts(end) == [15, 2 + 4]  # after 12, 14 ... 40, and after 16, 24, 32, 40
    assert memory.periods == (4,)


def test_a_level_of_ones_own_is_stacked_and_the_old_memory_is_not_shared():
    memory = linear((1, 4), aggregate="learned")
    taller, state = stack(memory, nn.Linear(DIM, DIM), [1, 8, None], keep=0.5)
    assert state is None
    assert taller.periods == (1, 8, None)
    assert [clock.keep for clock in taller.clocks] == [0.5, 1, 1]
    assert taller.levels[1].weight is not memory.levels[0].weight
    x, target = stream()
    _, state = memory.read(x, target)
    with pytest.raises(ValueError, match="must not freeze a level whose state is carried on"):
        stack(memory, DIM, [1, 8, None], state)
    with pytest.raises(ValueError, match="periods must be 3 numbers, one a level, got 2"):
        stack(memory, DIM, [1, 8])
