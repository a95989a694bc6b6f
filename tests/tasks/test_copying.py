"""Copying tasks: a list remembers what is to be said again."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from titans_book.tasks.batch import IGNORED
from titans_book.tasks.copying import NOISE, SAY, SIGNAL, induction, selective_copy


def repeated(inputs):
    """Selective copying by a reader with a list."""
    heard, due = [], []
    for token in inputs:
        if token == SAY:
            due.append(heard.pop(0))
            continue
        if token != NOISE:
            heard.append(token)
        due.append(IGNORED)
    assert not heard
    return due


@given(data=st.integers(1, 9), noise=st.integers(0, 40), seed=st.integers(0, 999))
def test_data_are_said_again_in_their_order(data, noise, seed):
    task = selective_copy(4, time=2 * data + noise, data=data, vocab=12, seed=seed)
    assert task.inputs.shape == task.targets.shape == (4, 2 * data + noise)
    for inputs, targets in zip(task.inputs.tolist(), task.targets.tolist(), strict=True):
        assert all(0 <= token < 12 for token in inputs)
        assert targets == repeated(inputs)
        assert inputs[-data:] == [SAY] * data and SAY not in inputs[:-data]


def test_data_lie_anywhere_and_are_any_token():
    task = selective_copy(4000, time=10, data=2, vocab=6)
    told = task.inputs[:, :8]
    at = (told != NOISE).float().mean(0)
    assert (at - 2 / 8).abs().max() < 0.03
    share = torch.bincount(told.flatten(), minlength=6)[2:] / 8000
    assert (share - 1 / 4).abs().max() < 0.02


@given(time=st.integers(3, 60), vocab=st.integers(2, 20), seed=st.integers(0, 999))
def test_what_came_after_the_signal_is_due_at_the_signal(time, vocab, seed):
    task = induction(4, time=time, vocab=vocab, seed=seed)
    assert task.inputs.shape == (4, time) and task.inputs.max() < vocab
    for inputs, targets in zip(task.inputs.tolist(), task.targets.tolist(), strict=True):
        place = inputs.index(SIGNAL)
        assert [t for t, token in enumerate(inputs) if token == SIGNAL] == [place, time - 1]
        assert place < time - 2
        assert targets == [IGNORED] * (time - 1) + [inputs[place + 1]]


def test_the_signal_stands_anywhere():
    place = (induction(4000, time=10).inputs == SIGNAL).int().argmax(1)
    share = torch.bincount(place, minlength=8) / 4000
    assert len(share) == 8 and (share - 1 / 8).abs().max() < 0.025


@pytest.mark.parametrize("task", [selective_copy, induction])
def test_the_same_seed_is_the_same_batch_and_a_generator_goes_on(task):
    assert torch.equal(task(4, seed=5).inputs, task(4, seed=5).inputs)
    g = torch.Generator().manual_seed(0)
    assert not torch.equal(task(4, seed=g).inputs, task(4, seed=g).inputs)


@pytest.mark.parametrize(
    ("task", "fields", "words"),
    [
        (selective_copy, {"time": 15}, "time must be 16 or more for data=8, got 15"),
        (selective_copy, {"vocab": 2}, "vocab must be 3 or more"),
        (selective_copy, {"data": 0}, "data must be 1 or more"),
        (induction, {"time": 2}, "time must be 3 or more"),
        (induction, {"vocab": 1}, "vocab must be 2 or more"),
    ],
)
def test_wrong_fields_are_named(task, fields, words):
    with pytest.raises(ValueError, match=words):
        task(2, **fields)
