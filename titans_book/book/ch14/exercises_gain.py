"""An exercise of chapter 14: the gain over three paired seeds, and its interval."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from titans_book.book.ch14.exercises import CHAPTER
from titans_book.lab.learning.exercise import Exercise, Step

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
    misfit="Two numbers are asked for: the mean difference, and half of the interval's width. "
    "Which of yours are not single numbers?",
    grade="short",
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


def _gain_of(ours, theirs, t, half):
    return (ours - theirs).mean(), half((ours - theirs), t, len(ours))


@gain.wrong("Which power of n does the formula divide by?")
def divides_by_all_of_n(ours, theirs, t):
    """You divide by n. The formula divides by its root."""
    return _gain_of(ours, theirs, t, lambda d, t, n: t * d.std() / n)


@gain.wrong("What turns a standard error into half an interval?")
def gives_the_standard_error(ours, theirs, t):
    """You give the standard error, without the factor t."""
    return _gain_of(ours, theirs, t, lambda d, t, n: d.std() / n**0.5)


@gain.wrong("What turns the scatter of single seeds into the uncertainty of their mean?")
def gives_the_scatter(ours, theirs, t):
    """You give the standard deviation of the differences alone, without t and without n."""
    return _gain_of(ours, theirs, t, lambda d, t, n: d.std())


@gain.wrong("Is s in the formula the variance or the standard deviation?")
def takes_the_variance(ours, theirs, t):
    """You take the variance. Its root is the standard deviation."""
    return _gain_of(ours, theirs, t, lambda d, t, n: t * d.var() / n**0.5)


@gain.wrong("Where did you divide by n - 1 already?")
def divides_by_n_less_one_twice(ours, theirs, t):
    """You take n - 1 under the root. The n - 1 belongs into the standard deviation, and `std` has
    it."""
    return _gain_of(ours, theirs, t, lambda d, t, n: t * d.std() / (n - 1) ** 0.5)


@gain.wrong("For how many seeds is 4.30 right, and what is the third argument for?")
def always_takes_three_seeds(ours, theirs, t):
    """You take t for three seeds, whatever t you are given."""
    return gain_(ours, theirs, 4.303)


@gain.wrong("Can a gain not be a loss in one of the seeds?")
def drops_the_signs(ours, theirs, t):
    """You take absolute differences, so every seed counts as a gain."""
    return gain_((ours - theirs).abs(), torch.zeros_like(ours), t)


@gain.wrong("Is it the sum or the mean of the differences that is asked for?")
def adds_up(ours, theirs, t):
    """You add the differences up and do not divide by their number."""
    mean, half = gain_(ours, theirs, t)
    return len(ours) * mean, half


@gain.wrong("What would the median of three seeds ignore?")
def takes_the_median(ours, theirs, t):
    """You take the median. The formula is about the mean."""
    return (ours - theirs).median(), gain_(ours, theirs, t)[1]


@gain.wrong("Which two numbers does the last line of the docstring name?")
def gives_the_ends(ours, theirs, t):
    """You give the two ends of the interval. Its middle and half of its width are asked for."""
    mean, half = gain_(ours, theirs, t)
    return mean - half, mean + half


@gain.wrong("In which order does the docstring name them?")
def swaps_the_two(ours, theirs, t):
    """You give the half width first and the mean second."""
    return gain_(ours, theirs, t)[::-1]


@gain.wrong("Is a gain of 0.1 over 0.2 meant to be the same as one of 0.4 over 0.8?")
def divides_by_theirs(ours, theirs, t):
    """You give the gain as a share of their score. The difference itself is asked for."""
    return gain_(ours / theirs, torch.ones_like(ours), t)


@gain.wrong("What do the two standard deviations know about which seed belongs to which?")
def adds_the_deviations(ours, theirs, t):
    """You add the standard deviations of the two models. Take the difference of each pair first."""
    half = t * (ours.std() + theirs.std()) / len(ours) ** 0.5
    return (ours - theirs).mean(), half


@gain.wrong("Do their seeds not scatter as well?")
def scatters_ours_alone(ours, theirs, t):
    """You take the scatter of ours alone. The scatter of the differences counts."""
    return (ours - theirs).mean(), t * ours.std() / len(ours) ** 0.5


@gain.wrong("Would a fourth seed make half of the range smaller?")
def takes_the_range(ours, theirs, t):
    """You take half of the range from the smallest to the largest difference."""
    return _gain_of(ours, theirs, t, lambda d, t, n: (d.max() - d.min()) / 2)


@gain.wrong("Where do you round, and would somebody who goes on calculating want that?")
def rounds_both(ours, theirs, t):
    """You round to two decimals. Round when you print, not when you calculate."""
    return tuple(one.mul(100).round().div(100) for one in gain_(ours, theirs, t))
