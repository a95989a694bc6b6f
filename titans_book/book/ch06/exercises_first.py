"""An experiment of chapter 06: the shortest chunk at which a memory explodes.

write(M, k, v) returns the memory after one chunk, error(M) a number; k is (T, d_in), v (T, d_out).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from titans_book.book.ch06.alike import text
from titans_book.book.ch06.exercises import CHAPTER
from titans_book.lab.learning.exercise import Exercise, Step

__all__ = ["first_explosion"]


class Case(NamedTuple):
    """A text, a rate, the lengths to try, and how the error is scaled."""

    likeness: float
    theta: float
    time: int
    lengths: tuple[int, ...]
    scale: float


CASES = (
    Case(1.0, 0.3, 60, tuple(range(1, 20)), 0.6),
    Case(0.5, 0.3, 90, (2, 5, 9, 14, 20, 30), 3.0),
    Case(0.0, 0.2, 40, (1, 2, 4), 1.7),
    Case(1.0, 0.21, 11, (3, 8, 12, 21), 0.4),
    Case(1.0, 3.5, 800, (1, 2, 3), 2.5),
    Case(0.7, 0.25, 70, tuple(range(3, 30, 2)), 0.9),
    Case(1.0, 0.15, 31, tuple(range(6, 24, 3)), 1.3),
)


def first_explosion_reference(write, error, k, v, lengths):
    """The book's version."""
    d_in, d_out = k.shape[1], v.shape[1]
    empty = torch.zeros(d_in, d_out, dtype=k.dtype)
    for b in lengths:
        M = empty
        for start in range(0, len(k), b):
            M = write(M, k[start : start + b], v[start : start + b])
            if error(M) > error(empty):
                return b
    return 0


def _runs(function: Callable) -> Iterator[Step]:
    """What it measures, case by case; -1 stands for nothing at all."""
    for number, case in enumerate(CASES):
        told = text(case.likeness, case.time, seed=number, dim=6)

        def write(M: Tensor, k: Tensor, v: Tensor, theta: float = case.theta) -> Tensor:
            return M + theta * k.T @ (v - k @ M)

        def error(M: Tensor, W: Tensor = told.W, scale: float = case.scale) -> Tensor:
            return scale * (M - W).norm()

        found = function(write, error, told.k, told.v, case.lengths)
        yield {"b": torch.as_tensor(-1.0 if found is None else float(found), dtype=torch.float64)}


_runs.names = lambda: ("write", "error", "k", "v", "lengths")

first_explosion = Exercise(
    name="06.first_explosion",
    what="the shortest chunk at which a memory explodes",
    reference=first_explosion_reference,
    probe=_runs,
    hints=(
        "Two loops. The outer one takes the next length and an empty memory, the inner one reads "
        "the text, chunk after chunk. When do you know that a length explodes, and when that it "
        "does not?",
        "The memory is (d_in, d_out), so k.shape[1] by v.shape[1], and of k's dtype. "
        "`range(0, len(k), b)` gives the starts; a slice beyond the end is simply shorter.",
        "    return 0\n"
        "    M = write(M, k[start : start + b], v[start : start + b])\n"
        "    for b in lengths:\n"
        "    if error(M) > error(empty):\n"
        "    for start in range(0, len(k), b):\n"
        "    return b\n"
        "    M = empty\n"
        "    empty = torch.zeros(k.shape[1], v.shape[1], dtype=k.dtype)",
    ),
    source="the book's experiment",
    taught=CHAPTER,
    part=False,
    grade="build",
    misfit="k is (T, d_in), v is (T, d_out), the memory (d_in, d_out): which of them is different "
    "in your version?",
)


def _empty(k: Tensor, v: Tensor) -> Tensor:
    return torch.zeros(k.shape[1], v.shape[1], dtype=k.dtype)


def _trace(write, error, k, v, b, M=None) -> tuple[list[float], Tensor]:
    """The error before the first chunk and after each, and the last memory."""
    M = _empty(k, v) if M is None else M
    found = [float(error(M))]
    for start in range(0, len(k), b):
        M = write(M, k[start : start + b], v[start : start + b])
        found.append(float(error(M)))
    return found, M


def _first(lengths, explodes) -> int:
    return next((b for b in lengths if explodes(b)), 0)


@first_explosion.wrong("What is in the memory when the second length begins to read?")
def keeps_the_memory_between_lengths(write, error, k, v, lengths):
    """You make the empty memory only once, so each length starts with what the one before it has
    learned."""
    M, nothing = _empty(k, v), error(_empty(k, v))
    for b in lengths:
        found, M = _trace(write, error, k, v, b, M)
        if max(found[1:]) > nothing:
            return b
    return 0


@first_explosion.wrong("Can a memory be worse than an empty one for a while, and recover?")
def looks_at_the_end_alone(write, error, k, v, lengths):
    """You look at the error once, after the whole text. A memory that explodes may be small again
    by then, for example after a short last chunk."""
    return _first(lengths, lambda b: not _trace(write, error, k, v, b)[0][-1] <= _bar(error, k, v))


def _bar(error, k, v) -> float:
    return float(error(_empty(k, v)))


@first_explosion.wrong("Is NaN larger than 1?")
def takes_nan_for_a_small_number(write, error, k, v, lengths):
    """You look at the error once, after the whole text. A memory that has exploded long before is
    then full of NaN, and NaN is not larger than anything."""
    return _first(lengths, lambda b: _trace(write, error, k, v, b)[0][-1] > _bar(error, k, v))


@first_explosion.wrong("Which length is asked for: the last good one, or the first bad one?")
def returns_the_last_that_holds(write, error, k, v, lengths):
    """You return the last length that does not explode, one too early."""
    found = first_explosion_reference(write, error, k, v, lengths)
    return lengths[lengths.index(found) - 1] if found else lengths[-1]


@first_explosion.wrong("Is it the length itself that you return, or its place in the list?")
def returns_the_place(write, error, k, v, lengths):
    """You return the place in `lengths`, where the length itself is asked for."""
    found = first_explosion_reference(write, error, k, v, lengths)
    return lengths.index(found) if found else 0


@first_explosion.wrong("Ten tokens in chunks of four: how many chunks are there?")
def leaves_out_the_last_chunk(write, error, k, v, lengths):
    """You read full chunks only. The tokens that are left over at the end form a shorter chunk."""

    def explodes(b):
        whole = len(k) // b * b
        return max(_trace(write, error, k[:whole], v[:whole], b)[0]) > _bar(error, k, v)

    return _first(lengths, explodes)


@first_explosion.wrong("When may the loop over the lengths stop?")
def returns_the_longest(write, error, k, v, lengths):
    """You go through all lengths and return the last one that explodes. The first one is asked
    for: return as soon as you know it."""
    return _first(
        lengths[::-1], lambda b: max(_trace(write, error, k, v, b)[0]) > _bar(error, k, v)
    )


@first_explosion.wrong("With what should the error be compared: the chunk before, or the start?")
def compares_with_the_chunk_before(write, error, k, v, lengths):
    """You stop as soon as the error grows from one chunk to the next. Asked for is the first
    length that makes it larger than the error of the empty memory."""

    def explodes(b):
        found = _trace(write, error, k, v, b)[0]
        return any(late > soon for soon, late in zip(found, found[1:], strict=False))

    return _first(lengths, explodes)


@first_explosion.wrong("Is the error of an empty memory always 1?")
def compares_with_one(write, error, k, v, lengths):
    """You compare the error with 1. Here an empty memory has another error: ask `error` for it."""
    return _first(lengths, lambda b: max(_trace(write, error, k, v, b)[0]) > 1)


@first_explosion.wrong("How many tokens does one call of write get in your version?")
def writes_token_by_token(write, error, k, v, lengths):
    """You write one token at a time, whatever the length. A chunk has to go to `write` as a
    whole: all its tokens see the same memory."""
    return _first(lengths, lambda b: max(_trace(write, error, k, v, 1)[0]) > _bar(error, k, v))


@first_explosion.wrong("How many chunks does your memory read?")
def reads_one_chunk(write, error, k, v, lengths):
    """You write the first chunk alone. Where keys are not all alike it takes several chunks until
    a memory explodes."""
    return _first(
        lengths, lambda b: max(_trace(write, error, k[:b], v[:b], b)[0]) > _bar(error, k, v)
    )


@first_explosion.wrong("How far is it from the start of one chunk to the start of the next?")
def lets_chunks_overlap(write, error, k, v, lengths):
    """Your chunks start at every token and overlap, so each token is written b times."""

    def explodes(b):
        M, nothing = _empty(k, v), _bar(error, k, v)
        for start in range(len(k)):
            M = write(M, k[start : start + b], v[start : start + b])
            if error(M) > nothing:
                return True
        return False

    return _first(lengths, explodes)


@first_explosion.wrong("What does your function return where no length explodes?")
def returns_the_last_length_if_none_explodes(write, error, k, v, lengths):
    """Where no length explodes you return the last one. The docstring asks for 0 there."""
    return first_explosion_reference(write, error, k, v, lengths) or lengths[-1]
