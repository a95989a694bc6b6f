"""The open exercise of chapter 14: find the stretch of a text that spoils an answer, by asking."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from titans_book.book.ch14.suspects import BAR, LENGTH, MOST, scores
from titans_book.lab.learning.exercise import Exercise, Step

CHAPTER = "notebooks/14_read_its_memory.ipynb"


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
    function = getattr(function, "function", function)
    try:
        found, often = scores(function), 0.0
    except RuntimeError as error:
        if "no more are allowed" not in str(error):
            raise
        found, often = [0.0], 1.0
    mean = torch.tensor(found, dtype=torch.float64).mean()
    yield {"score": mean, "often": torch.tensor(often, dtype=torch.float64)}


_hunted.names = lambda: ("ask", "length", "most")


def _found_enough(steps_: list[Step]) -> str:
    """What is missing, in words."""
    if steps_[0]["often"]:
        return f"It asks more than {MOST} times."
    if (mean := float(steps_[0]["score"])) >= BAR:
        return ""
    return f"Its score is {mean:.2f}, and {BAR} is asked for."


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


@hunt.wrong("What does a stretch cost that holds every token behind the pair?")
def switches_half_off(ask, length, most):
    """You switch off the second half of the text without a question."""
    return length // 2, length


@hunt.wrong("What does doing nothing cost?")
def does_nothing(ask, length, most):
    """You switch nothing off."""
    return 0, 0


@hunt.wrong("Does the bad stretch begin at a multiple of eight?")
def never_refines(ask, length, most):
    """You take the best of eight windows as it is. A bad stretch that lies across two of them is
    only half found."""
    tried = _windows(ask, length)
    return min(tried, key=tried.get)


@hunt.wrong("Is a high cost good or bad?")
def takes_the_worst(ask, length, most):
    """You take the window with the highest cost."""
    tried = _windows(ask, length)
    return max(tried, key=tried.get)


@hunt.wrong("How many questions does it take to try every token?")
def asks_for_every_token(ask, length, most):
    """You ask about every single token, which is more than you may."""
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
