"""Hope: its block is its equations, and its levels learn by their own clocks."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from titans_book.inspection import watch
from titans_book.model import TitansConfig, TitansLM
from titans_book.model.hope_block import HopeBlock
from titans_book.nested.continuum import levels_of, read_and_learn
from titans_book.nested.hope import SelfModifyingMemory, self_modify_reference
from titans_book.nested.optimizers import ContinuumOptimizer, build_groups, named
from titans_book.nested.self_rules import MEMORIES
from titans_book.training import Step, TrainingSettings, train

SIZE = dict(vocab=32, dim=16, depth=2, heads=2, hidden=16)


def build(seed=0, **fields):
    torch.manual_seed(seed)
    return TitansLM(TitansConfig("hope", **SIZE, **fields)).double()


def tokens(time=40, batch=2):
    return torch.randint(0, 32, (batch, time), generator=torch.Generator().manual_seed(1))


def norm(part, x):
    return F.rms_norm(x, x.shape[-1:], part.weight)


def mlp(level, x):
    gate, value = (norm(level.norm, x) @ level.mlp.up.weight.T).chunk(2, dim=-1)
    return (gate * gate.sigmoid() * value) @ level.mlp.down.weight.T


@pytest.mark.parametrize("kind", ["chain", "headwise"])
def test_it_is_the_equations(kind):
    torch.manual_seed(0)
    memory = SelfModifyingMemory(8, heads=2, chunk=4)
    block = HopeBlock(8, 10, memory, periods=(1, 4, None), kind=kind).double()
    for p in block.parameters():
        nn.init.normal_(p, std=0.4)
    x = torch.randn(2, 11, 8).double()
    have, state = block(x)
    block.memory.self_modify = self_modify_reference
    z = x + block.memory(norm(block.memory_norm, x))[0]
    if kind == "chain":
        for level in block.levels.levels:
            z = z + mlp(level, z)
    else:
        z = z + sum(mlp(level, z) for level in block.levels.levels)
    torch.testing.assert_close(have, z, rtol=0, atol=1e-12)
    assert [level.mlp.down.in_features for level in block.levels.levels] == [4, 3, 3]
    assert state.position == 11 and list(block.memories()) == ["memory"]


def test_own_fields_change_the_answer_or_are_refused(as_people_call_it):
    x = tokens()
    usual = build()(x)[0]
    for options in ({"periods": [1, 4]}, {"kind": "headwise"}):
        assert not torch.allclose(build(options=options)(x)[0], usual, atol=1e-6)
    config = build().config
    assert config.options == {"periods": [1, 4, 16], "kind": "chain"}
    assert TitansConfig("hope", **SIZE, options={"periods": (1, None)}).options["periods"] == [
        1,
        None,
    ]
    for fields, words in (
        (
            {"options": {"period": 3}},
            "options: field must be one of 'periods', 'kind', got 'period'",
        ),
        ({"options": {"periods": 3}}, "periods must be a list of a number for each level, got 3"),
        ({"options": {"periods": [0]}}, "each of periods must be a whole number >= 1, got 0"),
        ({"options": {"kind": "nested"}}, "kind must be one of 'chain', 'headwise', got 'nested'"),
        ({"options": {"periods": [1] * 17}}, "hidden must be a whole number >= 17, got 16"),
        ({"memory": {"rule": "yaad"}}, "memory: option must be one of .*'erase'.*, got 'rule'"),
        ({"memory": {"erase": "thrice"}}, "memory: erase must be one of 'once', 'dgd'"),
    ):
        with pytest.raises((ValueError, TypeError), match=words):
            TitansConfig("hope", **SIZE, **fields)


@pytest.mark.parametrize(
    "change",
    [
        {"depth": 1},
        {"expansion": 2},
        {"chunk": 4},
        {"erase": "once"},
        {"read": "start"},
        {"gate": "hard"},
        {"rates": "channel"},
        {"retention": "decay"},
        {"activation": "silu"},
        {"eta_max": 0.2},
        {"fixed_q": False},
        {"conv": 2},
    ],
    ids=str,
)
def test_every_option_of_the_memory_has_an_effect(change):
    assert not torch.allclose(build(memory=change)(tokens())[0], build()(tokens())[0], atol=1e-9)


def test_levels_are_groups_with_periods_of_their_own():
    model = build(options={"periods": [2, None, 8]})
    groups = build_groups(model, memories={"lr": 0.5})
    assert [(g["role"], g.get("period")) for g in groups] == [
        ("embeddings", None),
        ("memories", None),
        ("levels", 2),
        ("levels", 8),
        ("rest", None),
    ]
    members = [p for group in groups for p in group["params"]]
    assert len(members) == len(set(members)) and set(members) == set(model.parameters())
    slow = [p for block in model.blocks for p in block.levels.levels[2].parameters()]
    assert set(groups[3]["params"]) == set(slow) and groups[1]["lr"] == 0.5
    assert {g["period"] for g in named("continuum", model).param_groups} == {1, 2, 8}


def test_training_moves_every_level_by_its_own_clock():
    model, text = build(options={"periods": [1, 4]}).float(), tokens(400, 1)[0]
    settings = TrainingSettings(
        steps=9, batch=2, length=24, evaluate_every=0, save_every=0, watch_every=0
    )
    level = model.blocks[0].levels.levels
    seen = []
    for event in train(model, text, settings, optimizer="continuum"):
        if isinstance(event, Step):
            seen.append([one.mlp.down.weight.detach().clone() for one in level])
    fast, slow = zip(*seen, strict=True)
    assert all(not torch.equal(a, b) for a, b in zip(fast, fast[1:], strict=False))
    moved = [not torch.equal(a, b) for a, b in zip(slow, slow[1:], strict=False)]
    assert moved == [step % 4 == 0 for step in range(2, 10)]


@pytest.mark.bare
def test_hope_learns():
    model, text = build().float(), tokens(60, 1)[0].repeat(40)
    settings = TrainingSettings(
        steps=25, batch=4, length=32, learning_rate=1e-2,
        evaluate_every=0, save_every=0, watch_every=0,
    )  # fmt: skip
    optimizer = lambda m: ContinuumOptimizer(  # noqa: E731
        torch.optim.AdamW(build_groups(m), lr=1e-2), average=True
    )
    for making in (None, optimizer):
        losses = [e.loss for e in train(build().float(), text, settings, optimizer=making)
                  if isinstance(e, Step)]  # fmt: skip
        assert losses[-1] < 0.6 * losses[0]
    assert model.parameter_count() > 0


def test_its_levels_go_on_learning_while_it_reads():
    model, x = build(), tokens(33, 1)
    assert levels_of(model) == {
        period: [f"blocks.{b}.levels.levels.{n}" for b in range(2)]
        for n, period in enumerate((1, 4, 16))
    }
    still, _ = model(x)
    y, state = read_and_learn(model, x, levels=levels_of(model), rates=0.0)
    assert torch.equal(y, still)
    y, state = read_and_learn(model, x, levels=levels_of(model), rates=(0.05, 0.05, 0.05))
    assert [level.updates for level in state.levels] == [32, 8, 2]
    torch.testing.assert_close(y[:, :1], still[:, :1], rtol=0, atol=1e-12)
    assert not torch.allclose(y, still, atol=1e-4)


def test_whoever_watches_sees_all_memories_of_every_block():
    model = build(memory={"fixed_q": False, "chunk": 8})
    with watch(model) as seen:
        _, state = model(tokens(20)[:, :9])
        model(tokens(20)[:, 9:], state)
    assert list(seen.several) == [(0, "memory"), (1, "memory")]
    for (block, _), traces in seen.several.items():
        assert len(traces) == len(MEMORIES) and traces[0] is not traces[-1]
        assert all(trace.times == (0, 8, 9, 16, 20) for trace in traces)
        assert torch.equal(traces[0].film[0], seen.memories[block, "memory"].film[0])
        starts = [dict(model.blocks[block].memory.initial)[n][0].detach() for n in MEMORIES]
        for trace, start in zip(traces, [starts[-1], *starts[:-1]], strict=True):
            assert torch.equal(trace.film[0][0], start)


def test_autocast_leaves_the_memories_in_full_precision():
    model = build().float()
    want, _ = model(tokens())
    with torch.autocast("cpu", torch.bfloat16):
        y, state = model(tokens())
        y.float().sum().backward()
    assert {W.dtype for W in state.blocks[0].memory.tensors()} == {torch.float32}
    assert (y.float() - want).abs().max() < 0.1
    assert all(p.grad.isfinite().all() for p in model.parameters())
