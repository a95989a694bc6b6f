"""An exercise of chapter 14: what an answer loses if a token does not write."""

from __future__ import annotations

import torch

from titans_book.book.ch14.exercises import CHAPTER, MISFIT, texts
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
