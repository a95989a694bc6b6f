"""Recall tasks: every label is what a dictionary would answer, and the gaps follow their law."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from titans_book.tasks.recall import IGNORED, mqar


def answers(inputs, told):
    """The labels as a reader with a dictionary finds them."""
    known = {}
    for key, value in zip(inputs[0 : 2 * told : 2], inputs[1 : 2 * told : 2], strict=True):
        known[key] = value
    asked = [known.get(token, IGNORED) for token in inputs[2 * told :]]
    return [IGNORED] * 2 * told + asked


@given(
    pairs=st.integers(1, 12),
    share=st.floats(0, 1),
    room=st.integers(0, 40),
    fill=st.booleans(),
    power=st.sampled_from([0.01, 1.0, 2.0]),
    seed=st.integers(0, 999),
)
def test_every_label_is_what_a_dictionary_answers(pairs, share, room, fill, power, seed):
    updates = int(share * pairs)
    time = 2 * (pairs + updates) + 2 * pairs + room
    task = mqar(
        3, time=time, pairs=pairs, updates=updates, vocab=64, power=power, fill=fill, seed=seed
    )
    assert task.inputs.shape == task.targets.shape == (3, time)
    assert task.inputs.min() >= 0 and task.inputs.max() < 64
    assert (task.asked.sum(1) == pairs).all()
    for inputs, targets in zip(task.inputs.tolist(), task.targets.tolist(), strict=True):
        assert targets == answers(inputs, pairs + updates)
        told = inputs[0 : 2 * (pairs + updates) : 2]
        assert len(set(told)) == pairs and all(1 <= key < 32 for key in told)
        values = inputs[1 : 2 * (pairs + updates) : 2]
        assert len(set(values)) == pairs + updates and all(32 <= value < 64 for value in values)


def test_updates_are_told_last_and_their_last_value_counts():
    task = mqar(50, time=64, pairs=6, updates=3)
    first, again = task.inputs[:, 0:12:2], task.inputs[:, 12:18:2]
    assert all(set(b) < set(a) for a, b in zip(first.tolist(), again.tolist(), strict=True))
    old = task.inputs[:, 1:12:2]
    for targets, values in zip(task.targets, old, strict=True):
        assert torch.isin(targets[targets != IGNORED], values).sum() == 3  # the others are new


def test_the_same_seed_is_the_same_batch_and_a_generator_goes_on():
    assert torch.equal(mqar(4, seed=5).inputs, mqar(4, seed=5).inputs)
    assert not torch.equal(mqar(4, seed=5).inputs, mqar(4, seed=6).inputs)
    g = torch.Generator().manual_seed(0)
    assert not torch.equal(mqar(4, seed=g).inputs, mqar(4, seed=g).inputs)


def test_the_gaps_follow_their_law():
    """The first question's gap has p proportional to gap^(a - 1); exactly known for one pair."""
    for power in (0.01, 1.0):
        task = mqar(20_000, time=22, pairs=1, vocab=8, power=power)
        gap = (task.asked.int().argmax(1) - 2) // 2
        weight = torch.arange(1, 11, dtype=torch.float64) ** (power - 1)
        found = torch.bincount(gap, minlength=10) / len(gap)
        assert (found - weight / weight.sum()).abs().max() < 0.012


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"time": 31}, ValueError, "time must be 32 or more"),
        ({"time": 0}, ValueError, "time must be 1 or more"),
        ({"updates": 9}, ValueError, "updates must be from 0 to 8"),
        ({"vocab": 16}, ValueError, "too few tokens"),
        ({"vocab": 18, "fill": True}, ValueError, "no token left"),
        ({"power": 0}, ValueError, "power"),
        ({"seed": "x"}, TypeError, "seed"),
    ],
)
def test_wrong_fields_are_named(fields, error, words):
    with pytest.raises(error, match=words):
        mqar(2, **{"pairs": 8, **fields})
