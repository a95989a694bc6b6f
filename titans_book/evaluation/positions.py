"""Bits by position: does a model profit from what it has read, and for how long?

Taught in chapters 13 and 14.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from titans_book.check import whole
from titans_book.evaluation.lengths import PIECE
from titans_book.evaluation.pieces import Model, pieces
from titans_book.evaluation.scores import bits


@dataclass(frozen=True)
class PositionBits:
    """How well a token is foretold, by how much of its window was read before.

    edges    bin i is of the tokens before which edges[i] + 1 to edges[i + 1] tokens were read.
    bits     of a token, the mean of each bin, in bits. Perplexity a token is 2 to this power.
    windows  how many windows were read, each with a fresh state.
    """

    edges: tuple[int, ...]
    bits: Float[Tensor, " bins"]
    windows: int


def bits_by_position(
    model: Model,
    tokens: Int[Tensor, " total"],
    length: int,
    bins: int | Sequence[int] = 8,
    *,
    batch: int = 8,
    piece: int = PIECE,
) -> PositionBits:
    """Read a text in windows of `length` tokens, one after the other, each with a fresh state.

    bins     how many, of the same width; or their edges, rising from 0 to `length`.
    batch    windows side by side. What is left behind the last whole window is not read.

    Raises ValueError if the text is shorter than one window and the token behind it, for edges that
    do not rise from 0 to `length`, and for a length, batch or piece below 1.
    """
    whole("length", length, least=1)
    whole("batch", batch, least=1)
    edges = _edges(bins, length)
    starts = torch.arange(0, len(tokens) - length, length)
    if not len(starts):
        raise ValueError(f"tokens must hold {length + 1} or more, got {len(tokens)}")
    nats = torch.zeros(length, dtype=torch.float64)
    for some in starts.split(batch):
        rows = tokens[some[:, None] + torch.arange(length + 1)].long()
        targets = rows[:, 1:].split(piece, dim=1)
        parts = zip(pieces(model, rows[:, :-1], piece), targets, strict=True)
        nats += torch.cat([_nats(logits, due) for logits, due in parts])
    means = [part.mean().item() for part in nats.split([b - a for a, b in _pairs(edges)])]
    return PositionBits(edges, bits(1) * torch.tensor(means) / len(starts), len(starts))


def _nats(
    logits: Float[Tensor, "batch part vocab"], due: Int[Tensor, "batch part"]
) -> Float[Tensor, " part"]:
    """The loss at each position, summed over the batch, on the CPU in float64."""
    loss = F.cross_entropy(logits.transpose(1, 2), due.to(logits.device), reduction="none")
    return loss.double().sum(0).cpu()


def _edges(bins: int | Sequence[int], length: int) -> tuple[int, ...]:
    if isinstance(bins, int):
        if not 1 <= bins <= length:
            raise ValueError(f"bins must be from 1 to length={length}, got {bins}")
        return tuple(i * length // bins for i in range(bins + 1))
    edges = tuple(bins)
    rising = all(a < b for a, b in _pairs(edges))
    if len(edges) < 2 or not rising or (edges[0], edges[-1]) != (0, length):
        raise ValueError(f"bins must rise from 0 to length={length}, got {edges}")
    return edges


def _pairs(edges: Sequence[int]) -> list[tuple[int, int]]:
    return list(zip(edges, edges[1:], strict=False))
