"""A state in a file: whoever loads it goes on as if the program had never stopped."""

from dataclasses import replace

import pytest
import torch

from titans_book.attention import Attention
from titans_book.files import CheckpointError
from titans_book.memory import NeuralMemory
from titans_book.model import TitansConfig, TitansLM
from titans_book.model.config import VARIANTS
from titans_book.model.saved_state import load_state, save_state


def build(variant):
    config = TitansConfig(variant, vocab=32, dim=16, depth=2, heads=2, hidden=16)
    return TitansLM(config).double()


def tokens(time=45):
    return torch.randint(0, 32, (2, time), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("variant", VARIANTS)
def test_reading_goes_on_to_the_very_same_numbers(variant, tmp_path):
    for seed in range(8):  # the last digit differs with some weights only, if it does
        torch.manual_seed(seed)
        model, x = build(variant), tokens()
        _, state = model(x[:, :37])
        loaded = load_state(save_state(state, tmp_path / "book" / "half.state"))
        assert type(loaded) is type(state) and loaded.position == 37
        assert torch.equal(model(x[:, 37:], loaded)[0], model(x[:, 37:], state)[0])


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_a_state_keeps_its_dtype_and_goes_on(dtype, tmp_path):
    for variant in VARIANTS:
        model, x = build(variant).to(dtype), tokens()
        _, state = model(x[:, :37])
        loaded = load_state(save_state(state, tmp_path / "one.state"))
        assert [t.dtype for t in loaded.tensors()] == [t.dtype for t in state.tensors()]
        assert torch.equal(model(x[:, 37:], loaded)[0], model(x[:, 37:], state)[0])


@pytest.mark.parametrize(
    "module", [NeuralMemory(16, 2), Attention(16, 2, window=4, persistent=2), None], ids=str
)
def test_the_state_of_any_module_is_kept(module, tmp_path):
    module = build("mac").float().blocks[0] if module is None else module
    x = torch.randn(2, 30, 16)
    _, state = module(x[:, :17])
    loaded = load_state(save_state(state, tmp_path / "part.state", module), model=module)
    assert type(loaded) is type(state)
    assert torch.equal(module(x[:, 17:], loaded)[0], module(x[:, 17:], state)[0])


def test_a_state_is_written_over_and_leaves_no_draft(tmp_path):
    model, x = build("mac"), tokens()
    for time in 3, 9:
        save_state(model(x[:, :time])[1], tmp_path / "one.state")
    assert load_state(tmp_path / "one.state").position == 9
    assert [path.name for path in tmp_path.iterdir()] == ["one.state"]


def test_what_cannot_be_loaded_is_said(tmp_path):
    with pytest.raises(CheckpointError, match="there is no state in .*nowhere"):
        load_state(tmp_path / "nowhere")
    path = save_state(build("mag")(tokens())[1], tmp_path / "one.state")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="damaged"):
        load_state(path)
    (tmp_path / "text").write_text("not a state")
    with pytest.raises(CheckpointError, match="damaged or is not one of ours"):
        load_state(tmp_path / "text")
    with pytest.raises(CheckpointError, match="cannot save"):
        save_state(build("mag")(tokens())[1], tmp_path / "text" / "below")


def test_a_part_of_a_state_is_a_state_but_not_that_of_a_model(tmp_path):
    model = build("mag")
    _, state = model(tokens())
    for part in (state.blocks[0], state.blocks[0].attention, state.blocks[0].layer):
        path = save_state(part, tmp_path / "part.state")
        found = load_state(path)
        assert type(found) is type(part)
        for have, want in zip(found.tensors(), part.tensors(), strict=True):
            assert torch.equal(have, want) and have.dtype == want.dtype
        with pytest.raises(CheckpointError, match=f"is that of a {type(part).__name__}, not of a"):
            load_state(path, model=model)


def test_a_state_of_another_model_is_refused(tmp_path):
    path = save_state(build("mag")(tokens())[1], tmp_path / "one.state")
    with pytest.raises(ValueError, match="state belongs to another"):
        build("lmm")(tokens(), load_state(path))


def test_a_state_of_another_model_is_refused_where_it_is_named(tmp_path):
    model, other = build("mag"), build("mag")
    _, state = model(tokens())
    named = save_state(state, tmp_path / "named.state", model)
    assert load_state(named, model=model).position == load_state(named).position == 45
    with pytest.raises(CheckpointError, match="made by other weights than this model's"):
        load_state(named, model=other)
    with torch.no_grad():
        other.load_state_dict(model.state_dict())
        load_state(named, model=other)
        next(other.parameters()).view(-1)[0] += 1e-9
    with pytest.raises(CheckpointError, match="other weights"):
        load_state(named, model=other)
    # the same weights, read in other chunks
    other = TitansLM(replace(model.config, memory={"chunk": 5})).double()
    other.load_state_dict(model.state_dict())
    with pytest.raises(CheckpointError, match="made by a model with memory={}, and"):
        load_state(named, model=other)
    nameless = save_state(state, tmp_path / "nameless.state")
    assert load_state(nameless, model=other).position == 45
