"""Needles in token haystacks: a plain reader with a dictionary finds every label again."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from titans_book.tasks import corpora
from titans_book.tasks.batch import IGNORED
from titans_book.tasks.needle import MARKER, needle


def reader(inputs, n):
    """Reads from left to right: (key -> value, key -> where, the labels that are due)."""
    told, where, t = {}, {}, 0
    while t < len(inputs) - (n + 1):  # the question is all that is left
        if inputs[t] != MARKER:
            t += 1
            continue
        key = inputs[t + 1]
        assert key not in told, "two needles share a key"
        told[key], where[key] = inputs[t + 2 : t + 2 + n], t
        t += 2 + n
    assert inputs[t] == MARKER and t == len(inputs) - (n + 1)
    answer = told[inputs[t + 1]]
    assert inputs[t + 2 :] == answer[:-1]  # what was answered so far
    return told, where, [IGNORED] * (len(inputs) - n) + answer


@given(
    value=st.integers(1, 4),
    distractors=st.integers(0, 5),
    room=st.integers(0, 60),
    depth=st.floats(0, 1) | st.tuples(st.floats(0, 0.5), st.floats(0.5, 1)),
    alike=st.booleans(),
    seed=st.integers(0, 999),
)
def test_every_label_is_what_a_reader_finds(value, distractors, room, depth, alike, seed):
    time = room + (distractors + 1) * (2 + value) + 1 + value
    fields = dict(value=value, distractors=distractors, depth=depth, alike=alike)
    task = needle(3, time=time, vocab=32, seed=seed, **fields)
    assert task.inputs.shape == (3, time)
    assert task.inputs.min() >= 0 and task.inputs.max() < 32
    for inputs, targets in zip(task.inputs.tolist(), task.targets.tolist(), strict=True):
        told, where, expected = reader(inputs, value)
        assert targets == expected and len(told) == distractors + 1
        start = where[inputs[-value]]  # the key, behind which n - 1 tokens are answered
        earlier = sum(place < start for place in where.values())
        low, high = depth if isinstance(depth, tuple) else (depth, depth)
        assert round(low * room) <= start - earlier * (2 + value) <= round(high * room)


def test_hay_keys_and_values_have_tokens_of_their_own_unless_they_are_alike():
    task = needle(200, time=30, value=2, vocab=16, seed=1)
    asked = task.inputs[:, -2]
    assert asked.min() == 8 and asked.max() == 11
    assert task.targets[:, -2:].min() == 12 and task.targets[:, -2:].max() == 15
    hay = task.inputs[:, :-3]
    assert ((hay > 0) & (hay < 8)).sum(1).eq(30 - 4 - 3).all()
    task = needle(200, time=30, value=2, vocab=16, alike=True, seed=1)
    for tokens in (task.inputs[:, -2], task.targets[:, -2:], task.inputs[:, :-3]):
        assert set(range(1, 16)) <= set(tokens.flatten().tolist())


def test_a_needle_without_depth_lies_anywhere():
    task = needle(4000, time=21, vocab=8, seed=0)  # 16 tokens of hay: 17 places
    start = (task.inputs[:, :-2] == MARKER).int().argmax(1)
    share = torch.bincount(start, minlength=17) / 4000
    assert len(share) == 17 and (share - 1 / 17).abs().max() < 0.015
    task = needle(4000, time=21, depth=(0.25, 0.5), vocab=8, seed=0)
    start = (task.inputs[:, :-2] == MARKER).int().argmax(1)
    share = torch.bincount(start, minlength=17)[4:9] / 4000
    assert (share - 1 / 5).abs().max() < 0.03 and share.sum() == 1


@pytest.mark.parametrize("alike", [False, True])
def test_the_hay_is_a_stretch_of_the_text(alike):
    text = corpora.text()[:5000]
    task = needle(5, time=300, value=3, distractors=2, alike=alike, hay=corpora.tokens(text))
    stretches = set()
    for inputs in task.inputs.tolist():
        _, where, _ = reader(inputs, 3)
        needles = {t for start in where.values() for t in range(start, start + 5)}
        hay = bytes(x for t, x in enumerate(inputs[:-4]) if t not in needles).decode()
        assert len(hay) == 300 - 3 * 5 - 4 and hay in text
        stretches.add(hay)
    assert len(stretches) == 5


def test_a_long_haystack_is_filled_to_the_last_place():
    task = needle(2, time=16_384, value=4, depth=0.25, seed=4)
    for inputs, targets in zip(task.inputs.tolist(), task.targets.tolist(), strict=True):
        _, where, expected = reader(inputs, 4)
        assert targets == expected and list(where.values()) == [round(0.25 * (16_384 - 11))]


def test_the_same_seed_is_the_same_batch_and_a_generator_goes_on():
    assert torch.equal(needle(4, seed=5).inputs, needle(4, seed=5).inputs)
    g = torch.Generator().manual_seed(0)
    assert not torch.equal(needle(4, seed=g).inputs, needle(4, seed=g).inputs)


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"time": 4}, ValueError, "time must be 5 or more for 1 needle"),
        ({"value": 0}, ValueError, "value must be 1 or more"),
        ({"depth": 1.5}, ValueError, "depth must be from 0 to 1"),
        ({"depth": "deep"}, TypeError, "depth"),
        ({"depth": (0.5, 0.2)}, ValueError, "depth must go from low to high"),
        ({"distractors": -1}, ValueError, "distractors must be 0 or more"),
        ({"distractors": 2.0}, TypeError, "distractors"),
        ({"distractors": 2, "vocab": 8}, ValueError, "vocab=8 has 2 keys"),
        ({"vocab": 18}, ValueError, "vocab must be a multiple of 4"),
        ({"vocab": 4}, ValueError, "vocab must be a multiple of 4, 8 or more, got 4"),
        ({"alike": 1}, TypeError, "alike"),
        ({"hay": torch.ones(10, dtype=torch.long)}, ValueError, "hay must hold 251 tokens"),
        ({"hay": torch.arange(256)}, ValueError, "tokens from 1 to 127, got 0 to 255"),
        ({"seed": "x"}, TypeError, "seed"),
    ],
)
def test_wrong_fields_are_named(fields, error, words):
    with pytest.raises(error, match=words):
        needle(2, **fields)
