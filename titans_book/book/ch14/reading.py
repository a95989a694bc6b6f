"""A finder reads one haystack and is asked again and again: what would it answer by now?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from titans_book.book.ch14.finders import haystacks
from titans_book.evaluation.lengths import LengthTable, needle_grid
from titans_book.inspection.switching import switched_off
from titans_book.model import TitansLM

__all__ = [
    "EVERY",
    "NEEDLE",
    "QUESTION",
    "Asked",
    "Haystack",
    "Often",
    "asked_on_the_way",
    "grid",
    "haystack",
    "share_found",
    "stretch",
    "told_often",
]

EVERY = 64  # tokens between two questions
NEEDLE, QUESTION = 3, 2  # tokens


class Haystack(NamedTuple):
    """One row of tokens without its question, the question, the answer, and the needle's place."""

    tokens: Tensor
    question: Tensor
    answer: int
    at: int


class Asked(NamedTuple):
    """What was found on the way.

    times    tokens read before each question; the first is 0.
    chances  the probability of the right answer.
    written  M_t - M_0 of the last layer of every block, (times, blocks, heads, d_in, d_out).
    """

    times: list[int]
    chances: Tensor
    written: Tensor


def haystack(length: int = 1024, depth: float | int = 0, seed: int = 1) -> Haystack:
    """A haystack to look into.

    >>> haystack(64, 0.5).at
    30
    """
    task = haystacks(length, depth, rows=1, seed=seed)
    tokens = task.inputs[0]
    at = round(depth * (length - NEEDLE - QUESTION))
    return Haystack(tokens[:-QUESTION], tokens[-QUESTION:], int(task.targets[0, -1]), at)


def stretch(length: int, start: int, stop: int) -> Tensor:
    """(length) of True and False: True from start up to stop.

    >>> stretch(4, 1, 3)
    tensor([False,  True,  True, False])
    """
    place = torch.arange(length)
    return (place >= start) & (place < stop)


@torch.no_grad()
def asked_on_the_way(
    model: TitansLM, hay: Haystack, off: tuple[int, int] = (0, 0), what: str = "writing"
) -> Asked:
    """Read the haystack, and ask its question after every 64 tokens, and write nothing of it.

    off: the stretch in which `what` is switched off, "writing", "forgetting" or "both".
    """
    where = stretch(len(hay.tokens), *off)
    state, read, chances, written = None, 0, [], []
    pieces = [hay.tokens[:0], *hay.tokens.split(EVERY)]
    times = [sum(map(len, pieces[: n + 1])) for n in range(len(pieces))]
    for piece, read in zip(pieces, times, strict=True):
        if read:
            with switched_off(model, where, what):
                _, state = model(piece[None], state)
        logits, _ = model(hay.question[None], state)
        chances.append(logits[0, -1].softmax(-1)[hay.answer])
        written.append(torch.stack([_written(model, n, state) for n in range(len(model.blocks))]))
    return Asked(times, torch.stack(chances), torch.stack(written))


def _written(model: TitansLM, block: int, state) -> Tensor:
    first = model.blocks[block].memory.first_weights()[-1]
    return torch.zeros_like(first) if state is None else (
        state.blocks[block].memory.weights[-1][0] - first
    )  # fmt: skip


@torch.no_grad()
def share_found(
    model: TitansLM,
    length: int,
    depth: float | int,
    off: str = "",
    what: str = "writing",
    rows: int = 64,
) -> float:
    """The share of needles found. off: "before" or "after" the needle, or "hay" for both.

    Raises ValueError for another stretch.
    """
    task = haystacks(length, depth, rows=rows)
    at = round(depth * (length - NEEDLE - QUESTION))
    before, after = stretch(length, 0, at), stretch(length, at + NEEDLE, length - QUESTION)
    places = {"": before & after, "before": before, "after": after, "hay": before | after}
    if off not in places:
        raise ValueError(f"off must be one of {', '.join(map(repr, places))}, got {off!r}")
    with switched_off(model, places[off], what):
        logits, _ = model(task.inputs)
    return (logits[:, -1].argmax(-1) == task.targets[:, -1]).float().mean().item()


def grid(model: TitansLM, depths: Sequence[float | int], lengths: Sequence[int]) -> LengthTable:
    """The share of needles found for every depth and length, of 32 haystacks each."""
    return needle_grid(model, lambda depth, length: haystacks(length, depth), depths, lengths)


class Often(NamedTuple):
    """A row in which one key is told several times; what was told, and where the values are."""

    tokens: Tensor
    told: list[int]
    values: list[int]


def told_often(seed: int = 0, length: int = 96, places: tuple[int, ...] = (5, 40, 54, 80)) -> Often:
    """The same key at several places, each time with another value, and the question at the end.

    >>> told_often().values
    [7, 42, 56, 82]
    """
    random = torch.Generator().manual_seed(seed)
    tokens, key = torch.randint(1, 32, (length,), generator=random), 40
    told = (48 + torch.randperm(16, generator=random)[: len(places)]).tolist()
    for place, value in zip(places, told, strict=True):
        tokens[place : place + NEEDLE] = torch.tensor([0, key, value])
    tokens[-QUESTION:] = torch.tensor([0, key])
    return Often(tokens, told, [place + NEEDLE - 1 for place in places])
