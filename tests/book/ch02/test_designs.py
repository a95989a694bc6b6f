"""Chapter 02's larger exercises: the streams of the open one, and right answers in other styles."""

import pytest
import torch

from titans_book.book.bank import EXERCISES
from titans_book.book.ch02 import rates
from titans_book.book.ch02.exercises_rate import my_rate_reference
from titans_book.book.ch02.glow import glow_added, loudest
from titans_book.book.ch02.meetings import compare, in_order
from titans_book.book.ch02.own import attempted, own
from titans_book.book.ch02.surprise_text import surprises
from titans_book.lab.learning.attempt import Attempt
from titans_book.lab.learning.examine import examine
from titans_book.lab.pictures.draw import draw
from titans_book.steps.matrix import read


def clones(f, M, h):
    slopes = torch.empty_like(M)
    for place in range(M.numel()):
        high, low = M.flatten().clone(), M.flatten().clone()
        high[place] += h
        low[place] -= h
        slopes.view(-1)[place] = (f(high.view(M.shape)) - f(low.view(M.shape))) / 2 / h
    return slopes


def basis(f, M, h):
    nudges = h * torch.eye(M.numel(), dtype=M.dtype).view(-1, *M.shape)
    return torch.stack([f(M + n) - f(M - n) for n in nudges]).view(M.shape) / (2 * h)


def in_lists(f, M, h):
    def slope(i, j):
        nudge = torch.zeros_like(M)
        nudge[i, j] = 1
        return (f(M + h * nudge) - f(M - h * nudge)) / (2 * h)

    rows, columns = M.shape
    return torch.stack([torch.stack([slope(i, j) for j in range(columns)]) for i in range(rows)])


def grows(M, k, v):
    return (read(M, k) - v).norm().clamp(max=1) ** 2 / k.square().sum()


def chosen(M, k, v):
    large = torch.linalg.vector_norm(v - k @ M) >= 0.8
    return torch.where(large, 1.0, 0.15) / (k @ k)


@pytest.mark.parametrize("answer", [clones, basis, in_lists])
def test_nudges_may_be_written_in_other_ways(answer):
    assert examine(EXERCISES["02.by_nudges"], answer).outcome == "right"


@pytest.mark.parametrize("answer", [grows, chosen])
def test_many_rates_are_right(answer):
    assert examine(EXERCISES["02.my_rate"], answer).outcome == "right"


@pytest.mark.parametrize(
    "answer, words",
    [
        (lambda M, k, v: 0.33, "same number for every pair"),
        (lambda M, k, v: 0.7 / (k @ k), "same share of the error, 0.7"),
        (lambda M, k, v: 1 / (read(M, k) - v).norm() ** 2 * 0, "gives NaN"),
        (lambda M, k, v: (0.9 if (read(M, k) - v).norm() > 1.2 else 0.1) / (k @ k), "score is"),
    ],
)
def test_a_rate_that_does_not_pass_hears_why(answer, words):
    verdict = examine(EXERCISES["02.my_rate"], answer)
    assert verdict.outcome == "unknown" and words in str(verdict)


def test_no_single_share_is_good_for_all_streams_and_the_books_rate_is():
    each = {share: rates.ratios(lambda M, k, v, s=share: s / (k @ k)) for share in (0.3, 0.7, 1)}
    assert min(max(found.values()) for found in each.values()) > rates.BAR
    assert max(rates.ratios(my_rate_reference).values()) < 1.01


def test_the_streams_are_what_they_say():
    calm, noisy, changing = map(rates.stream, rates.STREAMS)
    assert torch.equal(calm.said, calm.true) and torch.equal(changing.said, changing.true)
    off = (noisy.said - noisy.true).norm(dim=1)
    assert torch.allclose(off, torch.full_like(off, rates.NOISE))
    with pytest.raises(ValueError, match="loud"):
        rates.stream("loud")


def test_yours_is_what_you_wrote_even_if_it_is_wrong():
    def stub(*_):
        raise NotImplementedError

    wrong = Attempt(EXERCISES["02.my_rate"], lambda M, k, v: 0.1)
    assert own(wrong)(None, None, None) == 0.1
    assert attempted(lambda f: f(1, 2, 3), Attempt(EXERCISES["02.my_rate"], stub)) is None
    assert "yours" in draw("02.streams", wrong).alt
    assert "yours" not in draw("02.streams", stub).alt


def test_loud_letters_and_those_that_an_edit_adds():
    text = "ab\nab"
    assert loudest(text, surprises(text, 0.8, 1)).startswith("line 1: a 1.00, b 1.00, ¶ 1.00\n")
    assert glow_added("ab\nab\nab\n", 5, 1) == [0, 2, 1] and glow_added("", 3, 1) == [0]


def test_repeats_are_compared_with_first_meetings():
    assert in_order("ABA") == [0, 1, 0]
    share, late = compare("ABAC", torch.tensor([1.0, 3.0, 0.5, 4.0]))
    assert share == 0.25 and late == 4.0
