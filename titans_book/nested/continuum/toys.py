"""Two small worlds that a continuum memory is tried in: terms of several paces, and A, then B.

Both are linear, and so are the levels that come with them: a matrix each, from 0. Taught in
chapter 12.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from titans_book.check import whole
from titans_book.nested.continuum.memory import ContinuumMemory
from titans_book.nested.continuum.state import ContinuumState


@dataclass(frozen=True)
class Terms:
    """A stream whose values are sums of terms, each of which changes at a pace of its own.

    x        keys of length 1, (batch, time, dim); target: the sum of the terms.
    terms    W_s x, (term, batch, time, dim), with W_s drawn anew after every `lasts[s]` tokens.
    """

    x: Tensor
    target: Tensor
    terms: Tensor


def terms_stream(
    time: int = 2048,
    batch: int = 4,
    dim: int = 8,
    lasts: Sequence[int | None] = (8, 64, 512, None),
    seed: int = 0,
) -> Terms:
    """target_t = W_1[t / lasts_1] x_t + W_2[t / lasts_2] x_t + ..., all terms of one size.

    lasts   tokens after which a term changes; None: never.

    Raises ValueError for sizes below 1.

    >>> terms_stream(time=16, batch=2).terms.shape
    torch.Size([4, 2, 16, 8])
    """
    for name, value in dict(time=time, batch=batch, dim=dim).items():
        whole(name, value, least=1)
    generator = torch.Generator().manual_seed(seed)
    x = F.normalize(torch.randn(batch, time, dim, generator=generator), dim=-1)
    terms = []
    for last in lasts:
        last = time if last is None else whole("each of lasts", last, least=1)
        W = torch.randn(batch, -(-time // last), dim, dim, generator=generator)
        now = W[:, torch.arange(time) // last] * len(lasts) ** -0.5
        terms.append((now @ x[..., None])[..., 0])
    stacked = torch.stack(terms)
    return Terms(x, stacked.sum(0), stacked)


def linear_levels(dim: int, periods: Sequence[int | None], **options: Any) -> ContinuumMemory:
    """A matrix a level, side by side, all from 0; options as for ContinuumMemory.

    >>> linear_levels(4, (1, 8))(torch.ones(1, 1, 4)).tolist()
    [[[0.0, 0.0, 0.0, 0.0]]]
    """
    levels = [nn.Linear(dim, dim, bias=False) for _ in periods]
    for level in levels:
        nn.init.zeros_(level.weight)
    return ContinuumMemory(levels, periods, "headwise", **options)


@torch.no_grad()
def owners(memory: ContinuumMemory, stream: Terms) -> tuple[float, Tensor, ContinuumState]:
    """Who has learned which term? Measured on the second half of the stream, after the first.

    Returns the error as a share of the target's energy, the cosine between what level n said and
    term s, (level, term), and the state at the end.
    """
    half = stream.x.shape[1] // 2
    _, state = memory.read(stream.x[:, :half], stream.target[:, :half])
    pieces: list[tuple[Tensor, ...]] = []
    target = stream.target[:, half:]
    y, state = memory.read(stream.x[:, half:], target, state, trace=pieces)
    says = torch.stack([torch.cat(one, 1) for one in zip(*pieces, strict=True)]).flatten(1)
    terms = stream.terms[:, :, half:].flatten(1)
    cosines = F.normalize(says, dim=1) @ F.normalize(terms, dim=1).mT
    return _error(y, target), cosines, state


@dataclass(frozen=True)
class Kept:
    """Errors after A and then B, as shares of the target's energy; 1 is to know nothing.

    a, b    on A and on B, as the memory stands.
    wiped   on A, with one level wiped.
    """

    a: float
    b: float
    wiped: float


@torch.no_grad()
def a_then_b(
    memory: ContinuumMemory,
    period: int,
    *,
    first: int = 2048,
    then: int = 256,
    batch: int = 4,
    dim: int = 8,
    seed: int = 0,
) -> Kept:
    """Learn one map for `first` tokens, another for `then`, and ask for both with new keys.

    period   of the level that is wiped before A is asked for once more.
    """
    generator = torch.Generator().manual_seed(seed)
    A, B = torch.randn(2, batch, dim, dim, generator=generator)
    x = F.normalize(torch.randn(batch, first + then + 128, dim, generator=generator), dim=-1)
    learn_a, learn_b, asked = x.split([first, then, 128], 1)
    _, state = memory.read(learn_a, learn_a @ A)
    _, state = memory.read(learn_b, learn_b @ B, state)
    still = [own for own in memory.periods if own is not None]

    def error(state: ContinuumState, W: Tensor) -> float:
        y, _ = memory.read(asked, asked @ W, state, freeze=still)
        return _error(y, asked @ W)

    return Kept(error(state, A), error(state, B), error(memory.wipe(state, period), A))


def _error(y: Tensor, target: Tensor) -> float:
    return ((y - target).square().sum() / target.square().sum()).item()
