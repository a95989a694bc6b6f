"""The experiment of chapter 08: where attention looks when there is nothing to look up."""

import pytest
import torch

from titans_book.book.ch08 import guests
from titans_book.book.ch08.guests import errors, evening, looked_at, returned, through, train

pytestmark = pytest.mark.bare(traced=True)

TEST = evening(9999, many=100, time=32)
IDLE = ~TEST.asks & (torch.arange(32) >= 8)


@pytest.fixture(scope="module", params=[0, 1])
def trained(request):
    """Full attention with and without persistent tokens, and a window without any."""
    seed = request.param
    return {
        "bare": train(seed=seed),
        "notes": train(seed=seed, persistent=4),
        "window": train(seed=seed, window=8),
    }


def on_the_first(attention, columns):
    weights = attention.weights(TEST.x)[:, 0]
    return weights[..., :columns].sum(-1)[IDLE].mean()


def test_an_evening_asks_for_the_coat_before():
    now = evening(0)
    assert torch.equal(evening(0).x, now.x) and not torch.equal(evening(1).x, now.x)
    assert now.x[:, 0, guests.DOOR].all() and not now.asks[:, :2].any()
    assert not now.due[~now.asks].any()
    b, t = now.asks.nonzero()[0].tolist()
    assert now.due[b, t].argmax() == now.x[b, t - 1, : guests.COATS].argmax()


def test_without_persistent_tokens_the_first_token_is_the_sink(trained):
    assert on_the_first(trained["bare"], 1) > 0.95
    assert errors(trained["bare"], TEST).mean() < 0.01


def test_a_window_takes_that_sink_away(trained):
    assert errors(through(trained["bare"], 8), TEST)[IDLE].mean() > 0.3


def test_persistent_tokens_take_its_place_and_no_window_takes_them_away(trained):
    assert on_the_first(trained["notes"], 4) > 0.85
    assert errors(through(trained["notes"], 8), TEST)[IDLE].mean() < 0.05


def test_a_window_that_has_no_sink_gives_up_some_coats_to_make_one(trained):
    much, weight = (
        f(trained["window"], TEST, *r) for f, r in ((returned, ()), (looked_at, [IDLE]))
    )
    given_up = much < 0.3
    assert 2 <= given_up.sum() <= 6 and much[~given_up].mean() > 0.8
    assert weight[given_up].sum() > 0.8
    assert returned(trained["bare"], TEST).min() > 0.9


def test_a_single_note_can_lose_against_the_door():
    attention = train(seed=0, persistent=1)
    weights = attention.weights(TEST.x)[:, 0][IDLE].mean(0)
    assert weights[0] < 0.1 and weights[1] > 0.9
    assert errors(through(attention, 8), TEST)[IDLE].mean() > 0.2


def test_the_door_wins_with_five_seeds_and_a_window_may_never_find_a_single_note():
    full, narrow = (
        torch.stack([on_the_first(train(seed=s, persistent=1, window=w), 1) for s in range(5)])
        for w in (None, 8)
    )
    assert (full < 0.5).all()
    assert 1 <= (narrow < 0.1).sum() <= 3
