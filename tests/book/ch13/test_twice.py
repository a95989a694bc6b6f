"""The texts and the models of the second reading, and what the recorded ones do."""

import json

import pytest
import torch

from titans_book.attention import Attention
from titans_book.book.ch13 import twice
from titans_book.evaluation import twice_read
from titans_book.memory import NeuralMemory
from titans_book.model import TitansLM
from titans_book.tasks import corpora
from titans_book.tasks.words import Words


def test_the_texts_are_parts_of_shakespeare_in_order_and_another_book():
    words, texts = twice.texts()
    assert list(texts) == ["learn", "choose", "plays", "moby_dick"]
    assert all(part.max() < len(words) == 2048 for part in texts.values())
    whole = corpora.text("shakespeare_all")
    learn = whole[: int(0.9 * len(whole))]
    assert words == Words.of(learn, 2048)  # what is held out is not even counted
    together = torch.cat([texts[name] for name in ("learn", "choose", "plays")])
    assert torch.equal(texts["learn"], words.tokens(learn))
    assert abs(len(together) - len(words.tokens(whole))) <= 2  # a word may be cut in two
    assert torch.equal(texts["moby_dick"], words.tokens(corpora.text("moby_dick")))


@pytest.mark.parametrize("name", twice.MODELS)
def test_models_are_of_one_size_and_their_keys_begin_one_behind(name):
    model = twice.fresh(name)
    assert (model.config.dim, model.config.depth, model.config.vocab) == (64, 2, 2048)
    torch.manual_seed(0)
    plain = TitansLM(model.config)
    for part, other in zip(model.modules(), plain.modules(), strict=True):
        convolved = isinstance(part, NeuralMemory | Attention) and part.conv > 1
        if convolved and name != twice.PLAIN:
            other.start_one_behind()
    for (key, W), other in zip(
        model.state_dict().items(), plain.state_dict().values(), strict=True
    ):
        assert torch.equal(W, other), key


def test_an_unknown_model_is_refused():
    for ask in (twice.config_of, twice.recorded):
        with pytest.raises(ValueError, match="name must be one of 'lmm, gated-deltanet'"):
            ask("rnn")


RECORD = json.loads(twice.RECORD.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", RECORD["models"])
def test_the_record_and_the_weights_belong_together(name):
    model, entry = twice.recorded(name)
    assert entry == RECORD["models"][name]
    assert model.config == twice.config_of(name) and model.parameter_count() == entry["weights"]
    gated = model.config.variant != "attention"
    assert ("shut" in entry["plays"]["bits"]) == gated


@pytest.mark.parametrize("name", ["lmm, gated-deltanet", "window"])
def test_a_recorded_memory_saves_at_the_second_reading_and_a_window_does_not(name):
    """Other passages than those of the record, read anew: 24 of them, 128 words apart."""
    model, held_out = twice.recorded(name)[0], twice.texts()[1]["plays"]
    (saved,) = twice_read(model, held_out, distances=(128,), passages=24, seed=7).saved()
    if name == "window":
        assert abs(saved.mean) < 1e-3
    else:
        assert 2 < saved.low < saved.mean < 3.5
        mean, low, high = RECORD["models"][name]["plays"]["saved"][1]
        assert abs(saved.mean - mean) < 0.5 and low < mean < high
