"""Looking changes nothing, and what it tells is what the blocks computed."""

import pytest
import torch

from titans_book.inspection.looking import changes, look, size
from titans_book.model import TitansConfig, TitansLM
from titans_book.model.config import VARIANTS

WITH_ATTENTION = [name for name, block in VARIANTS.items() if "persistent" in block.fields]
WITH_MEMORY = [name for name in VARIANTS if name != "attention"]
TIME = 45  # no multiple of the chunk or the segment


def build(variant, **more):
    torch.manual_seed(0)
    more |= {} if variant == "attention" else {"memory": {"chunk": 8}}
    config = TitansConfig(variant, vocab=32, dim=16, depth=2, heads=2, hidden=16, **more)
    model = TitansLM(config).double()
    for block in model.blocks:
        for part in block.parameters():
            part.data += 0.1 * torch.randn_like(part)  # nothing is zero, nothing is the identity
    return model


def tokens(time=TIME):
    return torch.randint(0, 32, (time,), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("variant", WITH_ATTENTION)
def test_weights_times_values_is_what_the_attention_answered(variant):
    model = build(variant)
    for block, seen in zip(model.blocks, look(model, tokens()), strict=True):
        attention, trace = block.attention, seen.attention
        rows = [] if attention.persistent is None else [attention.persistent]
        rows += [] if trace.beside is None else [trace.beside]
        values = torch.cat([*rows, trace.x]) @ attention.project.weight[-16:].T
        heads = [w @ v for w, v in zip(trace.weights, values.split(8, dim=-1), strict=True)]
        answer = torch.cat(heads, dim=-1) @ attention.out.weight.T
        assert trace.answer.shape == (TIME, 16)
        torch.testing.assert_close(answer, trace.answer, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("variant", WITH_ATTENTION)
def test_shares_add_up_to_one(variant):
    trace = look(build(variant), tokens())[0].attention
    shares = trace.shares()
    total = sum(shares.values())
    torch.testing.assert_close(total, torch.ones_like(total))
    assert trace.recalled == (TIME if variant == "mac" else 0)
    assert bool(shares["recalled"].sum()) == (variant == "mac")
    assert bool(shares["persistent"].sum()) == (variant != "attention")


def test_the_sink_is_the_persistent_tokens_or_the_first_token():
    trace = look(build("mag"), tokens())[0].attention
    torch.testing.assert_close(trace.sink(), trace.weights[..., :4].sum(-1).mean(-1))
    trace = look(build("attention"), tokens())[0].attention
    torch.testing.assert_close(trace.sink(), trace.weights[:, 1:, 0].mean(-1))


@pytest.mark.parametrize("variant", WITH_MEMORY)
def test_the_trace_tells_the_lengths_of_what_is_looked_at(variant):
    """Keys, values and momentum: the same numbers, whether one looks whole or only at lengths."""
    for block in look(build(variant), tokens()):
        memory, trace = block.memory, block.memory.trace
        for have, want in (
            (trace.keys, memory.keys.norm(dim=-1)),
            (trace.values, memory.values.norm(dim=-1)),
            (trace.momentum, size(memory.momentum)),
        ):
            torch.testing.assert_close(have, want, rtol=1e-10, atol=1e-12)
        assert trace.values.std() > 0
        assert (trace.momentum[-1].min() > 0) == (variant != "hope")  # it has none


@pytest.mark.parametrize("variant", WITH_MEMORY)
def test_momentum_and_film_are_the_states_on_the_way(variant):
    model, x = build(variant), tokens()
    for number, seen in enumerate(look(model, x)):
        memory = seen.memory
        assert memory.trace.times[0] == 0 and memory.trace.times[-1] == TIME
        for frame, time in enumerate(memory.trace.times):
            state = model(x[None, :time])[1].blocks[number].memory
            for layer in range(2):
                if variant == "hope":
                    weights = state.memories["memory"]
                    momentum = [torch.zeros_like(W) for W in weights]
                else:
                    weights, momentum = state.weights, state.momentum
                for film, have in ((memory.momentum, momentum), (memory.trace.film, weights)):
                    torch.testing.assert_close(film[layer][frame], have[layer][0])


@pytest.mark.parametrize("variant", WITH_MEMORY)
def test_keys_are_of_the_text_and_of_length_one(variant):
    memory = look(build(variant), tokens())[1].memory
    assert memory.keys.shape == memory.values.shape == (2, TIME, 8)
    lengths = memory.keys.norm(dim=-1)
    torch.testing.assert_close(lengths, torch.ones_like(lengths))
    assert memory.values.norm(dim=-1).std() > 0


def test_a_memory_is_told_its_own_pairs():
    """The first write of a linear memory: M_1 - M_0 = theta_1 k_1^T v_1, since M_0 answers 0."""
    config = TitansConfig(
        vocab=32, dim=16, depth=1, heads=2, memory=dict(depth=1, chunk=1, clamp=None)
    )
    torch.manual_seed(0)
    memory = look(TitansLM(config).double(), tokens(3))[0].memory
    k, v, theta = memory.keys[:, 0], memory.values[:, 0], memory.trace.theta[:, 0]
    written = theta[:, None, None] * k[:, :, None] * v[:, None, :]
    film = memory.trace.film[0]
    torch.testing.assert_close(film[1] - film[0], written)


@pytest.mark.parametrize("variant", VARIANTS)
def test_nothing_is_left_behind(variant):
    model, x = build(variant), tokens()[None]
    before = model(x)[0]
    parts = [module for module in model.modules() if hasattr(module, "memorize")]
    usual = [module.memorize for module in parts]
    seen = look(model, x[0])
    assert [block.memory is None for block in seen] == [variant == "attention"] * 2
    assert [block.attention is None for block in seen] == [variant not in WITH_ATTENTION] * 2
    assert torch.equal(model(x)[0], before)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    assert [module.memorize for module in parts] == usual


def test_sizes_and_changes():
    film = (torch.randn(4, 2, 3, 5), torch.randn(4, 2, 5, 3))
    flat = torch.cat([W.flatten(2) for W in film], dim=-1)
    torch.testing.assert_close(size(film), flat.norm(dim=-1))
    torch.testing.assert_close(changes(film), (flat[1:] - flat[:-1]).norm(dim=-1))


def test_what_is_no_text_is_refused():
    with pytest.raises(ValueError, match=r"time >= 1, got \(0,\)"):
        look(build("lmm"), tokens(0))
