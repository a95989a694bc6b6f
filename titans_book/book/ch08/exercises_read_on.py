"""Reading on from where one stopped, an exercise of chapter 08: where queries and keys stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from titans_book.book.ch08.exercises import CHAPTER
from titans_book.lab.learning.exercise import Exercise, Step
from titans_book.steps import attention as attention_steps
from titans_book.steps.attention import attend, segment_mask, window_mask
from titans_book.steps.attention import keep as kept


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
    source="Titans eq. 2 in one call",
    taught=CHAPTER,
    misfit="One answer for each query. And of the old and the new keys *together*, how many rows "
    "does `keep` leave?",
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


@read_on.wrong("Where does the last of the kept keys stand, if the first new one is at `start`?")
def puts_the_keys_one_too_early(q, k, v, kept_k, kept_v, start, mask, w):
    """The columns stand one place too early: each new key seems to be older than its own query."""
    given = q, k, v, kept_k, kept_v, start, mask, w
    return _answers(*given, first_query=start, first_key=start - len(kept_k) - 1)


@read_on.wrong("Where does the last of the kept keys stand, if the first new one is at `start`?")
def puts_the_keys_one_too_late(q, k, v, kept_k, kept_v, start, mask, w):
    """The columns stand one place too late: a query does not see its own key."""
    given = q, k, v, kept_k, kept_v, start, mask, w
    return _answers(*given, first_query=start, first_key=start - len(kept_k) + 1)


@read_on.wrong("`start` is the place of which token?")
def begins_one_after_the_start(q, k, v, kept_k, kept_v, start, mask, w):
    """The queries begin one place late: `start` is the first new token's own place."""
    given = q, k, v, kept_k, kept_v, start, mask, w
    return _answers(*given, first_query=start + 1, first_key=start - len(kept_k))


@read_on.wrong("What is `len(k)` before `torch.cat`, and what is it after?")
def steps_back_by_all_keys(q, k, v, kept_k, kept_v, start, mask, w):
    """The columns begin at start - len(k), and k holds the new keys, too, by then. Only the kept
    ones stand before start."""
    given = q, k, v, kept_k, kept_v, start, mask, w
    return _answers(*given, first_query=start, first_key=start - len(kept_k) - len(k))


@read_on.wrong("Which argument says who sees whom?")
def always_takes_the_window(q, k, v, kept_k, kept_v, start, mask, w):
    """A window is right, and a segment is not: is `window_mask` written into it? `mask` is handed
    in."""
    return attention_steps.read_on(q, k, v, kept_k, kept_v, start, window_mask, w)


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
