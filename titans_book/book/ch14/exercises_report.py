"""An exercise of chapter 14: which sentences of a report are not fair?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from titans_book.book.ch14.exercises import CHAPTER
from titans_book.book.ch14.report import POINTS, REPORT, UNFAIR
from titans_book.lab.learning.exercise import Exercise, Step
from titans_book.lab.learning.fitting import Misfit


def unfair_():
    """The book's version."""
    return set(UNFAIR)


def _named(function: Callable) -> Iterator[Step]:
    """Which sentences it names, as 0 and 1; one more for what is no sentence of the report."""
    if function is not (bare := getattr(function, "function", function)):
        function.given.append(())
    found = bare()
    try:
        numbers = {int(number) for number in found}
    except (TypeError, ValueError):
        says = "It does not return a set of whole numbers."
        raise Misfit(says, "How is a set with the numbers 2 and 3 written in Python?") from None
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
    are = "is fair as it is" if fair == 1 else "are fair as they are"
    says = f"You have found {right} of {len(UNFAIR)}, and {fair} of those that you name {are}."
    if fair + right != 4 or fair:  # else the bank says which one is missing
        says += _pointer(named)
    return says


def _pointer(named: torch.Tensor) -> str:
    """A point of the rubric to look at once more: of one that is missing, or named wrongly."""
    for number in UNFAIR:
        if not named[number - 1]:
            return f" Judge it once more by the point “{POINTS[number]}” of the rubric."
    wrong = next(n for n in range(1, len(REPORT) + 1) if named[n - 1] and n not in UNFAIR)
    return f" One that you name gives what the rubric asks for under “{POINTS[wrong]}”."


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
    grade="short",
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
