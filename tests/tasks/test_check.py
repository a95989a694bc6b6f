"""Fields are checked with errors that name them."""

import math

import pytest
import torch

from titans_book.tasks.check import count, flag, fraction, pair, source, within


def test_good_values_pass_through():
    assert count("time", 3) == 3
    assert count("distractors", 0, least=0) == 0
    assert flag("alike", True) is True
    assert within("noise", 0.5, 0) == 0.5
    assert [fraction("rate", x) for x in (0, 0.3, 1)] == [0, 0.3, 1]
    generator = torch.Generator()
    assert source(generator) is generator
    assert source(5).initial_seed() == 5


@pytest.mark.parametrize("value", [0, -3])
def test_a_count_is_one_or_more(value):
    with pytest.raises(ValueError, match=f"time must be 1 or more, got {value}"):
        count("time", value)


def test_a_count_may_begin_elsewhere():
    with pytest.raises(ValueError, match="distractors must be 0 or more, got -1"):
        count("distractors", -1, least=0)


@pytest.mark.parametrize("value", [0, 1, None, "yes"])
def test_a_flag_is_true_or_false(value):
    with pytest.raises(TypeError, match="alike must be True or False"):
        flag("alike", value)


@pytest.mark.parametrize("value", [2.0, "3", True, None])
def test_a_count_is_an_int(value):
    with pytest.raises(TypeError, match=f"time must be an int, got {type(value).__name__}"):
        count("time", value)
    with pytest.raises(TypeError, match="seed must be an int"):
        source(value)


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf])
def test_a_number_is_in_range_and_finite(value):
    with pytest.raises(ValueError, match=f"noise must be 0 or more and finite, got {value}"):
        within("noise", value, 0)
    with pytest.raises(ValueError, match=f"rate must be from 0 to 1 and finite, got {value}"):
        fraction("rate", value)


@pytest.mark.parametrize("value", ["1", True, None])
def test_a_number_is_a_number(value):
    with pytest.raises(TypeError, match=f"noise must be a number, got {type(value).__name__}"):
        within("noise", value, 0)


def test_chance_comes_from_the_cpu():
    class Elsewhere(torch.Generator):
        device = torch.device("meta")

    with pytest.raises(ValueError, match="seed must be a generator on the CPU, got one on meta"):
        source(Elsewhere())


def test_a_pair_is_two_numbers_or_one_that_is_both():
    assert pair("depth", (0, 1)) == (0, 1)
    assert pair("depth", 0.5) == (0.5, 0.5)
    with pytest.raises(ValueError, match="depth must be one number or two, got"):
        pair("depth", (0, 0.5, 1))
