"""The open exercise of chapter 14: find the stretch of a text that spoils an answer, by asking."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from titans_book.book.ch14.exercises import CHAPTER
from titans_book.book.ch14.suspects import (
    BAR,
    CASES,
    LENGTH,
    MOST,
    TooOften,
    cases,
    scores,
    windows,
)
from titans_book.lab.learning.exercise import Exercise, Step
from titans_book.lab.learning.fitting import Misfit


def find_stretch_(ask, length, most):
    """The book's version."""
    tried = {(start, start + 8): ask(start, start + 8) for start in range(0, length, 8)}
    for step in (4, 2, 1):
        start, stop = min(tried, key=tried.get)
        moved = [(start - step, stop), (start + step, stop)]
        moved += [(start, stop - step), (start, stop + step)]
        for one, other in moved:
            if 0 <= one < other <= length and (one, other) not in tried:
                tried[one, other] = ask(one, other)
    return min(tried, key=tried.get)


def _hunted(function: Callable) -> Iterator[Step]:
    """The scores of all texts, and whether it asked too often."""
    if function is not (bare := getattr(function, "function", function)):
        function.given.append((cases()[0].ask, LENGTH, MOST))
    try:
        found, often = scores(_checked(bare)), 0.0
    except TooOften:
        found, often = [0.0] * CASES, 1.0
    each = torch.tensor(found, dtype=torch.float64)
    yield {"score": each.mean(), "each": each, "often": torch.tensor(often, dtype=torch.float64)}


def _checked(function: Callable) -> Callable:
    """The function, with a word for what is no stretch."""

    def hunter(ask, length, most):
        found = function(ask, length, most)
        if found is None:
            raise Misfit("It returns nothing.", "Does every way through it end in a `return`?")
        try:
            start, stop = map(int, found)
        except (TypeError, ValueError):
            says = "It does not return two whole numbers."
            raise Misfit(says, "Where does your stretch begin, and where does it end?") from None
        if not 0 <= start <= stop <= length:
            says = f"It returns ({start}, {stop}), and that is no stretch of {length} tokens."
            raise Misfit(says, "Which of the two numbers is the beginning?")
        return start, stop

    return hunter


_hunted.names = lambda: ("ask", "length", "most")


def _found_enough(steps_: list[Step]) -> str:
    """What is missing, in words."""
    if steps_[0]["often"]:
        return f"It asks more than {MOST} times."  # the bank says more
    if (mean := float(steps_[0]["score"])) >= BAR:
        return ""
    each = ", ".join(f"{score:.2f}" for score in steps_[0]["each"].tolist())
    return f"Its score is {mean:.2f}, and {BAR} is asked for. Text by text it is {each}."


hunt = Exercise(
    name="14.find_stretch",
    what="a hunt for the writes that spoil an answer",
    reference=find_stretch_,
    probe=_hunted,
    hints=(
        "You cannot ask about every token. What do eight questions tell you about where to look, "
        "and what are the others for?",
        f"The text has {LENGTH} tokens, and {MOST} questions are allowed. A dict from (start, "
        "stop) to the cost keeps what you know, and `min(tried, key=tried.get)` is the best.",
        "    return min(tried, key=tried.get)\n"
        "            ... try the stretch with one of its ends moved by step ...\n"
        "        start, stop = min(tried, key=tried.get)\n    for step in (4, 2, 1):\n"
        "    tried = {... eight stretches of eight tokens ...}",
    ),
    source="the cheapest stretch of all",
    taught=CHAPTER,
    part=False,
    accept=_found_enough,
    grade="open",
    solution="def find_stretch(ask, length, most):\n"
    "    tried = {(start, start + 8): ask(start, start + 8) for start in range(0, length, 8)}\n"
    "    for step in (4, 2, 1):\n"
    "        start, stop = min(tried, key=tried.get)\n"
    "        moved = [(start - step, stop), (start + step, stop)]\n"
    "        moved += [(start, stop - step), (start, stop + step)]\n"
    "        for one, other in moved:\n"
    "            if 0 <= one < other <= length and (one, other) not in tried:\n"
    "                tried[one, other] = ask(one, other)\n"
    "    return min(tried, key=tried.get)",
)


def _windows(ask, length, size=8):
    return {(start, start + size): ask(start, start + size) for start in range(0, length, size)}


@hunt.wrong("Does the answer need any of the writes that you switched off?")
def switches_all_off(ask, length, most):
    """You switch everything off, the write of the answer as well."""
    return 0, length


@hunt.wrong("What does a stretch cost that holds every token after the pair?")
def switches_half_off(ask, length, most):
    """You switch off the second half of the text without a question."""
    return length // 2, length


@hunt.wrong("What does doing nothing cost?")
def does_nothing(ask, length, most):
    """You switch nothing off."""
    return 0, 0


@hunt.wrong("Does the bad stretch begin at a multiple of eight?")
def never_refines(ask, length, most):
    """Your stretches begin and end at multiples of eight. A bad stretch that lies across two of
    them is only half found."""
    return windows(ask, length, most)


@hunt.wrong("Is a high cost good or bad?")
def takes_the_worst(ask, length, most):
    """You take the window with the highest cost."""
    tried = _windows(ask, length)
    return max(tried, key=tried.get)


@hunt.wrong("How often does each of your loops call `ask`, counted together?")
def asks_too_often(ask, length, most):
    """Every call counts, even if the same stretch was asked about before. That many questions
    would do for a look at each single token."""
    tried = {(start, start + 1): ask(start, start + 1) for start in range(length)}
    return min(tried, key=tried.get)


@hunt.wrong("How much can a single token spoil?")
def takes_one_token(ask, length, most):
    """You switch off one token. The bad stretch is longer than that."""
    tried = _windows(ask, length)
    start, _ = min(tried, key=tried.get)
    return start, start + 1


@hunt.wrong("Does one question for each eight tokens find what lies across a border?")
def takes_two_windows(ask, length, most):
    """You switch off the two best windows, all that lies between them, and eight tokens more."""
    tried = _windows(ask, length)
    (one, _), (other, _) = sorted(tried, key=tried.get)[:2]
    return min(one, other), min(max(one, other) + 16, length)


@hunt.wrong("Where in the text can the bad stretch be?")
def looks_at_the_first_half(ask, length, most):
    """You ask about the first half of the text only."""
    tried = {(start, start + 4): ask(start, start + 4) for start in range(0, length // 2, 4)}
    return min(tried, key=tried.get)


@hunt.wrong("How long can a bad stretch be, and how long are yours?")
def takes_four_tokens(ask, length, most):
    """You end with four tokens. Most of the bad stretches are longer."""
    tried = _windows(ask, length, 4)
    return min(tried, key=tried.get)


@hunt.wrong("How much does a stretch cost that is twice as long as it has to be?")
def takes_sixteen_tokens(ask, length, most):
    """You take the best of four windows of 16 tokens. No bad stretch is longer than 10, and all
    that is off costs."""
    tried = _windows(ask, length, 16)
    return min(tried, key=tried.get)


@hunt.wrong("Which of its two ends should move, and how would you know?")
def widens_without_asking(ask, length, most):
    """You make the best window longer on both sides, without asking whether that helps."""
    start, stop = windows(ask, length, most)
    return max(0, start - 4), min(length, stop + 4)


@hunt.wrong("Does everything between two good windows have to go?")
def takes_all_that_helps(ask, length, most):
    """You take everything from the first window that helps at all to the last one."""
    good = [window for window, cost in _windows(ask, length).items() if cost < 1]
    return min(start for start, _ in good), max(stop for _, stop in good)


@hunt.wrong("Can the best stretch begin before your best window?")
def only_shortens(ask, length, most):
    """You only make the best window shorter. Where the bad stretch goes on beyond it, it has to
    move or to grow."""
    start, stop = windows(ask, length, most)
    while ask(start, stop - 1) < ask(start, stop):
        stop -= 1
    while ask(start + 1, stop) < ask(start, stop):
        start += 1
    return start, stop
