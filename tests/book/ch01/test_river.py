"""Chapter 01's open exercise: the rivers it is judged on, and right answers in other styles."""

import math

import pytest
import torch

from titans_book.book.bank import EXERCISES
from titans_book.book.ch01.exercises_keys import my_key
from titans_book.book.ch01.river import BAR, HEARD, SIZE, answers, river, river_errors, slot_key
from titans_book.lab.learning.examine import examine
from titans_book.lab.pictures.draw import draw

CENTRES = torch.linspace(0, 1, SIZE, dtype=torch.float64)


def hats(x):
    key = (1 - (x - CENTRES).abs() / 0.18).clamp(min=0)
    return key / key.norm()


def waves(x):
    turns = 2 * math.pi * x * torch.linspace(0, 2.5, SIZE // 2, dtype=torch.float64)
    return torch.cat([turns.cos(), turns.sin()]) / (SIZE // 2) ** 0.5


def loop(x):
    entries = [math.exp(-(((float(x) - i / 31) / 0.07) ** 2) / 2) for i in range(SIZE)]
    length = sum(entry**2 for entry in entries) ** 0.5
    return torch.tensor([entry / length for entry in entries], dtype=torch.float64)


def neighbours(x):
    key = ((x - CENTRES).abs() < 0.1).double()
    return torch.nn.functional.normalize(key, dim=0)


@pytest.mark.parametrize("answer", [hats, waves, loop, neighbours])
def test_other_keys_pass(answer):
    assert examine(my_key, answer).outcome == "right"


def silent(x):
    return torch.zeros(SIZE, dtype=torch.float64)


def divided_by_nothing(x):
    return silent(x) / silent(x).norm()


def another_each_time(x):
    return torch.randn(SIZE, dtype=torch.float64)


@pytest.mark.parametrize(
    "answer, says",
    [
        (silent, "key of zeros"),
        (divided_by_nothing, "NaN"),
        (another_each_time, "another key each time"),
        (lambda x: torch.ones(16, dtype=torch.float64), "shape"),
    ],
)
def test_what_is_missing_is_said(answer, says):
    verdict = examine(my_key, answer)
    assert not verdict.passed and says in str(verdict)


def test_an_empty_memory_has_an_error_of_one():
    assert river_errors(silent) == pytest.approx({"heard": 1, "new": 1})


def test_the_bar_lies_between_the_book_and_every_slip_on_other_rivers_as_well():
    for seeds in (range(12), range(100, 112)):
        assert max(river_errors(my_key.reference, seeds).values()) < BAR
        assert max(river_errors(slot_key, seeds).values()) > 4 * BAR


def test_a_river_is_the_same_each_time_and_its_birds_sing_where_they_are():
    one, same = river(3), river(3)
    assert torch.equal(one.new, same.new) and torch.equal(one.song(one.new), same.song(one.new))
    heard = answers(slot_key, one)[:HEARD]
    assert (heard - one.song(one.heard)).abs().median() < 1e-12


def open_yet(x):
    raise NotImplementedError


def test_the_picture_shows_your_keys_if_there_are_any():
    assert "yours" not in draw("01.river", open_yet).alt
    assert "yours: heard" in draw("01.river", hats).alt
    assert "yours" not in draw("01.river", divided_by_nothing).alt


def test_the_experiment_is_graded():
    assert EXERCISES["01.experiment"].grade == "build" and my_key.grade == "open"
