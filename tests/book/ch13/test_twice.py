"""The texts and the models of the second reading, and what the recorded ones do."""

import pytest
import torch

from titans_book.book.ch13 import twice
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
        if isinstance(part, NeuralMemory) and name != twice.PLAIN:
            other.start_one_behind()
    for (key, W), other in zip(
        model.state_dict().items(), plain.state_dict().values(), strict=True
    ):
        assert torch.equal(W, other), key


def test_an_unknown_model_is_refused():
    for ask in (twice.config_of, twice.recorded):
        with pytest.raises(ValueError, match="name must be one of 'lmm, gated-deltanet'"):
            ask("rnn")
