"""The window, an exercise of chapter 08: who sees whom, by their places in the text.

queries (T) and keys (J) are places, whole numbers that may begin anywhere; a mask is (T, J).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from titans_book.book.ch08.exercises import CHAPTER
from titans_book.lab.learning.exercise import Exercise, Step
from titans_book.steps import attention as attention_steps

MISFIT = (
    "A row for each query, a column for each key: which of the two wears the `[:, None]` that "
    "stands it upright?"
)


def _between(*ends: tuple[int, int]) -> list[Tensor]:
    return [torch.arange(first, last) for first, last in ends]


def places(function: Callable) -> Iterator[Step]:
    """A text from its beginning; a later piece of it with what is kept; columns from elsewhere."""
    for rows, columns, w in (
        ((0, 7), (0, 7), 3),
        ((10, 14), (8, 14), 3),
        ((5, 9), (2, 12), 4),
        ((0, 5), (0, 5), 1),
    ):
        queries, keys = _between(rows, columns)
        yield {"visible": function(queries, keys, w)}


places.names = lambda: ("queries", "keys", "w")

window_mask = Exercise(
    name="08.window_mask",
    what="a token sees itself and the w - 1 before it",
    reference=attention_steps.window_mask,
    probe=places,
    hints=(
        "How far back does row i look at column j? That distance is 0 for itself, and negative "
        "for what comes later. Between which two numbers must it lie?",
        "`queries[:, None] - keys` is (T, J): a row for each query, a column for each key. "
        "`a & b` is True where both are; each comparison needs brackets of its own.",
        "    return (back >= 0) & (back < w)\n    back = queries[:, None] - keys",
    ),
    source="Titans Figs. 3b and 3c",
    taught=CHAPTER,
    misfit=MISFIT,
)


def _back(queries, keys):
    return queries[:, None] - keys


@window_mask.wrong("Can the second token of a text see the third?")
def sees_the_future(queries, keys, w):
    """The lower end is missing: what comes later has a negative distance, and that is smaller than
    w, too."""
    return _back(queries, keys) < w


@window_mask.wrong("What does the sign of the distance say?")
def looks_both_ways(queries, keys, w):
    """You look at the distance without its sign, so a row sees w - 1 tokens that have not come
    yet."""
    return _back(queries, keys).abs() < w


@window_mask.wrong("With w = 1, how many tokens does a row see?")
def is_one_too_wide(queries, keys, w):
    """A row sees w + 1 tokens: w before it, and itself. w counts the token itself."""
    back = _back(queries, keys)
    return (back >= 0) & (back <= w)


@window_mask.wrong("With w = 1, what is there to see?")
def is_one_too_narrow(queries, keys, w):
    """A row sees w - 1 tokens. With w = 1 it sees nothing at all, and its softmax is NaN."""
    back = _back(queries, keys)
    return (back >= 0) & (back < w - 1)


@window_mask.wrong("May a token look at itself?")
def does_not_see_itself(queries, keys, w):
    """A row does not see its own token. It does: j <= i."""
    back = _back(queries, keys)
    return (back > 0) & (back < w)


@window_mask.wrong("Which w tokens are the last ones, seen from token i: does i belong to them?")
def is_shifted_by_one(queries, keys, w):
    """A row sees the w tokens before it, and not itself."""
    back = _back(queries, keys)
    return (back > 0) & (back <= w)


@window_mask.wrong("What do queries and keys contain, if not 0, 1, 2, ...?")
def counts_within_the_call(queries, keys, w):
    """You count rows and columns from 0. Their places in the text are what queries and keys say;
    the two agree only where a text is read in a single call."""
    back = torch.arange(len(queries))[:, None] - torch.arange(len(keys))
    return (back >= 0) & (back < w)


@window_mask.wrong("Do the last row and the last column always stand at the same place?")
def counts_from_the_end(queries, keys, w):
    """You line up the last row with the last column. That is so where keys end with the queries;
    places say it in all cases."""
    back = torch.arange(-len(queries), 0)[:, None] - torch.arange(-len(keys), 0)
    return (back >= 0) & (back < w)


@window_mask.wrong("What does True stand for: to be seen, or to be hidden?")
def is_inverted(queries, keys, w):
    """True and False are swapped: it is True where a row must not look."""
    back = _back(queries, keys)
    return ~((back >= 0) & (back < w))


@window_mask.wrong("How far back does the last token of a long text see?")
def has_no_window(queries, keys, w):
    """It keeps the future out, and sees everything before: w has no effect. (Is it there? Then
    brackets are missing: `a >= 0 & b < w` does the `&` first.)"""
    return _back(queries, keys) >= 0


@window_mask.wrong("Who looks back: the query at the key, or the key at the query?")
def looks_ahead(queries, keys, w):
    """The difference is turned round: each row sees itself and the w - 1 tokens *after* it."""
    ahead = -_back(queries, keys)
    return (ahead >= 0) & (ahead < w)


@window_mask.wrong("Must both conditions hold, or is one enough?")
def takes_either(queries, keys, w):
    """`|` is True where one of the two holds, and one of them always does. Both have to hold:
    `&`."""
    back = _back(queries, keys)
    return (back >= 0) | (back < w)


@window_mask.wrong("Does the window of token 6 begin where that of token 5 began?")
def has_walls(queries, keys, w):
    """That is a segment: it has walls at fixed places. A window moves along with each token."""
    return attention_steps.segment_mask(queries, keys, w)
