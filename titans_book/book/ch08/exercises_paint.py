"""Paint a mask, an exercise of chapter 08 with many right answers: three words a row, two layers.

It is judged by who hears of whom (who_sees.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from titans_book.book.ch08.exercises import CHAPTER
from titans_book.book.ch08.who_sees import WORDS, fits, painted
from titans_book.lab.learning.exercise import Exercise, Step
from titans_book.steps import attention as attention_steps

ROWS = ("#.....", "##....", "###...", ".###..", "..###.", ".#..##")


def _once(function: Callable) -> Iterator[Step]:
    yield {"sees": function()}


_once.names = lambda: ()


def _my_mask():
    return painted(*ROWS)


my_mask = Exercise(
    name="08.my_mask",
    what="nobody sees the future, three words a row, and two layers reach everything",
    reference=_my_mask,
    probe=_once,
    hints=(
        "Start with the window of three. Only one pair is missing, in the last row. Whom do the "
        "words that it sees hear of, and is one of them there twice?",
        "Six rows of six signs, # or dot. In two layers a row hears of all that its three words "
        "see. The last row has to reach 0, 1, 2, 3 and 4.",
        "The last row sees itself, 4 and one more. Row 4 covers 4, 3 and 2, so the third word has "
        "to cover 1 and 0: which rows see both?",
    ),
    source="the rules of the puzzle",
    taught=CHAPTER,
    part=False,
    solution=f"def my_mask():\n    return painted{ROWS}",
    accept=lambda steps: fits(steps[0]["sees"]),
    misfit=f"One row and one column for each of the {len(WORDS)} words: how many signs is that?",
)

_PLACES = torch.arange(len(WORDS))


def _last_row(row):
    return painted(*ROWS[:-1], row)


@my_mask.wrong("How many steps of two is it from the last word to the first?")
def is_the_window(*_):
    """That is the window of three as it was. Each layer reaches two words back, so two layers
    reach four; from the last word to the first it is five."""
    return attention_steps.window_mask(_PLACES, _PLACES, 3)


@my_mask.wrong("If every row may see everything, what is the second layer for?")
def is_causal(*_):
    """Everybody sees everything that has come. That is full attention, and it costs too much."""
    return attention_steps.window_mask(_PLACES, _PLACES, len(WORDS))


@my_mask.wrong("Can it be done with a single cell moved, and none added?")
def is_a_wider_window(*_):
    """A window of four does reach far enough, with four words a row."""
    return attention_steps.window_mask(_PLACES, _PLACES, 4)


@my_mask.wrong("Through which cell would anything cross the wall?")
def has_a_wall(*_):
    """Two segments of three. Within them everybody sees everybody, and nothing crosses the wall,
    through two layers or two hundred."""
    return attention_steps.segment_mask(_PLACES, _PLACES, 3)


@my_mask.wrong("May a word know the next one?")
def looks_ahead(*_):
    """Each word sees its two neighbours, and one of them has not come yet."""
    return (_PLACES[:, None] - _PLACES).abs() < 2


@my_mask.wrong("Whom did it hear of through the word that it no longer sees?")
def goes_straight_for_the_first(*_):
    """The last row now sees the first word itself. But the first word has heard of nobody else, so
    the cell brings one word only, and “gave” got lost."""
    return _last_row("#...##")


@my_mask.wrong("Who else has seen the word right before the last?")
def skips_its_neighbour(*_):
    """The last row gave up its neighbour, and nobody else that it sees has seen that one."""
    return _last_row("#..#.#")
