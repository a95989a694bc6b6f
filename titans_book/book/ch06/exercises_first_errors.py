"""What people write instead of the experiment of chapter 06 with the first chunk that explodes."""

import torch
from torch import Tensor

from titans_book.book.ch06.exercises_first import first_explosion, first_explosion_reference


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


@first_explosion.wrong("What becomes of the memory that write returns?")
def throws_the_new_memory_away(write, error, k, v, lengths):
    """Your memory never changes: `write` returns a new one and leaves the old one as it is, so its
    result has to be kept, with `M = ...`."""
    return 0


@first_explosion.wrong("Inside which loop is your `return 0`?")
def gives_up_after_the_first_length(write, error, k, v, lengths):
    """You try the first length only, because `return 0` is inside the loop over the lengths. It is
    known only after the last of them that none explodes."""
    return first_explosion_reference(write, error, k, v, lengths[:1])


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
