"""The meter counts what moved a level and weighs what it said, while somebody trains the model."""

import asyncio

import pytest
import torch
from torch import nn

from titans_book.lab.live.board import LiveBoard
from titans_book.model import TitansConfig, TitansLM
from titans_book.nested.continuum import ContinuumMemory, Meter
from titans_book.nested.optimizers import ContinuumOptimizer, build_groups
from titans_book.training import TrainingSettings, train


def hope(periods=(1, 4)):
    torch.manual_seed(0)
    fields = dict(vocab=32, dim=16, depth=2, heads=2, hidden=16)
    return TitansLM(TitansConfig("hope", **fields, options={"periods": list(periods)}))


def by_clocks(model):
    return ContinuumOptimizer(torch.optim.SGD(build_groups(model), lr=0.1))


def trained(model, steps=9):
    x = torch.randint(0, 32, (2_000,), generator=torch.Generator().manual_seed(0))
    settings = TrainingSettings(steps=steps, batch=2, length=20, evaluate_every=0, save_every=0)
    return train(model, x, settings, optimizer=by_clocks)


def test_moves_follow_the_clocks_and_shares_add_up():
    model = hope()
    with (meter := Meter(model)).listening():
        for _ in trained(model):
            meter.step()
    fast, slow = meter.pulses()
    assert (fast.period, slow.period) == (1, 4) and fast.steps == slow.steps == 9
    assert (fast.moves, slow.moves) == (9, 2)
    assert min(fast.change, slow.change) > 1e-6
    assert fast.energy + slow.energy == pytest.approx(1) and 0 < slow.energy < 1
    heard = list(meter.said)
    model(torch.zeros(1, 5).long())
    assert meter.said == heard, "behind the block nobody listens"
    assert not any(part._forward_hooks for part in model.modules())


def test_what_is_said_by_brute_force():
    levels = [nn.Linear(4, 4).double(), nn.Linear(4, 4).double()]
    memory = ContinuumMemory(levels, [1, 2], kind="chain")
    x = torch.randn(1, 3, 4, dtype=torch.float64)
    with (meter := Meter(memory)).listening():
        memory(x)
    first = levels[0](x)
    said = torch.stack([(first - x).square().sum(), (levels[1](first) - first).square().sum()])
    have = torch.tensor([one.energy for one in meter.pulses()], dtype=torch.float64)
    torch.testing.assert_close(have, (said / said.sum()).detach(), rtol=1e-6, atol=0)


def test_the_cosine_is_that_with_the_residual_of_a_squared_error():
    levels = [nn.Linear(4, 4).double(), nn.Linear(4, 4).double()]
    memory = ContinuumMemory(levels, [1, 2], kind="headwise")
    x, target = torch.randn(2, 1, 3, 4, dtype=torch.float64, generator=torch.Generator()).unbind()
    with (meter := Meter(memory)).listening():
        y = memory(x)
        (0.5 * (y - target).square().sum()).backward()
    for level, one in zip(levels, meter.pulses(), strict=True):
        said, wanted = level(x).flatten(), (target - y).flatten()
        want = torch.cosine_similarity(said, wanted, dim=0).item()
        assert one.cosine == pytest.approx(want, abs=1e-6)
    assert all(one.cosine != one.cosine for one in Meter(memory).pulses())


def test_other_models_have_no_pulses():
    assert Meter(None).pulses() == Meter(nn.Linear(2, 2)).pulses() == ()
    two = nn.ModuleList([ContinuumMemory(4, [1]), ContinuumMemory(4, [2])])
    with pytest.raises(ValueError, match="same periods in all memories"):
        Meter(two)


def test_the_board_says_which_levels_live():
    model = hope()
    board = LiveBoard(model)
    asyncio.run(board.run(trained(model, steps=4)))
    numbers = board.face.numbers.value
    assert "level C = 1" in numbers and "4 moves" in numbers
    assert "level C = 4" in numbers and "1 moves" in numbers and "cosine" in numbers
