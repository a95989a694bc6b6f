"""Exercises of chapter 14: a haystack, and the ledger of an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from titans_book.book.ch14.small import entries, told, worths
from titans_book.lab.learning.exercise import Exercise, Step

CHAPTER = "notebooks/14_read_its_memory.ipynb"


def needle_row(hay, needle, question, depth):
    """The book's version."""
    before = round(depth * len(hay))
    return torch.cat([hay[:before], needle, hay[before:], question])


def _rows(function: Callable) -> Iterator[Step]:
    """Haystacks of several lengths, with needles at several depths."""
    for n, depth in ((7, 0.4), (9, 0.0), (12, 1.0), (11, 0.7), (10, 0.25)):
        hay = torch.arange(1, n + 1)
        found = function(hay, torch.tensor([0, 40, 50]), torch.tensor([0, 40]), depth)
        yield {"tokens": torch.as_tensor(found).double()}


_rows.names = lambda: ("hay", "needle", "question", "depth")

row = Exercise(
    name="14.needle_row",
    what="one haystack with its needle and its question",
    reference=needle_row,
    probe=_rows,
    hints=(
        "The depth is a share of the hay. How many tokens of hay come before the needle if there "
        "are 10 of them and the depth is 0.25?",
        "All arguments but depth are rows of tokens, of different lengths. `round` gives the "
        "nearest whole number, and `torch.cat` joins rows.",
        "    return torch.cat([hay[:before], ..., hay[before:], ...])\n    before = round(...)",
    ),
    source="RULER's needle",
    taught=CHAPTER,
    part=False,
    misfit="The row holds all the hay, the needle once, and the question. Which of them is "
    "missing, or there twice?",
)


@row.wrong("With 7 tokens of hay and a depth of 0.4, what is 0.4 a share of?")
def counts_the_whole_text(hay, needle, question, depth):
    """You take the share of the whole text. The depth is a share of the hay alone."""
    before = round(depth * (len(hay) + len(needle) + len(question)))
    return torch.cat([hay[:before], needle, hay[before:], question])


@row.wrong("Where is the needle if its depth is 0?")
def counts_from_the_end(hay, needle, question, depth):
    """You count from the end. Depth 0 is the beginning of the hay, depth 1 its end."""
    before = round((1 - depth) * len(hay))
    return torch.cat([hay[:before], needle, hay[before:], question])


@row.wrong("What is the nearest whole number to 0.7 times 11?")
def rounds_down(hay, needle, question, depth):
    """You round down, so the needle lies a little too early."""
    before = int(depth * len(hay))
    return torch.cat([hay[:before], needle, hay[before:], question])


@row.wrong("Can a model answer a question at a place where it has read nothing yet?")
def asks_first(hay, needle, question, depth):
    """You put the question in front. The answer is due after the last token of the row."""
    before = round(depth * len(hay))
    return torch.cat([question, hay[:before], needle, hay[before:]])


@row.wrong("How many tokens of hay lie between the needle and your question?")
def asks_at_once(hay, needle, question, depth):
    """You ask right behind the needle, so nothing has to be kept for long."""
    before = round(depth * len(hay))
    return torch.cat([hay[:before], needle, question, hay[before:]])


def texts(function: Callable) -> Iterator[Step]:
    """A few short texts for the small memory."""
    for seed in range(4):
        yield {"vectors": function(*told(seed, time=4 + seed))}


texts.names = lambda: ("M", "K", "V", "theta", "keep", "q")
MISFIT = "There is one row of d numbers for each token of the text. Did you add them up already?"

ledger = Exercise(
    name="14.entries",
    what="what each write adds to an answer",
    reference=entries,
    probe=texts,
    hints=(
        "Keep one matrix for each token that was read: what it wrote, and what is left of it now. "
        "What happens to all the earlier ones at each new token?",
        "A write is `theta[t] * torch.outer(K[t], V[t] - K[t] @ M)`, (d, d), with the memory M as "
        "it is before token t. The result is (T, d).",
        "    return torch.stack([q @ write for write in writes])\n"
        "        M = keep[t] * M + write\n"
        "        writes = [keep[t] * earlier for earlier in writes] + [write]\n"
        "        write = ...\n    for t in range(len(K)):\n    writes = []",
    ),
    source="Titans eqs. 13 and 14, without momentum",
    taught=CHAPTER,
    part=False,
    misfit=MISFIT,
)


def _entries(M, K, V, theta, keep, q, *, error=True, kept=True, own=False, still=False):
    """The ledger with one thing done differently."""
    writes = []
    for t in range(len(K)):
        write = theta[t] * torch.outer(K[t], V[t] - (K[t] @ M if error else 0))
        writes = [keep[t] * one if kept else one for one in writes]
        writes.append(keep[t] * write if own else write)
        M = M if still else keep[t] * M + write
    return torch.stack([q @ write for write in writes])


@ledger.wrong("What does a token write if the memory already gives the right value for its key?")
def writes_the_value(M, K, V, theta, keep, q):
    """You let each token write its value. With the delta rule it writes the error."""
    return _entries(M, K, V, theta, keep, q, error=False)


@ledger.wrong("What is left of the first write after the whole text?")
def never_forgets(M, K, V, theta, keep, q):
    """Your old writes never fade. At each later token the memory keeps only a part of them."""
    return _entries(M, K, V, theta, keep, q, kept=False)


@ledger.wrong("Does token t forget before its own write, or after it?")
def forgets_its_own_write(M, K, V, theta, keep, q):
    """You let a token forget a part of what it has just written. Only what was there before
    fades."""
    return _entries(M, K, V, theta, keep, q, own=True)


@ledger.wrong("Which memory is token t's error measured at?")
def measures_at_the_start(M, K, V, theta, keep, q):
    """You measure all errors at the memory before the text, so no token sees what the others
    wrote."""
    return _entries(M, K, V, theta, keep, q, still=True)


@ledger.wrong("What would have come out without the write, and is that the question here?")
def wipes_and_replays(M, K, V, theta, keep, q):
    """You read again without each write. That is the next question. Here the errors are those of
    the text as it was read."""
    return worths(M, K, V, theta, keep, q)


@ledger.wrong("In which order are the tokens, and in which order are your rows?")
def lists_the_last_first(M, K, V, theta, keep, q):
    """Your first row belongs to the last token."""
    return entries(M, K, V, theta, keep, q).flip(0)
