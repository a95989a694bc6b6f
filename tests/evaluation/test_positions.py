"""Bits by position: every window fresh, every prediction in its bin."""

import math

import pytest
import torch

from tests.evaluation.toys import Counting
from titans_book.evaluation import bits_by_position, bits_per_token
from titans_book.tasks.corpora import text, tokens


def by_hand(data, length, edges):
    """Prediction after prediction: -log2 p of the next token, into the bin of its position."""
    bins = [[] for _ in edges[1:]]
    for start in range(0, len(data) - length, length):
        for t in range(length):
            logits = [0.1 * t * (x == data[start + t]) for x in range(4)]
            p = math.exp(logits[data[start + t + 1]]) / sum(map(math.exp, logits))
            at = next(i for i, edge in enumerate(edges[1:]) if t < edge)
            bins[at].append(-math.log2(p))
    return [sum(some) / len(some) for some in bins]


@pytest.mark.parametrize("piece", [1, 4, 100])
@pytest.mark.parametrize("batch", [1, 3, 50])
@pytest.mark.parametrize(
    ("bins", "edges"), [(1, (0, 10)), (3, (0, 3, 6, 10)), ((0, 1, 2, 4, 10), (0, 1, 2, 4, 10))]
)
def test_the_bins_are_what_a_loop_over_all_predictions_finds(bins, edges, batch, piece):
    data, model = torch.randint(0, 4, (57,)), Counting()
    found = bits_by_position(model, data, 10, bins, batch=batch, piece=piece)
    assert found.edges == edges and found.windows == 5
    torch.testing.assert_close(found.bits, torch.tensor(by_hand(data.tolist(), 10, edges)))
    assert model.longest == min(piece, 10) and model.widest == min(batch, 5)


def test_the_mean_over_all_positions_is_bits_per_token():
    data, model = torch.randint(0, 4, (101,)), Counting()
    found = bits_by_position(model, data, 20, 1)
    assert found.bits.item() == pytest.approx(bits_per_token(model, data, 20))


def test_a_model_that_learns_while_it_reads_gets_better_on_moby_dick():
    """Bytes counted in the state alone: an order-0 model that begins anew in every window."""

    def counting(part, state):
        before = torch.ones(len(part), 1, 256) if state is None else state
        seen = before + torch.nn.functional.one_hot(part, 256).cumsum(1)
        return seen.log(), seen[:, -1:]

    book = tokens(text("moby_dick"))[:40_001]
    found = bits_by_position(counting, book, 4000, (0, 100, 1000, 4000))
    assert found.windows == 10 and found.bits.diff().max() < -0.3
    assert 4.3 < found.bits[-1] < 5


@pytest.mark.parametrize("training", [True, False])
def test_the_model_stays_in_its_mode(training):
    model = Counting().train(training)
    bits_by_position(model, torch.randint(0, 4, (30,)), 10, 2)
    assert model.training == training and model.scale.grad is None


@pytest.mark.parametrize(
    ("total", "length", "bins", "words"),
    [
        (10, 10, 2, "tokens must hold 11 or more, got 10"),
        (30, 10, 0, "bins must be from 1 to length=10, got 0"),
        (30, 10, 11, "bins must be from 1 to length=10, got 11"),
        (30, 10, (0, 5), "bins must rise from 0 to length=10"),
        (30, 10, (0, 5, 5, 10), "bins must rise"),
        (30, 10, (1, 10), "bins must rise"),
        (30, 0, 1, "length must be a whole number >= 1"),
    ],
)
def test_what_cannot_be_measured_is_said(total, length, bins, words):
    with pytest.raises(ValueError, match=words):
        bits_by_position(Counting(), torch.zeros(total, dtype=torch.long), length, bins)
