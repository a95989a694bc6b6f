"""Whoever watches hears every memory and every attention, of blocks of any make."""

import pickle

import pytest
import torch
from torch import nn

from tests.inspection.test_looking import TIME, build, tokens
from tests.model.own_variant import FastAndSlowBlock
from titans_book.attention import Attention
from titans_book.inspection import watch
from titans_book.inspection.looking import look
from titans_book.inspection.relevance import relevance
from titans_book.inspection.traces import ByPlace
from titans_book.memory import NeuralMemory
from titans_book.model.variants import VARIANTS
from titans_book.training import TrainingSettings, train

every_variant = pytest.mark.parametrize("variant", VARIANTS)


@pytest.fixture
def two(monkeypatch):
    monkeypatch.setitem(VARIANTS, "fast and slow", FastAndSlowBlock)
    return build("fast and slow", options={"slow_chunk": 4})


@every_variant
@pytest.mark.parametrize("cuts", [[], [7, 8, 30]], ids=str)
def test_a_text_in_pieces_is_seen_as_the_text_in_one_go(variant, cuts):
    model, x = build(variant), tokens()[None]
    with watch(model) as whole:
        model(x)
    with watch(model) as pieces:
        state = None
        for part in x.tensor_split(cuts, dim=1):
            _, state = model(part, state)
    assert list(whole.ears) == list(pieces.ears)
    for place, film in whole.memories.items():
        other = pieces.memories[place]
        torch.testing.assert_close(other.surprise, film.surprise)
        torch.testing.assert_close(other.film[0][-1], film.film[0][-1])
        assert other.times[-1] == film.times[-1] == TIME
    for place, trace in whole.attentions.items():
        torch.testing.assert_close(pieces.attentions[place].weights, trace.weights)
        torch.testing.assert_close(pieces.attentions[place].answer, trace.answer)
    for place, answer in whole.answers.items():
        assert answer.shape == (1, TIME, 16)
        torch.testing.assert_close(pieces.answers[place], answer)


@every_variant
def test_a_call_without_a_state_begins_anew(variant):
    model = build(variant)
    with watch(model) as seen:
        model(tokens(9)[None])
        model(tokens()[None])
    with watch(model) as once:
        model(tokens()[None])
    for place, film in once.memories.items():
        assert torch.equal(seen.memories[place].surprise, film.surprise)
    for place, trace in once.attentions.items():
        assert torch.equal(seen.attentions[place].weights, trace.weights)


def test_the_middle_of_a_text_has_films_but_no_maps():
    model, x = build("mag"), tokens()[None]
    _, state = model(x[:, :20])
    with watch(model) as seen:
        model(x[:, 20:], state)
    assert seen.memories[1, "memory"].times[-1] == TIME - 20
    with pytest.raises(ValueError, match="watched from the beginning of a text"):
        seen.attentions  # noqa: B018


def test_several_memories_of_a_block_are_told_apart(two):
    x = tokens()
    with watch(two, closely=True) as seen:
        _, state = two(x[None])
    assert list(seen.memories) == [(0, "fast"), (0, "slow"), (1, "fast"), (1, "slow")]
    for (block, name), film in seen.memories.items():
        memory = getattr(state.blocks[block], name).memory
        torch.testing.assert_close(film.film[0][-1], memory.weights[0][0].detach())
        torch.testing.assert_close(film.S[1][-1], memory.momentum[1][0].detach())
    assert seen.memories[0, "slow"].times == (*range(0, TIME, 4), TIME)
    first = look(two, x)[0]
    assert list(first.memories) == ["fast", "slow"] and first.attention is None
    assert first.memory is first.memories["fast"]
    assert relevance(two, x).sources == ("fast", "slow")


def test_parts_are_watched_without_a_model():
    x, block = torch.randn(2, 20, 16), build("mac").float().blocks[0]
    for part, name in ((block.memory, "self"), (block.attention, "self"), (block, "memory")):
        with watch(part) as seen:
            part(x)
        assert seen.answers[0, name].shape == (1, 20, 16)
    both = nn.Sequential(nn.Linear(16, 16))
    both.append(Attention(16, window=4))
    with watch(both) as seen:
        both(x)
    assert seen.attentions[0, "1"].weights.shape == (1, 20, 20)


def test_the_beginning_of_attention_alone_may_be_shown():
    model, x = build("mac"), tokens()[None]
    with watch(model, most=10) as part:
        model(x.expand(3, -1))
    with watch(model) as whole:
        model(x)
    part, whole = part.attentions[0, "attention"], whole.attentions[0, "attention"]
    assert part.weights.shape == (2, 10, 4 + 10 + 10)
    torch.testing.assert_close(part.weights[..., :14], whole.weights[:, :10, :14])


@every_variant
def test_nothing_is_left_behind_even_after_an_error(variant):
    model = build(variant)
    with pytest.raises(ValueError, match="between 0 and 31"), watch(model):
        model(torch.tensor([[99]]))
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_somebody_elses_film_is_theirs():
    memory, mine = NeuralMemory(8), []
    with watch(memory) as seen:
        memory(torch.randn(1, 5, 8), trace=mine)
    assert len(mine) == 1 and seen.memories == {}


def test_a_compiled_model_is_watched_as_it_is_written():
    model = torch.compile(build("mag"), backend="eager")
    with watch(model) as seen:
        model(tokens()[None])
    assert seen.memories[1, "memory"].times[-1] == TIME and (0, "attention") in seen.attentions


def test_snapshots_say_where_each_trace_is_from(two):
    settings = TrainingSettings(steps=1, batch=2, length=24, warmup=0, watch_every=1)
    (step,) = train(two.float(), tokens(200), settings)
    shown = step.snapshot.memories
    assert shown.places == ((0, "fast"), (0, "slow"), (1, "fast"), (1, "slow"))
    assert shown.of(1) == shown[2:] and len(step.snapshot.attentions) == 0
    again = pickle.loads(pickle.dumps(shown))
    assert isinstance(again, ByPlace) and again.places == shown.places
