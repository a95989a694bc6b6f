"""The longest chunk that cannot explode, an exercise of chapter 06 about the gauge."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from titans_book.book.ch06.alike import CHUNKS, text
from titans_book.book.ch06.exercises import CHAPTER
from titans_book.lab.learning.exercise import Exercise, Step
from titans_book.memory.stability import BOUND, gauge


def _safe_chunk(k, theta):
    return max(b for b in CHUNKS if gauge(k, theta, b).max() < BOUND)


def _texts(function: Callable) -> Iterator[Step]:
    """The largest safe chunk of texts that are more or less alike, with rates that change."""
    kinds = ((0.0, 0.5), (0.5, 0.25), (0.9, 0.05), (0.3, 0.9), (0.7, 0.12), (0.0, 0.25), (0.2, 0.1))
    for number, (likeness, rate) in enumerate(kinds):
        k, _, _ = text(likeness, seed=int(100 * likeness))
        theta = rate * torch.linspace(0.3, 1.4, len(k)).double()
        theta = theta if number % 3 else theta.flip(0)
        yield {"b": torch.as_tensor(float(function(k, theta)), dtype=torch.float64)}


_texts.names = lambda: ("k", "theta")

safe_chunk = Exercise(
    name="06.safe_chunk",
    what="the longest chunk that cannot explode",
    reference=_safe_chunk,
    probe=_texts,
    hints=(
        "Try all seven lengths. For each of them the gauge gives one number a chunk; one chunk "
        "beyond the border is enough to spoil the memory.",
        "gauge(k, theta, b) has one entry for each chunk: `.max()`. What is asked for is the "
        "length b, a whole number, and not the gauge.",
        "    return max(safe)\n"
        "    safe = [b for b in lengths if gauge(k, theta, b).max() < BOUND]\n"
        "    lengths = (1, 2, 4, 8, 16, 32, 64)",
    ),
    source="the gauge, with the border at 2",
    taught=CHAPTER,
    part=False,
    solution="def safe_chunk(k, theta):\n"
    "    lengths = (1, 2, 4, 8, 16, 32, 64)\n"
    "    return max(b for b in lengths if gauge(k, theta, b).max() < BOUND)",
)


def _longest(level, limit=BOUND, least=1):
    """The longest chunk whose level stays below the limit."""
    return max([b for b in CHUNKS if level(b) < limit], default=least)


@safe_chunk.wrong("If one chunk of sixteen explodes, is the text safe on average?")
def takes_the_mean(k, theta):
    """It asks the gauge of an average chunk. One chunk beyond the border is enough."""
    return _longest(lambda b: gauge(k, theta, b).mean())


@safe_chunk.wrong("At a gauge of 1.5, is an error of 1 afterwards larger than 1?")
def stops_at_one(k, theta):
    """It stops at 1. From there on an error is overshot, but up to 2 it still shrinks."""
    return _longest(lambda b: gauge(k, theta, b).max(), limit=1.0)


@safe_chunk.wrong("What does a chunk of sixteen keys at right angles have for a gauge?")
def fears_that_all_are_alike(k, theta):
    """It divides 2 by theta, as if all keys were the same. Keys that differ do not add up."""
    return _longest(lambda b: b * theta.max())


@safe_chunk.wrong("What does the gauge say at the length that you return?")
def takes_the_first_that_explodes(k, theta):
    """It returns the first length that is beyond the border, one too long."""
    return next((b for b in CHUNKS if gauge(k, theta, b).max() >= BOUND), 64)


@safe_chunk.wrong("Is a text safe whose calmest chunk is?")
def takes_the_calmest_chunk(k, theta):
    """It looks at the smallest gauge of all chunks."""
    return _longest(lambda b: gauge(k, theta, b).min())


@safe_chunk.wrong("The chunks begin again and again. Which ones has yours looked at?")
def looks_at_the_first_chunk(k, theta):
    """It looks only at the first chunk of each length."""
    return _longest(lambda b: gauge(k, theta, b)[0])


@safe_chunk.wrong("What is asked for: how far the gauge goes, or how long a chunk may be?")
def returns_the_gauge(k, theta):
    """It returns the gauge itself. A length is asked for."""
    return float(gauge(k, theta, _safe_chunk(k, theta)).max())


@safe_chunk.wrong("Does a write rate of 0.1 at one token help where it is 0.9 at the next?")
def takes_the_mean_rate(k, theta):
    """It asks the gauge with one mean rate for all tokens. theta stands inside the sum: each key
    counts with its own."""
    return _longest(lambda b: gauge(k, 0 * theta + theta.mean(), b).max())


@safe_chunk.wrong("Is 11 one of the seven lengths?")
def tries_every_length(k, theta):
    """It tries every length from 1 to 64. Only 1, 2, 4, ... 64 are asked for."""
    return max(b for b in range(1, 65) if gauge(k, theta, b).max() < BOUND)
