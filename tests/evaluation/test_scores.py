"""Bits a token: every prediction counts once, and every window starts afresh."""

import math

import pytest
import torch

from titans_book.evaluation import bits, bits_per_token


class Bigram(torch.nn.Module):
    """Logits that depend on the byte before; notes where each window was cut."""

    def __init__(self):
        super().__init__()
        self.table = torch.nn.Parameter(torch.randn(7, 7))

    def forward(self, tokens, state):
        assert state is None
        return self.table[tokens], state


@pytest.mark.parametrize(("length", "batch"), [(1, 2), (5, 3), (10, 1), (100, 32)])
def test_bits_per_token_counts_every_prediction_once(length, batch):
    model, data = Bigram(), torch.randint(0, 7, (53,))
    log_p = model.table.detach().double().log_softmax(-1)
    nats = -sum(log_p[a, b].item() for a, b in zip(data[:-1], data[1:], strict=True))
    measured = bits_per_token(model, data, length, batch)
    assert measured == pytest.approx(nats / 52 / math.log(2), rel=1e-5)


def test_bits_per_token_starts_each_window_afresh():
    """A model that counts its steps sees no position beyond `length`."""

    class Positions(Bigram):
        longest = 0

        def forward(self, tokens, state):
            self.longest = max(self.longest, tokens.shape[1])
            return super().forward(tokens, state)

    model = Positions()
    bits_per_token(model, torch.randint(0, 7, (40,)), 8)
    assert model.longest == 8


@pytest.mark.parametrize("field", ["length", "batch"])
def test_bits_per_token_names_a_wrong_field(field):
    with pytest.raises(ValueError, match=f"{field} must be a whole number >= 1, got 0"):
        bits_per_token(torch.nn.Identity(), torch.arange(7), **{"length": 4, field: 0})


def test_bits_per_token_needs_something_to_predict():
    with pytest.raises(ValueError, match="tokens must hold at least 2"):
        bits_per_token(Bigram(), torch.tensor([3]), 8)


def test_bits():
    assert bits(math.log(2)) == pytest.approx(1)
