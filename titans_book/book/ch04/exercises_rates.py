"""The forgetting rate of chapter 04, an exercise with many right answers.

It is judged by what it does to a memory that travels through worlds (travel.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import torch

from titans_book.book.ch04.travel import LENGTH, WORDS, journey, read
from titans_book.lab.learning.exercise import Exercise, Step

CHAPTER = "notebooks/04_forgetting.ipynb"
FAST = 24  # tokens a world, for the traveller in a hurry
BEST = 0.04  # about the best constant alpha for her


@lru_cache(maxsize=32)
def _hurried(alpha: float) -> float:
    """The mean error of a constant alpha, for worlds of 24 tokens."""
    return sum(float(read(journey(seed, FAST), alpha).error.mean()) for seed in range(4)) / 4


def _number(function: Callable) -> Iterator[Step]:
    yield {"alpha": torch.tensor(float(function()), dtype=torch.float64)}


def _low_enough(steps: list[Step]) -> str:
    alpha = float(steps[0]["alpha"])
    if not 0 <= alpha <= 1:
        said = f"alpha is the share that is forgotten, from 0 to 1. Yours is {alpha:g}."
        return f"{said} Which share of the memory goes at each token?"
    error, best = _hurried(alpha), _hurried(BEST)
    if error <= 1.01 * best:
        return ""
    little = "too little: old worlds are still answering"
    why = little if alpha < BEST else "too much: this world goes before it is known"
    found = f"With alpha = {alpha:.3g} the mean error is {error:.3f}, and {best:.3f} can be had."
    asks = "For how many tokens should a trace last, and for how many does yours?"
    return f"{found} That forgets {why}. {asks}"


def _my_alpha():
    return BEST


my_alpha = Exercise(
    name="04.my_alpha",
    what="a forgetting rate for worlds of 24 tokens",
    reference=_my_alpha,
    probe=_number,
    hints=(
        "Her worlds are shorter than those of the figure. Should she forget faster or more slowly?",
        "One number between 0 and 1. After 1/alpha tokens about a third of a trace is left: how "
        "long does a world last?",
        "    return min(tried, key=her_error)\n    tried = [0.01, 0.02, 0.04, 0.08, 0.16]",
    ),
    source="the U of this chapter",
    taught=CHAPTER,
    part=False,
    accept=_low_enough,
    solution="def my_alpha():\n    return 0.04  # about one over 24",
)


@my_alpha.wrong("Which of the four worlds should still answer in the fourth?")
def forgets_nothing():
    """That is the left end of the U: nothing is forgotten."""
    return 0.0


@my_alpha.wrong("What is left of the last token's write when the next one comes?")
def forgets_all():
    """That clears the memory at every token."""
    return 1.0


@my_alpha.wrong("In (1 - alpha) M, which share stays?")
def says_what_stays():
    """That looks like the share that stays. alpha is the share that goes."""
    return 1 - BEST


@my_alpha.wrong("How many tokens does a world last now?")
def takes_the_rate_of_the_figure():
    """That rate is made for worlds of 60 tokens; here they last 24."""
    return 1 / LENGTH


@my_alpha.wrong("How long must a memory last: for one round of words, or for a world?")
def lasts_for_a_round():
    """Twelve is the number of words. A world lasts for two rounds of them."""
    return 1 / WORDS


@my_alpha.wrong("How much is left of a word when it is said again, twelve tokens later?")
def forgets_half():
    """Half of the memory goes at every token."""
    return 0.5
