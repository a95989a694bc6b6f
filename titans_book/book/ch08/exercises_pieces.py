"""A text in pieces with persistent tokens, the longer exercise of chapter 08."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from titans_book.book.ch08.exercises import CHAPTER
from titans_book.lab.learning.exercise import Exercise, Step
from titans_book.steps.attention import attend, keep, segment_mask, window_mask, with_persistent


def read_pieces_(pieces, p_k, p_v, mask, w):
    """The book's version."""
    answers, start = [], 0
    kept_k, kept_v = pieces[0][1][:0], pieces[0][2][:0]
    for q, k, v in pieces:
        k, v = torch.cat([kept_k, k]), torch.cat([kept_v, v])
        queries = start + torch.arange(len(q))
        keys = start - len(kept_k) + torch.arange(len(k))
        visible = mask(queries, keys, w)
        answers.append(attend(q, *with_persistent(k, v, visible, p_k, p_v)))
        kept_k, kept_v = keep(k, w), keep(v, w)
        start += len(q)
    return torch.cat(answers)


def _texts(function: Callable) -> Iterator[Step]:
    """Four texts: windows and segments, pieces of many sizes. -1 is drawn for NaN."""
    g = torch.Generator().manual_seed(0)
    for mask, w in ((window_mask, 4), (segment_mask, 4), (window_mask, 2), (segment_mask, 3)):
        q, k, v = torch.randn(3, 12, 3, generator=g, dtype=torch.float64)
        p_k, p_v = torch.randn(2, 2, 3, generator=g, dtype=torch.float64)
        pieces = list(zip(*(x.split((2, 1, 6, 3)) for x in (q, k, v)), strict=True))
        y = function(pieces, p_k, p_v, mask, w)
        yield {"y": y.nan_to_num(nan=-1.0) if isinstance(y, Tensor) else y}


_texts.names = lambda: ("pieces", "p_k", "p_v", "mask", "w")

read_pieces = Exercise(
    name="08.read_pieces",
    what="the whole short-term memory, on a text that comes in pieces",
    reference=read_pieces_,
    probe=_texts,
    hints=(
        "Go through the pieces and carry three things from one to the next: the place where it "
        "begins, and the keys and values that were kept. Which of the five functions that you "
        "have written does what?",
        "The mask needs the places of the queries and of kept and new keys together; only then "
        "does with_persistent put N columns in front. What you keep are rows of the text. Before "
        "the first piece nothing is kept: k[:0] has no rows and the right width.",
        "    return torch.cat(answers)\n    for q, k, v in pieces:\n"
        "        start += len(q)\n"
        "        keys = start - len(kept_k) + torch.arange(len(k))\n"
        "        visible = mask(queries, keys, w)\n"
        "        kept_k, kept_v = keep(k, w), keep(v, w)\n"
        "        answers.append(attend(q, *with_persistent(k, v, visible, p_k, p_v)))\n"
        "        k, v = torch.cat([kept_k, k]), torch.cat([kept_v, v])\n"
        "        queries = start + torch.arange(len(q))\n"
        "    answers, start = [], 0\n"
        "    kept_k, kept_v = pieces[0][1][:0], pieces[0][2][:0]",
    ),
    source="Titans eqs. 2 and 19 in one call",
    taught=CHAPTER,
    part=False,
    grade="build",
    misfit="One answer for each query of all the pieces. After with_persistent there are N columns "
    "more than keys of the text: where do you use which number?",
)


def _wrong(pieces, p_k, p_v, mask, w, *, place=None, kept=keep, move=None, see=with_persistent):
    """The right loop, but for one thing.

    place(start, kept, new): where queries and keys begin. kept(x, w): what is kept. move(q, k): how
    far start moves on. see: how persistent tokens join.
    """
    answers, start = [], 0
    kept_k, kept_v = pieces[0][1][:0], pieces[0][2][:0]
    for q, k, v in pieces:
        first, old = (place or (lambda s, old: (s, s - old)))(start, len(kept_k))
        k, v = torch.cat([kept_k, k]), torch.cat([kept_v, v])
        visible = mask(first + torch.arange(len(q)), old + torch.arange(len(k)), w)
        answers.append(attend(q, *see(k, v, visible, p_k, p_v)))
        kept_k, kept_v = kept(k, w), kept(v, w)
        start += move(q, k) if move else len(q)
    return torch.cat(answers)


@read_pieces.wrong("What does the first token of the second piece see of the first piece?")
def forgets_between_pieces(pieces, p_k, p_v, mask, w):
    """Nothing is kept: each piece is read as if the ones before had never been there."""
    return _wrong(pieces, p_k, p_v, mask, w, kept=lambda x, w: x[:0])


@read_pieces.wrong("At which place of the text does the second piece begin?")
def never_moves_on(pieces, p_k, p_v, mask, w):
    """`start` stays 0, so every piece seems to begin the text. With a window nobody notices, but
    the walls of a segment have moved."""
    return _wrong(pieces, p_k, p_v, mask, w, move=lambda q, k: 0)


@read_pieces.wrong("How many new tokens are in k after `torch.cat`?")
def moves_on_too_far(pieces, p_k, p_v, mask, w):
    """`start` moves on by the number of all keys, the kept ones included. It moves on by the new
    tokens of the piece."""
    return _wrong(pieces, p_k, p_v, mask, w, move=lambda q, k: len(k))


@read_pieces.wrong("The queries know their places. Do the keys?")
def counts_the_keys_from_zero(pieces, p_k, p_v, mask, w):
    """The queries begin at `start`, and the keys at 0. After a few pieces every key seems to lie
    too far back. (-1 is drawn for NaN, the answer of a row that sees nothing.)"""
    return _wrong(pieces, p_k, p_v, mask, w, place=lambda s, old: (s, 0))


@read_pieces.wrong("Where do the kept keys stand: from `start` on, or before it?")
def puts_the_kept_at_the_start(pieces, p_k, p_v, mask, w):
    """The first key is said to stand at `start`. But the first keys are the kept ones, and they
    stand before it."""
    return _wrong(pieces, p_k, p_v, mask, w, place=lambda s, old: (s, s))


@read_pieces.wrong("In which piece may a row not look at a persistent token?")
def shows_them_to_the_first_piece_only(pieces, p_k, p_v, mask, w):
    """Only the first piece sees the persistent tokens. They are for every row of the text."""
    first = read_pieces_(pieces[:1], p_k, p_v, mask, w)
    return torch.cat([first, read_pieces_(pieces, p_k[:0], p_v[:0], mask, w)[len(first) :]])


@read_pieces.wrong("Which of your arguments has had no effect?")
def leaves_them_out(pieces, p_k, p_v, mask, w):
    """The persistent tokens are never used."""
    return read_pieces_(pieces, p_k[:0], p_v[:0], mask, w)


@read_pieces.wrong("Are persistent tokens part of the text that is kept?")
def keeps_them_with_the_text(pieces, p_k, p_v, mask, w):
    """You keep rows of the columns that already have the persistent tokens in front. Then they turn
    up among the words of the text, and come in once more with each piece."""
    answers, start = [], 0
    kept_k, kept_v = pieces[0][1][:0], pieces[0][2][:0]
    for q, k, v in pieces:
        k, v = torch.cat([kept_k, k]), torch.cat([kept_v, v])
        keys = start - len(kept_k) + torch.arange(len(k))
        visible = mask(start + torch.arange(len(q)), keys, w)
        k, v, visible = with_persistent(k, v, visible, p_k, p_v)
        answers.append(attend(q, k, v, visible))
        kept_k, kept_v = keep(k, w), keep(v, w)
        start += len(q)
    return torch.cat(answers)


@read_pieces.wrong("Does a persistent token go out of sight as the text goes on?")
def lets_them_pass_by(pieces, p_k, p_v, mask, w):
    """You treat the persistent tokens as the first words of the text, so the mask loses sight of
    them. Every row sees them, at every place."""
    q, k, v = (torch.cat(rows) for rows in zip(*pieces, strict=True))
    columns = torch.arange(len(p_k) + len(k))
    visible = mask(len(p_k) + torch.arange(len(q)), columns, w)
    return attend(q, torch.cat([p_k, k]), torch.cat([p_v, v]), visible)


@read_pieces.wrong("A new piece has one token, and w is 4. Whom does that token still see?")
def keeps_of_the_last_piece_only(pieces, p_k, p_v, mask, w):
    """You keep only rows of the piece that was read last. If it is shorter than w - 1, a later
    token also needs rows from before it."""
    answers, start = [], 0
    kept_k, kept_v = pieces[0][1][:0], pieces[0][2][:0]
    for q, k, v in pieces:
        both_k, both_v = torch.cat([kept_k, k]), torch.cat([kept_v, v])
        keys = start - len(kept_k) + torch.arange(len(both_k))
        visible = mask(start + torch.arange(len(q)), keys, w)
        answers.append(attend(q, *with_persistent(both_k, both_v, visible, p_k, p_v)))
        kept_k, kept_v = keep(k, w), keep(v, w)
        start += len(q)
    return torch.cat(answers)


@read_pieces.wrong("w = 4: how many places before its own does a token see?")
def keeps_one_too_few(pieces, p_k, p_v, mask, w):
    """You keep w - 2 rows. The next token sees w - 1 places before its own."""
    return _wrong(pieces, p_k, p_v, mask, w, kept=lambda x, w: keep(x, max(1, w - 1)))


@read_pieces.wrong("Which tokens does the next one see: the oldest, or the latest?")
def keeps_the_oldest(pieces, p_k, p_v, mask, w):
    """You keep the first rows and not the last."""
    return _wrong(pieces, p_k, p_v, mask, w, kept=lambda x, w: x[: w - 1])


@read_pieces.wrong("Which argument says who sees whom?")
def always_takes_the_window(pieces, p_k, p_v, mask, w):
    """A window is right and a segment is not: is `window_mask` written into it? `mask` is handed
    in."""
    return read_pieces_(pieces, p_k, p_v, window_mask, w)
