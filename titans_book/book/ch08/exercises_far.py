"""The open exercise of chapter 08: a mask of 24 words, four cells a row, that hears of the most."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from titans_book.book.ch08.exercises import CHAPTER
from titans_book.book.ch08.reach import BAR, CELLS, WORDS, lacks
from titans_book.lab.learning.exercise import Exercise, Step
from titans_book.steps.attention import segment_mask, window_mask


def looking_back(*steps: int) -> Tensor:
    """A mask in which each row sees the columns so many places back."""
    at = torch.arange(WORDS)
    back = at[:, None] - at
    return torch.stack([back == step for step in steps]).any(0)


def far_mask_(words, cells):
    """The book's version."""
    at = torch.arange(words)
    back = at[:, None] - at
    return (back == 0) | (back == 1) | (back == 4) | (back == 6)


def _once(function: Callable) -> Iterator[Step]:
    mask = function(WORDS, CELLS)
    if isinstance(mask, Tensor) and (mask.dtype, mask.shape) != (torch.bool, (WORDS, WORDS)):
        shape = tuple(mask.shape)
        raise ValueError(f"a mask is bool and ({WORDS}, {WORDS}), yours is {mask.dtype}, {shape}")
    yield {"sees": mask}


_once.names = lambda: ("words", "cells")

far_mask = Exercise(
    name="08.far_mask",
    what=f"four cells a row, and two layers answer {BAR:.0%} of all questions or more",
    reference=far_mask_,
    probe=_once,
    hints=(
        "A row hears of all that its four columns see. If two of those columns see the same word, "
        "one of the two is wasted. Which four columns have the least in common?",
        "A row that sees 0, a, b and c places back hears of all sums of two of these numbers. "
        "With 0, 1, 2 and 3 there are only seven different sums; ten are possible. Or start with "
        "any mask, change a row at random, and keep what scores better.",
        "    return (back == 0) | (back == ...) | (back == ...) | (back == ...)\n"
        "    back = at[:, None] - at\n    at = torch.arange(words)",
    ),
    source="the rules of the puzzle",
    taught=CHAPTER,
    part=False,
    grade="open",
    accept=lambda steps: lacks(steps[0]["sees"]),
    misfit=f"There are {WORDS} rows and {WORDS} columns: what has another size in yours?",
    solution="def far_mask(words, cells):\n    at = torch.arange(words)\n"
    "    back = at[:, None] - at\n"
    "    return (back == 0) | (back == 1) | (back == 4) | (back == 6)",
)

_AT = torch.arange(WORDS)


@far_mask.wrong("How many different words do your four columns see together?")
def is_the_window(*_):
    """It is the window of four. Its columns are neighbours, and neighbours have seen nearly the
    same words."""
    return window_mask(_AT, _AT, CELLS)


@far_mask.wrong("If every row may see everything, what is the second layer for?")
def is_full_attention(*_):
    """It is full attention: everything is heard, and the last rows see far more than four
    columns."""
    return window_mask(_AT, _AT, WORDS)


@far_mask.wrong("Which cell would carry anything over a wall?")
def has_walls(*_):
    """Those are segments of four. Nothing crosses a wall, through two layers or two hundred."""
    return segment_mask(_AT, _AT, CELLS)


@far_mask.wrong("Which words have the first four seen?")
def looks_at_the_first_words(*_):
    """Every row sees itself and the first three words, as if they were persistent tokens. Those
    have seen almost nothing."""
    return (torch.eye(WORDS).bool()) | ((_AT < CELLS - 1) & (_AT[:, None] >= _AT))


@far_mask.wrong("What have the columns 4, 8 and 12 places back seen of the words in between?")
def takes_equal_steps(*_):
    """You look 0, 4, 8 and 12 places back. The sums of two such steps are multiples of four, and so
    three of four words are never heard of."""
    return looking_back(0, 4, 8, 12)


@far_mask.wrong("How many of the sums of two of 0, 1, 2 and 4 are different?")
def doubles_its_steps(*_):
    """You look 0, 1, 2 and 4 places back. That is better than a window, but 1 + 1 is 2, and 2 + 2
    is 4: some words are heard of twice."""
    return looking_back(0, 1, 2, 4)


@far_mask.wrong("How many rows have a column 16 places back at all?")
def looks_too_far(*_):
    """You look 0, 1, 5 and 16 places back. The ten sums are all different, but most of them lie
    before the beginning of such a short text."""
    return looking_back(0, 1, 5, 16)


@far_mask.wrong("May a word know the next one?")
def looks_ahead(*_):
    """A row sees words on both sides of its own, and some of them have not come yet."""
    return looking_back(0, 1, 2, -1)


@far_mask.wrong("Does a row see its own word?")
def does_not_see_itself(*_):
    """A row sees four words before its own and not itself. The rules ask for its own as well."""
    return looking_back(1, 2, 5, 7)


@far_mask.wrong("How many cells has row 10?")
def spends_too_much(*_):
    """You look 0, 1, 3, 7 and 12 places back: five cells a row, and four are allowed."""
    return looking_back(0, 1, 3, 7, 12)
