"""Text in which things come back: passages of a real text, some of which return far behind.

    plain text  A  plain text  B  C  A  plain text  C (the middle of it)  D  A ...

Everything is text of a book when it comes first, so there is no mark and no question: a model must
notice by itself that it has read this before. A name or a phrase returns as a part of its passage.
Only a memory of what was read lets a model foretell the second reading better than the first.
Taught in chapter 13.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int
from torch import Generator, Tensor

from titans_book.tasks.batch import IGNORED, TaskBatch
from titans_book.tasks.check import count, fraction, pair, source

__all__ = ["ReturningBatch", "returning"]


@dataclass(frozen=True)
class ReturningBatch(TaskBatch):
    """A TaskBatch, and where the token that is due stands in something that has come back.

    The first token of what comes back does not count: nothing says that it will come.
    """

    again: Bool[Tensor, "batch time"]


def returning(
    tokens: Int[Tensor, " total"],
    batch: int,
    *,
    time: int = 256,
    passage: int | tuple[int, int] = (12, 40),
    back: float | int = 0.5,
    part: float | int = 0.5,
    plain: float | int = 1.0,
    seed: int | Generator = 0,
) -> ReturningBatch:
    """A batch of sequences, (batch, time), of passages from anywhere in `tokens`.

    passage  the least and the most tokens of a passage, drawn evenly; one number: always as many.
    back     the share of passages that are not new: one that this sequence has told comes back.
    part     the share of these of which only a part returns, half of it or more.
    plain    the share of new tokens that are due; what has come back is always due. Below 1 a model
             learns more of its memory and less of the language.
    seed     an int or a torch.Generator; the same seed gives the same batch.

    Raises ValueError or TypeError naming the field.

    >>> task = returning(torch.arange(1000), 1, time=12, passage=4, part=0, seed=1)
    >>> task.inputs[0].tolist()
    [428, 429, 430, 431, 428, 429, 430, 431, 612, 613, 614, 615]
    >>> task.targets[task.again].tolist()
    [429, 430, 431]
    """
    batch, time, g = count("batch", batch), count("time", time), source(seed)
    low, high = (count("passage", n) for n in pair("passage", passage))
    if low > high or high > len(tokens):
        raise ValueError(
            f"passage must go from low to high, at most the {len(tokens)} tokens, got {passage}"
        )
    shares = fraction("back", back), fraction("part", part)
    rows = [_row(tokens, time + 1, (low, high), shares, g) for _ in range(batch)]
    whole, again = (torch.stack(parts) for parts in zip(*rows, strict=True))
    asked = torch.rand(batch, time, generator=g) < fraction("plain", plain)
    targets, again = whole[:, 1:].clone(), again[:, 1:]
    targets[~(asked | again)] = IGNORED
    return ReturningBatch(whole[:, :-1], targets, again)


def _row(
    tokens: Tensor, time: int, sizes: tuple[int, int], shares: tuple[float, float], g: Generator
) -> tuple[Tensor, Tensor]:
    """One sequence of `time` tokens, and which of them stand in what has come back."""
    told: list[Tensor] = []
    parts: list[Tensor] = []
    marks: list[Tensor] = []
    while sum(map(len, parts)) < time:
        old = bool(told) and _chance(g) < shares[0]
        if old:
            piece = told[_below(g, len(told))]
            piece = _part(piece, g) if _chance(g) < shares[1] else piece
        else:
            length = sizes[0] + _below(g, sizes[1] - sizes[0] + 1)
            start = _below(g, len(tokens) - length + 1)
            piece = tokens[start : start + length].long()
            told.append(piece)
        parts.append(piece)
        marks.append((torch.arange(len(piece)) > 0) & old)
    return torch.cat(parts)[:time], torch.cat(marks)[:time]


def _part(piece: Tensor, g: Generator) -> Tensor:
    """A stretch of the passage, half of it or more."""
    length = -(-len(piece) // 2) + _below(g, len(piece) // 2 + 1)
    start = _below(g, len(piece) - length + 1)
    return piece[start : start + length]


def _chance(g: Generator) -> float:
    return torch.rand(1, generator=g).item()


def _below(g: Generator, n: int) -> int:
    return int(torch.randint(n, (1,), generator=g).item())
