"""One class and one entry, and a new variant is configured, streamed, kept and counted."""

import json

import pytest
import torch

from tests.model.own_variant import FastAndSlow, FastAndSlowBlock
from titans_book.comparison import contestants
from titans_book.evaluation import state_bytes
from titans_book.model import TitansConfig, TitansLM, load_state, save_state
from titans_book.model.variants import VARIANTS

SIZE = dict(vocab=32, dim=16, depth=2, heads=2, hidden=16)


@pytest.fixture
def model(monkeypatch):
    monkeypatch.setitem(VARIANTS, "fast and slow", FastAndSlowBlock)
    torch.manual_seed(0)
    options = {"slow_chunk": 5}
    config = TitansConfig("fast and slow", **SIZE, memory={"chunk": 4}, options=options)
    return TitansLM(config).double()


def tokens(time=40):
    return torch.randint(0, 32, (2, time), generator=torch.Generator().manual_seed(1))


def test_one_call_equals_any_split_and_a_file_between(model, tmp_path):
    want, whole = model(tokens())
    state, answers = None, []
    for part in tokens().tensor_split([3, 17, 18], dim=1):
        answer, state = model(part, state)
        state = load_state(save_state(state, tmp_path / "half.state", model), model=model)
        answers.append(answer)
    torch.testing.assert_close(torch.cat(answers, dim=1), want, rtol=0, atol=1e-9)
    assert isinstance(state.blocks[0], FastAndSlow) and state.position == whole.position == 40
    assert model.generate(tokens(), 5).shape == (2, 45)


def test_its_state_is_counted_by_what_it_holds(model):
    _, state = model(tokens())
    found = state_bytes(state)
    assert found.total == state.nbytes and found.other == 0
    assert found.weights == found.momentum == found.anchor > 0 and found.convolution > 0
    assert repr(state).startswith("ModelState(blocks=2 x FastAndSlow(fast=LayerState(")


def test_its_own_options_are_checked_and_survive_json(model, as_people_call_it):
    config = model.config
    assert TitansConfig(**json.loads(json.dumps(config.to_dict()))) == config
    assert config.has("slow_chunk") and not config.has("window")
    assert TitansConfig("fast and slow", **SIZE).options == {"slow_chunk": 16}
    with pytest.raises(ValueError, match="options: field must be one of 'slow_chunk', got 'slow'"):
        TitansConfig("fast and slow", **SIZE, options={"slow": 3})
    with pytest.raises(ValueError, match="chunk must be a whole number >= 1"):
        TitansConfig("fast and slow", **SIZE, options={"slow_chunk": 0})
    with pytest.raises(ValueError, match="options has no effect on variant 'mag'"):
        TitansConfig("mag", **SIZE, options={"slow_chunk": 3})
    with pytest.raises(TypeError, match="options must map"):
        TitansConfig("fast and slow", **SIZE, options=[3])
    assert "options" not in TitansConfig("mag", **SIZE).to_dict()


def test_a_state_of_another_variant_is_refused(model):
    with pytest.raises(ValueError, match="'fast and slow' needs a FastAndSlow a block, got Layer"):
        model(tokens(), TitansLM(TitansConfig(**SIZE)).double()(tokens())[1])


def test_it_is_drawn_again_and_takes_part_in_a_comparison(model, monkeypatch):
    with torch.no_grad():
        for p in model.parameters():
            p.fill_(torch.nan)
    model.reset_parameters()
    assert model(tokens())[0].isfinite().all()
    monkeypatch.setattr(contestants, "CONTESTANTS", (*VARIANTS, *contestants.MORE))
    made = contestants.new_model("fast and slow", contestants.PROFILES["quick"], 32, seed=0)
    assert made.blocks[0].fast.rule.chunk == 8 and made.blocks[0].slow.rule.chunk == 16
