"""Reading on from where one stopped, exercises of chapter 08: what is kept, and where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from titans_book.attention import attention_steps
from titans_book.attention.attention_steps import attend, segment_mask, window_mask
from titans_book.attention.attention_steps import keep as kept
from titans_book.lab.learning.bank.exercises_08 import CHAPTER
from titans_book.lab.learning.exercise import Exercise, Step


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


def _pieces(function: Callable) -> Iterator[Step]:
    """A text in pieces, with the answers and what is kept after each; both masks.

    -1 stands for what is no number: the answer of a row that sees nothing.
    """
    g = torch.Generator().manual_seed(0)
    for mask, w in ((window_mask, 4), (segment_mask, 4), (window_mask, 2)):
        q, k, v = torch.randn(3, 12, 3, generator=g, dtype=torch.float64)
        past, start = (k[:0], v[:0]), 0
        for size in (2, 1, 6, 3):
            piece = [x[start : start + size] for x in (q, k, v)]
            y, *past = function(*piece, *past, start, mask, w)
            yield {"y": y.nan_to_num(nan=-1.0), "kept_k": past[0], "kept_v": past[1]}
            start += size


_pieces.names = lambda: ("q", "k", "v", "kept_k", "kept_v", "start", "mask", "w")
_pieces.state = True  # what is kept goes on from step to step

read_on = Exercise(
    name="08.read_on",
    what="one more piece of a text, with what was kept of the pieces before",
    reference=attention_steps.read_on,
    probe=_pieces,
    hints=(
        "What is kept goes in front of the new keys and values. Then the mask has to know where "
        "all of them stand: the queries begin at `start`. And the first key that was kept?",
        "`torch.arange(n)` counts 0 to n - 1. There are len(q) queries, and after `torch.cat` "
        "there are len(kept_k) more keys, which stand right before `start`.",
        "    return y, keep(k, w), keep(v, w)\n    queries = start + torch.arange(len(q))\n"
        "    y = attend(q, k, v, mask(queries, keys, w))\n"
        "    keys = start - len(kept_k) + torch.arange(len(k))\n"
        "    k, v = torch.cat([kept_k, k]), torch.cat([kept_v, v])",
    ),
    source="one call equals any split",
    taught=CHAPTER,
    misfit="How many rows does `keep` leave of the old and the new keys together?",
)


def _answers(q, k, v, kept_k, kept_v, start, mask, w, *, first_query, first_key):
    """The right function, but for where rows and columns are said to stand."""
    k, v = torch.cat([kept_k, k]), torch.cat([kept_v, v])
    queries, keys = first_query + torch.arange(len(q)), first_key + torch.arange(len(k))
    return attend(q, k, v, mask(queries, keys, w)), kept(k, w), kept(v, w)


@read_on.wrong("At which place of the text does the second piece begin?")
def begins_at_zero(q, k, v, kept_k, kept_v, start, mask, w):
    """Rows and columns count from 0 in every call. Then the first new token stands where the first
    kept key is, and sees that one instead of itself."""
    given = q, k, v, kept_k, kept_v, start, mask, w
    return _answers(*given, first_query=0, first_key=0)


@read_on.wrong("The queries know their places. Do the keys?")
def counts_the_columns_from_zero(q, k, v, kept_k, kept_v, start, mask, w):
    """Your queries begin at start, and your keys at 0. That is right until the first key has been
    dropped; after that all keys seem to lie further and further back. (-1 is drawn for NaN: a row
    that sees nothing.)"""
    given = q, k, v, kept_k, kept_v, start, mask, w
    return _answers(*given, first_query=start, first_key=0)


@read_on.wrong("Where do the kept keys stand: from start on, or before it?")
def puts_the_kept_at_the_start(q, k, v, kept_k, kept_v, start, mask, w):
    """The columns begin at start. But the first of them were kept: they stand before it."""
    given = q, k, v, kept_k, kept_v, start, mask, w
    return _answers(*given, first_query=start, first_key=start)


@read_on.wrong("How many keys have been kept after two tokens, if w is 4?")
def takes_the_kept_for_full(q, k, v, kept_k, kept_v, start, mask, w):
    """You let the columns begin at start - (w - 1). At the beginning of a text fewer are kept."""
    given = q, k, v, kept_k, kept_v, start, mask, w
    return _answers(*given, first_query=start, first_key=start - (w - 1))


@read_on.wrong("Where are the walls of a segment in the second call?")
def counts_from_the_call(q, k, v, kept_k, kept_v, start, mask, w):
    """The distances are right, so a window works. But a segment's walls stand at fixed places of
    the *text*, and yours move to the beginning of each call: start is not used."""
    given = q, k, v, kept_k, kept_v, start, mask, w
    return _answers(*given, first_query=0, first_key=-len(kept_k))


@read_on.wrong("Which columns does the first token of a new piece see?")
def forgets_what_was_kept(q, k, v, kept_k, kept_v, start, mask, w):
    """What was kept is not looked at: every piece is read as if it were a text of its own."""
    places = start + torch.arange(len(q))
    y = attend(q, k, v, mask(places, places, w))
    return y, kept(torch.cat([kept_k, k]), w), kept(torch.cat([kept_v, v]), w)


@read_on.wrong("Which came first in the text?")
def puts_the_kept_behind(q, k, v, kept_k, kept_v, start, mask, w):
    """What was kept goes behind the new. It comes first in the text, so it must in the columns."""
    given = q, kept_k, kept_v, k, v, start, mask, w
    first = start - len(kept_k)
    return _answers(*given, first_query=start, first_key=first)


@read_on.wrong("Who has told this piece what it may see?")
def sees_all_that_is_there(q, k, v, kept_k, kept_v, start, mask, w):
    """No mask: each row sees all columns, later ones included."""
    k, v = torch.cat([kept_k, k]), torch.cat([kept_v, v])
    visible = torch.ones(len(q), len(k), dtype=torch.bool)
    return attend(q, k, v, visible), kept(k, w), kept(v, w)


@read_on.wrong("Which of mask's two arguments are the rows?")
def swaps_rows_and_columns(q, k, v, kept_k, kept_v, start, mask, w):
    """Queries and keys have changed places in the mask, which is then turned back: each row sees
    what comes after it."""
    k, v = torch.cat([kept_k, k]), torch.cat([kept_v, v])
    queries = start + torch.arange(len(q))
    keys = start - len(kept_k) + torch.arange(len(k))
    visible = mask(keys, queries, w).T
    return attend(q, k, v, visible), kept(k, w), kept(v, w)


@read_on.wrong("What does a later token get when it has found its key?")
def keeps_keys_for_values(q, k, v, kept_k, kept_v, start, mask, w):
    """You keep the keys twice: as keys, and where the values should be."""
    y, kept_k, _ = attention_steps.read_on(q, k, v, kept_k, kept_v, start, mask, w)
    return y, kept_k, kept_k


@read_on.wrong("In which order does the docstring name them?")
def returns_values_first(q, k, v, kept_k, kept_v, start, mask, w):
    """All is right but the order: keys come before values."""
    y, kept_k, kept_v = attention_steps.read_on(q, k, v, kept_k, kept_v, start, mask, w)
    return y, kept_v, kept_k


@read_on.wrong("w = 4: how many tokens may a row see?")
def looks_one_too_few(q, k, v, kept_k, kept_v, start, mask, w):
    """It hands w - 1 to the mask. What is kept is one fewer than w; what is seen is w."""
    k, v = torch.cat([kept_k, k]), torch.cat([kept_v, v])
    queries = start + torch.arange(len(q))
    keys = start - len(kept_k) + torch.arange(len(k))
    y = attend(q, k, v, mask(queries, keys, max(1, w - 1)))
    return y, kept(k, w), kept(v, w)
