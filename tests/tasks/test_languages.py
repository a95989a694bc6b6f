"""Formal languages: every answer is what a regular expression says of the word so far."""

import re

import pytest
import torch

from titans_book.tasks.languages import LANGUAGES, language

EXPRESSIONS = {"aa": r"(aa)*", "abab": r"(abab)*"}


@pytest.mark.parametrize("kind", LANGUAGES)
@pytest.mark.parametrize("time", [1, 2, 7, 32])
def test_every_answer_is_that_of_the_expression(kind, time):
    task = language(3, kind=kind, time=time)
    assert task.inputs.shape == task.targets.shape == (3, time) and task.asked.all()
    for letters, answers in zip(task.inputs.tolist(), task.targets.tolist(), strict=True):
        word = "".join("ab"[letter] for letter in letters)
        expected = [int(bool(re.fullmatch(EXPRESSIONS[kind], word[: t + 1]))) for t in range(time)]
        assert answers == expected


@pytest.mark.parametrize("kind", LANGUAGES)
def test_every_letter_is_the_only_one_that_can_follow(kind):
    """The word can be made one of the language by going on, and by no other letter."""
    word = "".join("ab"[x] for x in language(1, kind=kind, time=12).inputs[0].tolist())
    whole = [n for n in range(13) if re.fullmatch(EXPRESSIONS[kind], word[:n])]
    assert whole == list(range(0, 13, len(LANGUAGES[kind])))


def test_a_longer_word_begins_with_the_shorter_one():
    short, long = (language(2, kind="abab", time=time) for time in (9, 40))
    assert torch.equal(long.inputs[:, :9], short.inputs)
    assert torch.equal(long.targets[:, :9], short.targets)


def test_wrong_fields_are_named():
    with pytest.raises(ValueError, match="kind must be one of .*got 'abba'"):
        language(2, kind="abba")
    with pytest.raises(ValueError, match="time must be 1 or more"):
        language(2, time=0)
