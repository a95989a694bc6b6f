"""What is kept of a piece of text for the next, an exercise of chapter 08."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from titans_book.book.ch08.exercises import CHAPTER
from titans_book.lab.learning.exercise import Exercise, Step
from titans_book.steps import attention as attention_steps
from titans_book.steps.attention import keep as kept


def _rows(function: Callable) -> Iterator[Step]:
    """More rows than are needed, just enough, fewer, and a window of one token."""
    g = torch.Generator().manual_seed(0)
    for rows, w in ((7, 4), (3, 4), (2, 4), (2, 5), (6, 2), (4, 1)):
        yield {"kept": function(torch.randn(rows, 2, generator=g, dtype=torch.float64), w)}


_rows.names = lambda: ("x", "w")

keep = Exercise(
    name="08.keep",
    what="the rows that a later token may still see",
    reference=attention_steps.keep,
    probe=_rows,
    hints=(
        "The next token sees w places, and one of them is its own. How many of the old ones?",
        "x is (J, d), and `x[n:]` are its rows from n on. n must not be negative: `x[-2:]` counts "
        "from the end, and `x[-0:]` is everything.",
        "    return x[first:]\n    first = max(0, len(x) - (w - 1))",
    ),
    source="a window of w tokens",
    taught=CHAPTER,
    misfit="The next token sees w places, its own among them: how many of the old ones? (`x[-0:]` "
    "is all of x.)",
)


@keep.wrong("Which tokens does the next one see: the oldest, or the latest?")
def keeps_the_oldest(x, w):
    """You keep the first rows. The next token looks back from the end."""
    return x[: w - 1]


@keep.wrong("Does the next token still see the one right before it?")
def drops_the_latest(x, w):
    """You leave out the last row, the one that every later token sees first."""
    return x[max(0, len(x) - w) : len(x) - 1] if len(x) >= w else x


@keep.wrong("In which order do masks expect the columns?")
def keeps_them_backwards(x, w):
    """The rows are right, and in the wrong order: the oldest has to come first."""
    return kept(x, w).flip(0)


@keep.wrong("What would a token find there that asks for what was kept?")
def keeps_nothing_but_room(x, w):
    """There is room for the right number of rows, and nothing in it."""
    return 0 * kept(x, w)
