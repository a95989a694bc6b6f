"""S-NIAH: what a reader finds with a search through the text is what is due."""

import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from titans_book.tasks.haystack import sentences
from titans_book.tasks.needles import NOISE, s_niah
from titans_book.tasks.passages import score

NEEDLE = re.compile(r"One of the special magic (number|uuid)s for ([a-z]+-[a-z]+) is: (\S+)\.[ \n]")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@given(
    kind=st.sampled_from([1, 2, 3]),
    length=st.integers(450, 3000),
    short=st.booleans(),
    seed=st.integers(0, 999),
)
def test_the_needle_is_there_once_and_answers_the_question(kind, length, short, seed):
    task = s_niah(2, kind=kind, length=length, short=short, seed=seed)
    assert task.inputs.shape == (2, length)
    for passage, inputs, targets in zip(task.passages, task.inputs, task.targets, strict=True):
        [(what, key, value)] = NEEDLE.findall(passage.text)
        assert what == ("uuid" if kind == 3 else "number")
        assert passage.answer == value and passage.text.count(value) == 1
        assert passage.question.endswith(" is: " if short else " is ") and key in passage.question
        assert UUID.fullmatch(value) if kind == 3 else re.fullmatch(r"[1-9]\d{6}", value)
        assert score(f"It is {value}!", passage.answer) == 1
        assert bytes(inputs.tolist()).decode() == passage.prompt + value[:-1]
        assert bytes(targets[targets >= 0].tolist()).decode() == value


def hay_around_the_needle(passage):
    """The sentences before it, and those after it."""
    text = passage.text.split("afterwards.\n")[-1]
    found = NEEDLE.search(text)
    return text[: found.start()], text[found.end() :]


@pytest.mark.parametrize("essays", ["moby_dick", "shakespeare", "sotu"])
def test_the_hay_is_the_book_and_the_needle_stands_between_two_sentences(essays):
    whole = " ".join(sentences(essays)) + " "
    starts = set()
    for passage in s_niah(8, kind=2, length=2000, essays=essays, seed=1).passages:
        before, after = hay_around_the_needle(passage)
        assert (before + after)[:-1] in whole  # the last sentence is cut, and a space put behind it
        assert not before or not after or before[-2] in ".!?"
        starts.add(before[:30])
    assert len(starts) > 4


def test_noise_is_the_same_line_again_and_again():
    passage = s_niah(1, kind=1, length=1500, depth=0.5).passages[0]
    before, after = hay_around_the_needle(passage)
    lines = before.splitlines() + after.splitlines()
    assert len(lines) > 8 and set(lines[:-1]) == set(NOISE) and NOISE[0].startswith(lines[-1])


@pytest.mark.parametrize(("depth", "before"), [(0, 0), (0.25, 5), (0.5, 10), (1, 20)])
def test_depth_counts_lines(depth, before):
    line = len(NOISE[0]) + 1
    frame = 450 - 50  # any room that leaves 20 whole lines
    fixed = s_niah(1, kind=1, length=frame, depth=0, seed=3).passages[0]
    used = sum(map(len, hay_around_the_needle(fixed)))
    passage = s_niah(1, kind=1, length=frame - used + 20 * line, depth=depth, seed=3).passages[0]
    assert [part.count("\n") for part in hay_around_the_needle(passage)] == [before, 20 - before]


def test_a_drawn_depth_stays_between_its_bounds():
    task = s_niah(60, kind=1, length=8000, depth=(0.3, 0.6), short=True)
    share = [len(hay_around_the_needle(p)[0]) / len(p.text) for p in task.passages]
    assert 0.27 < min(share) < 0.35 and 0.55 < max(share) < 0.63


def test_keys_are_of_many_kinds():
    assert len({p.question for p in s_niah(200, length=500).passages}) > 150


def test_the_same_seed_is_the_same_batch_and_a_generator_goes_on():
    assert s_niah(2, seed=5).passages == s_niah(2, seed=5).passages
    g = torch.Generator().manual_seed(0)
    assert s_niah(2, seed=g).passages != s_niah(2, seed=g).passages


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"kind": 4}, ValueError, "kind must be 1, 2 or 3, got 4"),
        ({"length": 100}, ValueError, r"length must be 3\d\d or more for this needle, got 100"),
        ({"depth": (0.9, 0.1)}, ValueError, "depth must go from low to high"),
        ({"depth": 2}, ValueError, "depth must be from 0 to 1"),
        ({"essays": "graham"}, ValueError, "essays must be one of"),
        ({"short": 1}, TypeError, "short"),
    ],
)
def test_wrong_fields_are_named(fields, error, words):
    with pytest.raises(error, match=words):
        s_niah(2, **fields)
