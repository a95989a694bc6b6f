"""The longer exercise of chapter 09: how far an answer looks, into the past and into the future."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from titans_book.book.ch09.exercises import SUSPECTS
from titans_book.book.ch09.given import CHAPTER, Given
from titans_book.inspection.causality import influence
from titans_book.lab.learning.exercise import Exercise, Step


def by_distance_(answer, make_text, texts):
    """The book's version."""
    maps = [influence(answer, make_text(seed)) for seed in range(texts)]
    mean = torch.stack(maps).mean(0)
    T = len(mean)
    curve = []
    for back in range(1 - T, T):
        pairs = [mean[t, t - back] for t in range(T) if 0 <= t - back < T]
        curve.append(torch.stack(pairs).mean())
    return torch.stack(curve)


def _makers(first: int, T: int) -> Callable:
    def make_text(seed):
        random = torch.Generator().manual_seed(first + seed)
        return torch.randn(T, 3, generator=random, dtype=torch.float64)

    return Given(make_text, "x = make_text(seed)")


def _suspects(function: Callable) -> Iterator[Step]:
    """A curve for each suspect, with other texts for each."""
    for number, suspect in enumerate(SUSPECTS):
        answer = Given(suspect, "a function from x to answers")
        yield {"curve": function(answer, _makers(100 * number, 5 + number), 2 + number % 2)}


_suspects.names = lambda: ("answer", "make_text", "texts")

by_distance = Exercise(
    name="09.by_distance",
    what="how far an answer looks, back and ahead",
    reference=by_distance_,
    probe=_suspects,
    hints=(
        "First one map for each text, and their mean. Then collect, for each distance, all cells "
        "of the map at that distance. Which cells are three places back?",
        "The mean map is (T, T), row t is an answer and column s a token, and back = t - s runs "
        "from -(T - 1) to T - 1: 2T - 1 numbers, the first of them the farthest future. Distances "
        "have T - |back| cells. `map.diagonal(n)` has the cells with s - t = n.",
        "    return torch.stack(curve)\n    for back in range(1 - T, T):\n"
        "        curve.append(torch.stack(pairs).mean())\n"
        "        pairs = [mean[t, t - back] for t in range(T) if 0 <= t - back < T]\n"
        "    mean = torch.stack(maps).mean(0)\n    T, curve = len(mean), []\n"
        "    maps = [influence(answer, make_text(seed)) for seed in range(texts)]",
    ),
    source="the definition in the docstring",
    taught=CHAPTER,
    part=False,
    grade="build",
    misfit="There are T answers and T tokens. How many distances back - t are there from the "
    "farthest future to the farthest past?",
)


def _curve(mean, collect=torch.mean):
    """The curve of one map, as `collect` sums up each distance."""
    T = len(mean)
    return torch.stack([collect(mean.diagonal(-back)) for back in range(1 - T, T)])


def _mean(answer, make_text, seeds):
    return torch.stack([influence(answer, make_text(seed)) for seed in seeds]).mean(0)


@by_distance.wrong("Is token s in the past of answer t if t - s is positive?")
def takes_past_for_future(answer, make_text, texts):
    """Past and future are exchanged. Your first number should be the farthest *future*, the token
    T - 1 places after its answer."""
    return by_distance_(answer, make_text, texts).flip(0)


@by_distance.wrong("How many pairs of an answer and a token are T - 1 places apart?")
def adds_up_each_distance(answer, make_text, texts):
    """You add up the cells of each distance. There are T cells at distance 0 and one at T - 1, so
    near distances look strong because there are many of them: take the mean."""
    return _curve(_mean(answer, make_text, range(texts)), torch.sum)


@by_distance.wrong("How many pairs of an answer and a token are T - 1 places apart?")
def divides_by_all_tokens(answer, make_text, texts):
    """You divide by T at every distance. There are only T - |back| cells at a distance."""
    mean = _mean(answer, make_text, range(texts))
    return _curve(mean, torch.sum) / len(mean)


@by_distance.wrong("What would a single large cell do to your curve?")
def takes_the_largest(answer, make_text, texts):
    """You take the largest cell of each distance, where the mean is asked for."""
    return _curve(_mean(answer, make_text, range(texts)), torch.max)


@by_distance.wrong("Which other answers are two places behind a token?")
def looks_at_the_last_answer(answer, make_text, texts):
    """You look at one cell of each distance, in the last row and in the last column. Take all pairs
    at that distance."""
    mean = _mean(answer, make_text, range(texts))
    past, future = mean[-1].flip(0), mean[:, -1]
    return torch.cat([future[:-1], past])


@by_distance.wrong("In what do your texts differ from each other?")
def repeats_one_text(answer, make_text, texts):
    """All your texts have the same seed, so the mean is over copies of one text."""
    return _curve(_mean(answer, make_text, [0]))


@by_distance.wrong("What has become of the maps of the other texts?")
def keeps_the_last_text(answer, make_text, texts):
    """Only the last text counts. Take the mean over all of them."""
    return _curve(_mean(answer, make_text, [texts - 1]))


@by_distance.wrong("Which seeds does the docstring ask for?")
def starts_with_seed_one(answer, make_text, texts):
    """Your seeds go from 1 to texts. They should go from 0 to texts - 1."""
    return _curve(_mean(answer, make_text, range(1, texts + 1)))


@by_distance.wrong("Would twice as many texts make a leak twice as large?")
def adds_up_the_texts(answer, make_text, texts):
    """You add the texts up. Divide by how many there are."""
    return texts * by_distance_(answer, make_text, texts)


@by_distance.wrong("Where in your curve would a leak appear?")
def hides_the_future(answer, make_text, texts):
    """The future is 0 in your curve, whatever the map says: `tril()` or a loop that stops at the
    answer. A leak has to be seen there."""
    return _curve(_mean(answer, make_text, range(texts)).tril())


@by_distance.wrong("Is a distance t - s the same as its size?")
def forgets_which_side(answer, make_text, texts):
    """You use the size of the distance, so past and future at the same distance get one and the
    same number."""
    curve = by_distance_(answer, make_text, texts)
    return (curve + curve.flip(0)) / 2
