"""Exercises of chapter 14: an interval of three seeds, and a report that is not fair."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from titans_book.book.ch14.report import REPORT, UNFAIR
from titans_book.lab.learning.exercise import Exercise, Step

CHAPTER = "notebooks/14_read_its_memory.ipynb"
T_OF_3 = 4.303  # Student's t for 95 % and three seeds


def gain_(ours, theirs, t):
    """The book's version."""
    differences = ours - theirs
    half = t * differences.std() / len(differences) ** 0.5
    return differences.mean(), half


def _compared(function: Callable) -> Iterator[Step]:
    """Scores of a few seeds, paired."""
    random = torch.Generator().manual_seed(0)
    for seeds, t in ((3, T_OF_3), (5, 2.776), (3, T_OF_3)):
        ours, theirs = torch.rand(2, seeds, generator=random, dtype=torch.float64)
        mean, half = function(ours, theirs, t)
        yield {"mean": torch.as_tensor(mean), "half": torch.as_tensor(half)}


_compared.names = lambda: ("ours", "theirs", "t")

gain = Exercise(
    name="14.gain",
    what="a gain and its interval",
    reference=gain_,
    probe=_compared,
    hints=(
        "The same seed gave both models the same texts. So compare them seed by seed first, and "
        "ask how much these differences scatter.",
        "`std()` divides by n - 1, as it should for a sample. The standard error of a mean is the "
        "standard deviation over the root of n.",
        "    return differences.mean(), half\n    half = t * ... / ...\n    differences = ...",
    ),
    source="Student's interval of a paired difference",
    taught=CHAPTER,
    part=False,
    misfit="Two numbers are asked for: the mean difference, and half of the interval's width.",
)


@gain.wrong("What has the same seed in common, and do your two spreads know it?")
def ignores_the_pairs(ours, theirs, t):
    """You add up the spreads of the two models. They are paired: the spread of the differences
    counts."""
    half = t * ((ours.var() + theirs.var()) / len(ours)) ** 0.5
    return ours.mean() - theirs.mean(), half


@gain.wrong("Does a mean of three scatter as much as a single seed?")
def forgets_the_root(ours, theirs, t):
    """You give the spread of a single seed. That of the mean is smaller by the root of n."""
    return (ours - theirs).mean(), t * (ours - theirs).std()


@gain.wrong("By what does a sample's standard deviation divide?")
def divides_by_n(ours, theirs, t):
    """You divide by n in the standard deviation. With three seeds that makes the interval nearly a
    fifth too narrow."""
    differences = ours - theirs
    return differences.mean(), t * differences.std(correction=0) / len(differences) ** 0.5


@gain.wrong("For how many seeds is 1.96 right?")
def takes_the_normal_factor(ours, theirs, t):
    """You take 1.96. That is for many seeds, and three need more than twice as much."""
    differences = ours - theirs
    return differences.mean(), 1.96 * differences.std() / len(differences) ** 0.5


@gain.wrong("Who chose the seed that you report?")
def reports_the_best_seed(ours, theirs, t):
    """You report the seed with the largest gain."""
    differences = ours - theirs
    return differences.max(), t * differences.std() / len(differences) ** 0.5


@gain.wrong("If ours is better, is the gain above 0?")
def turns_it_round(ours, theirs, t):
    """You subtract ours from theirs."""
    mean, half = gain_(ours, theirs, t)
    return -mean, half


@gain.wrong("Is the interval the mean plus and minus your number, or plus and minus its half?")
def gives_the_whole_width(ours, theirs, t):
    """You give the whole width. The interval is the mean plus and minus *half* of it."""
    mean, half = gain_(ours, theirs, t)
    return mean, 2 * half


def unfair_():
    """The book's version."""
    return set(UNFAIR)


def _named(function: Callable) -> Iterator[Step]:
    """Which sentences it names, as 0 and 1; one more for what is no sentence of the report."""
    found = getattr(function, "function", function)()
    numbers = {int(number) for number in found}
    marks = torch.zeros(len(REPORT) + 1, dtype=torch.float64)
    for number in numbers:
        marks[number - 1 if 1 <= number <= len(REPORT) else len(REPORT)] = 1
    yield {"named": marks}


_named.names = lambda: ()


def _all_five(steps_: list[Step]) -> str:
    """What is missing, in words that do not give it away."""
    named = steps_[0]["named"]
    if named[-1]:
        return f"You name a sentence that is not there. They are numbered from 1 to {len(REPORT)}."
    right = int(sum(named[number - 1] for number in UNFAIR))
    fair = int(named.sum()) - right
    if right == len(UNFAIR) and not fair:
        return ""
    return (
        f"You have found {right} of {len(UNFAIR)}, and {fair} of the sentences that you name "
        "are fair as they are."
    )


unfair = Exercise(
    name="14.unfair",
    what="the unfair sentences of a report",
    reference=unfair_,
    probe=_named,
    hints=(
        "Go through the rubric, one point after the other. For each, look for the sentence that "
        "says what was done for ours and for the others.",
        "A set of whole numbers from 1 to 12, such as {2, 3}. Five belong in it. A sentence that "
        "admits a weakness is no unfair comparison.",
        "    return {..., ..., ..., ..., ...}",
    ),
    source="the rubric of this chapter",
    taught=CHAPTER,
    part=False,
    accept=_all_five,
    solution="def unfair():\n    return {2, 4, 5, 7, 9}",
)


def _missing(number):
    return set(UNFAIR) - {number}


@unfair.wrong("Which parts does each contestant have in front of its memory or attention?")
def misses_the_front_end():
    """You have all but one. Look once more at what the two models are made of."""
    return _missing(UNFAIR[0])


@unfair.wrong("How was each learning rate chosen?")
def misses_the_rate():
    """You have all but one. Look once more at how the two models were tuned."""
    return _missing(UNFAIR[1])


@unfair.wrong("How long does a step of each of them take?")
def misses_the_time():
    """You have all but one. Look once more at how long the two models were trained."""
    return _missing(UNFAIR[2])


@unfair.wrong("How many runs does each number in the results come from?")
def misses_the_seeds():
    """You have all but one. Look once more at how the numbers of the results were picked."""
    return _missing(UNFAIR[3])


@unfair.wrong("Could the baseline have done anything with what it was given?")
def misses_the_window():
    """You have all but one. Look once more at how far back each model can look in the test."""
    return _missing(UNFAIR[4])


@unfair.wrong("Does a sentence become unfair because it is bad news for ours?")
def distrusts_the_bad_news():
    """You name the sentence that admits where ours is worse. That is the fairest of all."""
    return set(UNFAIR) | {11}


@unfair.wrong("Would a report without a single sentence be a good one?")
def names_everything():
    """You name all of them."""
    return set(range(1, len(REPORT) + 1))


@unfair.wrong("What would somebody need who wants to repeat the run?")
def distrusts_the_details():
    """You name the sentence with versions and seeds of the data. Those belong in a report."""
    return set(UNFAIR) | {12}
