"""An exercise of chapter 14: what an answer loses if a token does not write."""

from __future__ import annotations

import torch

from titans_book.book.ch14.exercises import CHAPTER
from titans_book.book.ch14.exercises_ledger import MISFIT, texts
from titans_book.book.ch14.small import end_of, entries, worths
from titans_book.lab.learning.exercise import Exercise

replay = Exercise(
    name="14.worths",
    what="what an answer loses without each write",
    reference=worths,
    probe=texts,
    hints=(
        "Read the text once as it is. Then read it once more for each token, with nothing changed "
        "but that this token does not write.",
        "`end_of(M, K, V, theta, keep)` is the memory after the text, (d, d). A token with theta = "
        "0 writes nothing. `theta.clone()` is a copy that you may change.",
        "    return torch.stack(found)\n"
        "        found.append(whole - q @ end_of(M, K, V, without, keep))\n"
        "        without[t] = 0\n        without = ...\n    for t in range(len(K)):\n"
        "    whole, found = q @ end_of(M, K, V, theta, keep), []",
    ),
    source="a second reading without each write",
    taught=CHAPTER,
    part=False,
    misfit=MISFIT,
    grade="short",
)


def _without(M, K, V, theta, keep, q, change):
    """The worths, where `change(t, V, theta, keep)` returns V, theta and keep for a new reading."""
    whole = q @ end_of(M, K, V, theta, keep)
    changed = (change(t, V.clone(), theta.clone(), keep.clone()) for t in range(len(K)))
    return torch.stack([whole - q @ end_of(M, K, *given) for given in changed])


def _off(t, V, theta, keep):
    theta[t] = 0
    return V, theta, keep


@replay.wrong("A token whose write is off is still read. What else does it do to the memory?")
def takes_the_token_out(M, K, V, theta, keep, q):
    """You take the token out of the text, and its forgetting with it. Only its write is to go."""

    def change(t, V, theta, keep):
        keep[t] = 1
        return _off(t, V, theta, keep)

    return _without(M, K, V, theta, keep, q, change)


@replay.wrong("Which writes are still on when you come to the last token?")
def never_switches_on_again(M, K, V, theta, keep, q):
    """You change theta for good, so after token t all writes up to t are off."""

    def change(t, V, theta, keep):
        theta[: t + 1] = 0
        return V, theta, keep

    return _without(M, K, V, theta, keep, q, change)


@replay.wrong("Is a value of 0 nothing, or is it a value that is written?")
def writes_a_zero(M, K, V, theta, keep, q):
    """You let the token write the value 0, which erases what the memory has under its key."""

    def change(t, V, theta, keep):
        V[t] = 0
        return V, theta, keep

    return _without(M, K, V, theta, keep, q, change)


@replay.wrong("Do later tokens still write?")
def stops_writing(M, K, V, theta, keep, q):
    """From token t on, you write nothing at all."""

    def change(t, V, theta, keep):
        theta[t:] = 0
        return V, theta, keep

    return _without(M, K, V, theta, keep, q, change)


@replay.wrong("If a write helped the answer, should its worth be along the answer or against it?")
def has_the_other_sign(M, K, V, theta, keep, q):
    """You subtract the answer with the write from the answer without it."""
    return -worths(M, K, V, theta, keep, q)


@replay.wrong("Would later tokens have written the same without this write?")
def is_the_ledger(M, K, V, theta, keep, q):
    """You take the entries of the ledger. Without a write, later errors are others."""
    return entries(M, K, V, theta, keep, q)


@replay.wrong("What is the answer with all writes, less your result?")
def forgets_to_subtract(M, K, V, theta, keep, q):
    """You return the answers themselves, not what they lack."""
    return q @ end_of(M, K, V, theta, keep) - worths(M, K, V, theta, keep, q)


@replay.wrong("Can a write not also pull the answer down?")
def drops_the_signs(M, K, V, theta, keep, q):
    """You take absolute values. Some writes work against others, and that should show."""
    return worths(M, K, V, theta, keep, q).abs()


@replay.wrong("How many tokens write in each of your readings?")
def lets_one_token_write(M, K, V, theta, keep, q):
    """You do it the other way round: one token writes and all others are off."""

    def change(t, V, theta, keep):
        theta[torch.arange(len(theta)) != t] = 0
        return V, theta, keep

    return q @ end_of(M, K, V, theta, keep) - _without(M, K, V, theta, keep, q, change)


@replay.wrong("How many tokens write in each of your readings, and how many should?")
def counts_all_other_writes(M, K, V, theta, keep, q):
    """One token writes in each of your readings. You return what all the *other* writes add."""

    def change(t, V, theta, keep):
        theta[torch.arange(len(theta)) != t] = 0
        return V, theta, keep

    return _without(M, K, V, theta, keep, q, change)


@replay.wrong("With which memory does each of your readings begin?")
def begins_where_it_ended(M, K, V, theta, keep, q):
    """Your second reading begins with the memory that the first one left (a line says `M = ...`).
    Each reading should begin with the M that was given."""
    whole, found = q @ end_of(M, K, V, theta, keep), []
    for t in range(len(K)):
        without = theta.clone()
        without[t] = 0
        M = end_of(M, K, V, without, keep)
        found.append(whole - q @ M)
    return torch.stack(found)


@replay.wrong("Does the text end at the token whose write is off?")
def stops_reading(M, K, V, theta, keep, q):
    """You stop reading at token t. The tokens after it still belong to the text."""
    whole = q @ end_of(M, K, V, theta, keep)
    said = [q @ end_of(M, K[:t], V[:t], theta[:t], keep[:t]) for t in range(len(K))]
    return torch.stack([whole - one for one in said])


@replay.wrong("When is the question asked, after each token or after the text?")
def counts_the_steps(M, K, V, theta, keep, q):
    """Your rows say how much the answer changes at each token. The question is what the *last*
    answer would be without the write."""
    said = [q @ end_of(M, K[:t], V[:t], theta[:t], keep[:t]) for t in range(len(K) + 1)]
    return torch.stack([new - old for old, new in zip(said, said[1:], strict=False)])


@replay.wrong("In which unit is the docstring's loss, and in which is yours?")
def divides_by_the_answer(M, K, V, theta, keep, q):
    """You divide by the answer. The loss itself is asked for, in the units of the values."""
    return worths(M, K, V, theta, keep, q) / (q @ end_of(M, K, V, theta, keep))


@replay.wrong("Which gate stands for writing, and which value shuts it?")
def opens_the_gate(M, K, V, theta, keep, q):
    """You set theta to 1, so the token writes all of its error."""

    def change(t, V, theta, keep):
        theta[t] = 1
        return V, theta, keep

    return _without(M, K, V, theta, keep, q, change)


@replay.wrong("Which gate stands for writing?")
def shuts_the_wrong_gate(M, K, V, theta, keep, q):
    """You set keep to 0. Then the token wipes the whole memory and still writes."""

    def change(t, V, theta, keep):
        keep[t] = 0
        return V, theta, keep

    return _without(M, K, V, theta, keep, q, change)


@replay.wrong("What did the memory hold before the text?")
def begins_empty(M, K, V, theta, keep, q):
    """You begin with an empty memory. The errors depend on what was in it."""
    return worths(torch.zeros_like(M), K, V, theta, keep, q)


@replay.wrong("On which side of the memory does a question stand in this book?")
def asks_from_the_right(M, K, V, theta, keep, q):
    """One of your two answers is `M @ q`, the other `q @ M`."""
    found = []
    for t in range(len(K)):
        without = theta.clone()
        without[t] = 0
        found.append(end_of(M, K, V, without, keep) @ q)
    return q @ end_of(M, K, V, theta, keep) - torch.stack(found)
