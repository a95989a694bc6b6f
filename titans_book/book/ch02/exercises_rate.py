"""The open design of chapter 02: a write rate of one's own, for three streams at once.

It has many right answers. It is judged by what a memory makes of the streams of rates.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from titans_book.book.ch02.rates import BAR, STREAMS, ratios
from titans_book.lab.learning.exercise import Exercise, Step

CHAPTER = "notebooks/02_surprise_is_a_gradient.ipynb"
NAN = -1.2345  # stands for what is no number
GROWS = 20.0  # a ratio that only errors have that grow
SIZES = (0.0, 0.1, 0.4, 0.6, 0.9, 1.0, 1.4)  # of the errors that it is asked about


def _examples() -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """M, k, v with short and long keys, and with small and large errors."""
    random = torch.Generator().manual_seed(4)
    for place, size in enumerate(SIZES):
        M, k, off = (torch.randn(s, generator=random, dtype=torch.float64) for s in [(4, 3), 4, 3])
        k = k / k.norm() * (0.5 if place % 2 else 2.0)
        yield M, k, k @ M + size * off / off.norm() if size else k @ M


def _tried_on(function: Callable) -> Iterator[Step]:
    """Its rates for a few pairs; then its ratios, one for each stream."""
    rates = torch.stack([torch.as_tensor(function(*each)).double() for each in _examples()])
    rates = rates.nan_to_num(nan=NAN)
    nothing = {"rates": rates, "ratios": torch.zeros(len(STREAMS))}
    yield nothing
    if (rates == NAN).any():
        yield nothing
        return
    found = ratios(getattr(function, "function", function))
    yield {"rates": rates, "ratios": torch.tensor(list(found.values()))}


_tried_on.names = lambda: ("M", "k", "v")


def _good_enough(steps: list[Step]) -> str:
    """What is missing: the stream at which it is worst, and by how much."""
    rates = steps[0]["rates"]
    if (rates == NAN).any():
        return "It gives NaN where the memory is right already. Is something divided by the error?"
    found = dict(zip(STREAMS, steps[1]["ratios"].tolist(), strict=True))
    kind, ratio = max(found.items(), key=lambda pair: pair[1])
    if ratio <= BAR:
        return ""
    each = ", ".join(f"{name} {value:.2f}" for name, value in found.items())
    said = f"Its score is {ratio:.2f}, where {BAR} or less is asked for ({each})."
    if not rates.any():
        return f"{said} It is 0 for every pair, so nothing is ever written."
    if ratio > GROWS:
        return (
            f"{said} The errors grow from write to write. Is your rate positive, and is θ|k|² "
            "below 2 for keys of length 3?"
        )
    return f"{said} {_alike(rates) or _advice(kind)}"


def _alike(rates: torch.Tensor) -> str:
    """Whether it gives all pairs the same rate, or the same share of their errors."""
    if float(rates.max() - rates.min()) < 1e-9:
        return "It is the same number for every pair, although long keys need a smaller rate."
    squares = torch.stack([k @ k for _, k, _ in _examples()])
    shares = rates * squares
    if float(shares.max() - shares.min()) < 1e-9:
        return (
            f"It always corrects the same share of the error, {float(shares[0]):.2g}. No single "
            "share is good for all three streams: let it depend on the error."
        )
    return ""


def _advice(kind: str) -> str:
    return {
        "calm": "There every value is true, so each error should be corrected in full. How large "
        "is the error at a first meeting?",
        "noisy": "There noise of size 0.5 is written into the memory. How large are the errors of "
        "a memory that has learned all pairs?",
        "changing": "There the old values have to go quickly. How large is the error when a value "
        "has changed, and what share of it do you correct?",
    }[kind]


def my_rate_reference(M, k, v):
    """Correct a large error in full, and a small one by a fifth."""
    error = (k @ M - v).norm()
    share = 1.0 if error > 0.8 else 0.2
    return share / (k @ k)


my_rate = Exercise(
    name="02.my_rate",
    what="a write rate that is good in three streams",
    reference=my_rate_reference,
    probe=_tried_on,
    hints=(
        "Which errors come from noise, and which from a value that is new? Their sizes differ.",
        "M: (d_in, d_out), k: (d_in), v: (d_out). A number comes back. With the rate "
        "share / (k @ k), one write corrects this share of the error.",
        "    return share / (k @ k)\n    error = (read(M, k) - v).norm()\n"
        "    share = ...  (large where the error is large, small where it could be noise)",
    ),
    source="the best share for each stream",
    taught=CHAPTER,
    part=False,
    grade="open",
    accept=_good_enough,
    solution="def my_rate(M, k, v):\n"
    "    error = (read(M, k) - v).norm()\n"
    "    share = 1.0 if error > 0.8 else 0.2\n"
    "    return share / (k @ k)",
)


def _error(M, k, v):
    return (k @ M - v).norm()


@my_rate.wrong("What is θ|k|² for a key of length 3?")
def is_always_one(M, k, v):
    """It is 1 for every pair. For a key that is longer than √2, each write makes the error
    larger."""
    return k.new_ones(())


@my_rate.wrong("How much of an error does θ = 0.1 correct, if the key is 0.5 long?")
def is_a_small_constant(M, k, v):
    """It is 0.1 for every pair. Long keys learn well with it, short ones next to nothing."""
    return k.new_tensor(0.1)


@my_rate.wrong("What does this rate write when the value comes with noise?")
def is_the_exact_rate(M, k, v):
    """It is the exact rate, 1/|k|². The memory believes every value in full, and all of the noise
    with it."""
    return 1 / (k @ k)


@my_rate.wrong("How often does the key come into the answer after a write?")
def divides_by_the_length(M, k, v):
    """It is 1/|k|, not 1/|k|². For long keys the write goes too far, for short ones not far
    enough."""
    return 1 / k.norm()


@my_rate.wrong("After how many meetings is 90 % of a changed value corrected?")
def corrects_a_fifth(M, k, v):
    """It always corrects a fifth of the error. That averages the noise out, but a new value takes
    ten meetings."""
    return 0.2 / (k @ k)


@my_rate.wrong("Which two streams do you compromise between?")
def corrects_half(M, k, v):
    """It always corrects half of the error: a compromise that is good in none of the streams."""
    return 0.5 / (k @ k)


@my_rate.wrong("Which is more likely to be noise: a small error, or a large one?")
def trusts_small_errors(M, k, v):
    """It corrects less of a large error than of a small one. But the large ones are the news."""
    return 1 / (1 + 2 * _error(M, k, v)) / (k @ k)


@my_rate.wrong("How large is the noise, compared with your threshold?")
def listens_to_noise(M, k, v):
    """Its threshold is 0.3, and noise of size 0.5 is above it. So nearly all noise is written."""
    return (1.0 if _error(M, k, v) > 0.3 else 0.2) / (k @ k)


@my_rate.wrong("How large is the error when an empty memory meets a value of length 1?")
def misses_first_meetings(M, k, v):
    """Its threshold is above 1. The values have length 1, so a first meeting with an empty memory
    stays below it."""
    return (1.0 if _error(M, k, v) > 1.1 else 0.2) / (k @ k)


@my_rate.wrong("What becomes of the noise of the first meeting, if it is never corrected?")
def ignores_small_errors(M, k, v):
    """It writes nothing when the error is small. Then the noise of the first meeting stays in the
    memory, where a small share would average it out."""
    return (1.0 if _error(M, k, v) > 0.8 else 0.0) / (k @ k)


@my_rate.wrong("Which two factors make up the length of the gradient?")
def compares_the_gradient(M, k, v):
    """It compares |u| with a threshold. |u| has the length of the key in it, so a long key looks
    surprising and a short one does not."""
    large = k.norm() * _error(M, k, v) > 0.8
    return (1.0 if large else 0.2) / (k @ k)


@my_rate.wrong("How much of an error of 1 do you correct?")
def never_corrects_in_full(M, k, v):
    """Its share grows with the error, but even at an error of 1 it is only a half, so new values
    are learned too slowly."""
    square = _error(M, k, v) ** 2
    return square / (square + 1) / (k @ k)


@my_rate.wrong("Which part of your rate knows how long the key is?")
def forgets_the_key(M, k, v):
    """It is the share itself. To be a rate it has to be divided by |k|²."""
    return k.new_tensor(1.0 if _error(M, k, v) > 0.8 else 0.2)
