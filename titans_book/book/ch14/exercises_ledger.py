"""An exercise of chapter 14: the ledger of an answer, one entry for each write."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from titans_book.book.ch14.exercises import CHAPTER
from titans_book.book.ch14.small import end_of, entries, told, worths
from titans_book.lab.learning.exercise import Exercise, Step


def texts(function: Callable) -> Iterator[Step]:
    """A few short texts for the small memory."""
    for seed in range(4):
        yield {"vectors": function(*told(seed, time=4 + seed))}


texts.names = lambda: ("M", "K", "V", "theta", "keep", "q")
MISFIT = (
    "One row of d numbers is asked for, for each token of the text. Are yours still matrices, or "
    "have you added something up already?"
)

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
    grade="build",
)


def _write(M, k, v, theta):
    return theta * torch.outer(k, v - k @ M)


def _entries(M, K, V, theta, keep, q, *, write=_write, kept=True, own=False, still=False):
    """The ledger with one thing done differently."""
    writes = []
    for t in range(len(K)):
        new = write(M, K[t], V[t], theta[t])
        writes = [keep[t] * one if kept else one for one in writes]
        writes.append(keep[t] * new if own else new)
        M = M if still else keep[t] * M + new
    return torch.stack([q @ one for one in writes])


@ledger.wrong("What does a token write if the memory already gives the right value for its key?")
def writes_the_value(M, K, V, theta, keep, q):
    """You let each token write its value. With the delta rule it writes the error."""
    return _entries(M, K, V, theta, keep, q, write=lambda M, k, v, rate: rate * torch.outer(k, v))


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


@ledger.wrong("Which green letter of the equation does your write not contain?")
def leaves_out_the_rate(M, K, V, theta, keep, q):
    """You write the whole error at every token. Only the share theta of it is written."""
    return _entries(M, K, V, torch.ones_like(theta), keep, q)


@ledger.wrong("Is the error that is written the value minus the answer, or the other way round?")
def turns_the_error_round(M, K, V, theta, keep, q):
    """You write the answer minus the value, so every write makes the memory worse."""
    return _entries(M, K, V, theta, keep, q, write=lambda M, k, v, rate: -_write(M, k, v, rate))


@ledger.wrong("If a write brings the answer nearer to v, does its entry point to v or away?")
def turns_the_entries_round(M, K, V, theta, keep, q):
    """The memory is right, but your entries have the other sign. They should add up to the
    answer."""
    return -entries(M, K, V, theta, keep, q)


@ledger.wrong("Is it the row or the column of a memory that belongs to a feature of the key?")
def swaps_key_and_value(M, K, V, theta, keep, q):
    """Your outer product has key and value the wrong way round."""
    return _entries(M, K, V, theta, keep, q, write=lambda M, k, v, rate: _write(M, k, v, rate).T)


@ledger.wrong("At which memory does the equation above measure the error?")
def forgets_before_it_asks(M, K, V, theta, keep, q):
    """You let the memory forget before you measure the error. The equation measures it at the
    memory as it was after the last token."""
    return _steps(M, K, V, theta, keep, q, lambda M, kept: kept * M)


def _steps(M, K, V, theta, keep, q, before):
    """The ledger of a memory that is changed before each error is measured."""
    writes = []
    for t in range(len(K)):
        write = _write(before(M, keep[t]), K[t], V[t], theta[t])
        writes = [*(keep[t] * one for one in writes), write]
        M = keep[t] * M + write
    return torch.stack([q @ one for one in writes])


@ledger.wrong("If keep is 0.9, how much of an old write is left after one token?")
def keeps_what_it_should_forget(M, K, V, theta, keep, q):
    """You multiply by 1 - keep. That is the share that is forgotten."""
    return entries(M, K, V, theta, 1 - keep, q)


@ledger.wrong("Whose error is it that a token writes, that of its own key or that of the question?")
def measures_at_the_question(M, K, V, theta, keep, q):
    """You ask the memory with q while the text is read. The question comes after the text, and
    each token asks with its own key."""
    writes = []
    for t in range(len(K)):
        write = theta[t] * torch.outer(K[t], V[t] - q @ M)
        writes = [*(keep[t] * one for one in writes), write]
        M = keep[t] * M + write
    return torch.stack([q @ one for one in writes])


@ledger.wrong("With what is the memory asked after the text?")
def asks_with_each_key(M, K, V, theta, keep, q):
    """You ask every write with its own key. There is one question, q, for all of them."""
    eye = torch.eye(len(q), dtype=q.dtype)
    each = torch.stack([_entries(M, K, V, theta, keep, row) for row in eye])  # (d, T, d)
    return torch.einsum("ti,ito->to", K, each)


@ledger.wrong("What of the answer after token 3 was there already before token 3?")
def answers_on_the_way(M, K, V, theta, keep, q):
    """Your rows are the answers after each token. An entry is what one write adds to the last
    one."""
    return torch.stack(_answers(M, K, V, theta, keep, q)[1:])


@ledger.wrong("Does the answer change at a token only by what this token writes?")
def counts_the_forgetting_too(M, K, V, theta, keep, q):
    """Your rows are the changes of the answer from token to token. They contain what the token
    made the memory forget."""
    said = _answers(M, K, V, theta, keep, q)
    return torch.stack([new - old for old, new in zip(said, said[1:], strict=False)])


def _answers(M, K, V, theta, keep, q):
    """The answer to q before the text, and after each of its tokens."""
    said = [q @ M]
    for t in range(len(K)):
        M = keep[t] * M + _write(M, K[t], V[t], theta[t])
        said.append(q @ M)
    return said


@ledger.wrong("What happens to the memory itself at each token, besides the write?")
def forgets_the_writes_alone(M, K, V, theta, keep, q):
    """Your entries fade, but the memory that the errors are measured at does not."""
    return _unequal(M, K, V, theta, keep, q, keep, torch.ones_like(keep))


@ledger.wrong("Through how many tokens does the last write have to last, and the first?")
def fades_all_alike(M, K, V, theta, keep, q):
    """All of your entries have faded equally. A write fades only at the tokens after it."""
    bare = _unequal(M, K, V, theta, keep, q, torch.ones_like(keep), keep)
    return keep.prod() * bare


def _unequal(M, K, V, theta, keep, q, of_writes, of_memory):
    """The ledger where the writes and the memory fade in different ways."""
    writes = []
    for t in range(len(K)):
        write = _write(M, K[t], V[t], theta[t])
        writes = [*(of_writes[t] * one for one in writes), write]
        M = of_memory[t] * M + write
    return torch.stack([q @ one for one in writes])


@ledger.wrong("Which tokens came between that key and the question, and what did they do?")
def adds_values_alone(M, K, V, theta, keep, q):
    """Your entries are values, weighted by how well their keys fit the question. That is linear
    attention: no rate, no error, no forgetting."""
    return (K @ q)[:, None] * V


@ledger.wrong("Does an entry say what is in the answer, or what would happen without the token?")
def takes_the_token_out(M, K, V, theta, keep, q):
    """You read the text again without each token. Here nothing is read again: the errors are those
    of the text as it was read."""
    whole, found = q @ end_of(M, K, V, theta, keep), []
    for t in range(len(K)):
        rest = torch.arange(len(K)) != t
        found.append(whole - q @ end_of(M, K[rest], V[rest], theta[rest], keep[rest]))
    return torch.stack(found)
