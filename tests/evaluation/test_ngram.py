"""The n-gram baseline: against its formula, counted with dictionaries, and on real text."""

from collections import Counter

import pytest
import torch

from titans_book.evaluation import NGram
from titans_book.tasks import corpora


def by_hand(train: bytes, context: bytes, byte: int) -> float:
    """Witten-Bell, straight from the equation: recursion over shorter contexts, down to 1/256."""
    followers = Counter(
        train[i + len(context)]
        for i in range(len(train) - len(context))
        if train[i : i + len(context)] == context
    )
    shorter = by_hand(train, context[1:], byte) if context else 1 / 256
    if not followers:
        return shorter
    kinds = len(followers)
    return (followers[byte] + kinds * shorter) / (followers.total() + kinds)


TRAIN = b"the cat sat on the mat, the rat sat on the cat. the end"


@pytest.mark.parametrize("order", range(7))
@pytest.mark.parametrize("heard", [b"the cat and the hat", b"zzz the", b"t", TRAIN])
def test_probabilities_are_the_equation(order, heard):
    p = NGram(order).fit(TRAIN).probabilities(heard)
    expected = [by_hand(TRAIN, heard[max(0, i - order) : i], heard[i]) for i in range(len(heard))]
    torch.testing.assert_close(p, torch.tensor(expected, dtype=torch.float64), rtol=1e-12, atol=0)


@pytest.mark.parametrize("order", [0, 1, 3])
@pytest.mark.parametrize("context", ["the", "zq", "h"])
def test_probabilities_of_all_bytes_sum_to_one(order, context):
    model = NGram(order).fit(TRAIN)
    last = [model.probabilities(context.encode() + bytes([x]))[-1].item() for x in range(256)]
    assert sum(last) == pytest.approx(1, abs=1e-12)


def test_a_short_text_can_be_counted_and_refitting_forgets():
    model = NGram(4).fit("ab")
    assert model.bits_per_character("ab") < 8
    assert NGram(4).fit("cd").bits_per_character("ab") == model.fit("cd").bits_per_character("ab")


def test_characters_of_two_bytes_count_once():
    model = NGram(1).fit("naïve naïve")
    per_byte = model.bits_per_character("ïï".encode())
    assert model.bits_per_character("ïï") == pytest.approx(2 * per_byte)


@pytest.fixture(scope="module")
def plays():
    text = corpora.text("shakespeare")
    cut = int(0.9 * len(text))
    return NGram(5).fit(text[:cut]), text[cut:]


@pytest.mark.parametrize(
    ("order", "expected"), [(0, 4.843), (1, 3.675), (2, 3.089), (3, 2.711), (4, 2.606), (5, 2.652)]
)
def test_shakespeare_with_the_last_tenth_held_out(plays, order, expected):
    """The bar for chapter 13's model is order 4: 2.606 bits per character."""
    counted, held_out = plays
    model = NGram(order)
    model.counts = counted.counts[: order + 1]  # a lower order counts the same, and stops sooner
    assert model.bits_per_character(held_out) == pytest.approx(expected, abs=0.0006)


def test_bad_orders_are_named():
    for order in (-1, 7):
        with pytest.raises(ValueError, match=f"order must be from 0 to 6, got {order}"):
            NGram(order)
    for order in (2.0, "2", True):
        with pytest.raises(TypeError, match="order"):
            NGram(order)


def test_what_cannot_be_measured_is_said():
    with pytest.raises(ValueError, match="call fit"):
        NGram(2).probabilities("a")
    with pytest.raises(ValueError, match="text must hold at least one character"):
        NGram(2).fit("")
    with pytest.raises(ValueError, match="text must hold at least one character"):
        NGram(2).fit("a").bits_per_character("")
