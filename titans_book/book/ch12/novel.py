"""A novel that is interrupted by a letter: world A, then B for a while, then A again.

Each world is a linear map from keys to values. A memory with levels reads the stream; what counts
is how wrong it is at the end of the novel's first part, in the letter, and back in the novel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from titans_book.check import whole
from titans_book.steps.continuum import cms_update

__all__ = [
    "BACK",
    "BEFORE",
    "LETTER",
    "Account",
    "Story",
    "empty",
    "novel",
    "slow_share",
    "told_of",
]

BEFORE, LETTER, BACK = 1024, 64, 64  # tokens
D, STORIES = 8, 4
LATE, EARLY = 32, 16  # the last tokens of a part, the first ones back
SMOOTH = 8  # tokens that are averaged for a picture

Levels = Sequence[tuple[int, float, float]]


class Story(NamedTuple):
    """Keys and values, (T, D) each, of the three parts together, and the two maps, (2, D, D)."""

    K: Tensor
    V: Tensor
    maps: Tensor


def novel(seed: int = 0, before: int = BEFORE, letter: int = LETTER, back: int = BACK) -> Story:
    """A novel, a letter, and the novel again.

    >>> story = novel(before=4, letter=2, back=3)
    >>> story.K.shape, bool(torch.allclose(story.V[4:6], story.K[4:6] @ story.maps[1]))
    (torch.Size([9, 8]), True)
    """
    random = torch.Generator().manual_seed(seed)
    maps = torch.randn(2, D, D, generator=random, dtype=torch.float64)
    K = torch.randn(before + letter + back, D, generator=random, dtype=torch.float64)
    K = K / K.norm(dim=1, keepdim=True)
    parts = zip(K.split([before, letter, back]), (0, 1, 0), strict=True)
    return Story(K, torch.cat([k @ maps[which] for k, which in parts]), maps)


def empty(levels: int, d_in: int = D, d_out: int = D) -> Tensor:
    """Levels that know nothing yet, (levels, d_in, d_out)."""
    return torch.zeros(levels, d_in, d_out, dtype=torch.float64)


class Account(NamedTuple):
    """How a memory read the stories, as means; errors are 1 for a memory that says nothing.

    errors   of every token; novel: at the end of its first part; letter: at its end; back: in the
             first tokens back in the novel.
    energy   each level's share of all that was said in the second half of the first part.
    sizes    how far each level was moved after every token, (T, levels).
    """

    errors: Tensor
    novel: float
    letter: float
    back: float
    energy: list[float]
    sizes: Tensor


def told_of(
    levels: Levels,
    correct: Callable[[Tensor, Tensor], Tensor],
    *,
    freeze: int | None = None,
    wipe: int | None = None,
) -> Account:
    """Let levels read several stories side by side, each with weights of its own.

    levels: (C, rate, keep) of each, the fastest first. freeze: the period of a level that does not
    learn from the letter; wipe: of one that is emptied after it. ValueError for levels that are
    none.
    """
    _check(levels)
    stories = [novel(seed) for seed in range(STORIES)]
    K, V = (torch.stack(parts, 1) for parts in list(zip(*stories, strict=True))[:2])
    W = torch.zeros(len(levels), STORIES, D, D, dtype=K.dtype)
    windows, told, sizes = torch.zeros_like(W), [], torch.zeros(len(K), len(levels))
    for i, (k, v) in enumerate(zip(K, V, strict=True), 1):
        says = (k[:, None] @ W)[..., 0, :]
        told.append(says)
        errors = correct(says.flatten(1), v.flatten()).view_as(says)
        gradients = k[:, :, None] * errors[..., None, :]
        for n, (C, rate, keep) in enumerate(levels):
            still = freeze == C and BEFORE < i <= BEFORE + LETTER
            rate, keep = (0.0, 1.0) if still else (rate, keep)
            after, windows[n] = cms_update(W[n], windows[n], gradients[n], i, C, rate, keep)
            sizes[i - 1, n], W[n] = (after - W[n]).norm(), after
        if i == BEFORE + LETTER:
            W[[n for n, (C, *_) in enumerate(levels) if wipe == C]] = 0
    return _account(torch.stack(told), V, sizes)


def _check(levels: Levels) -> None:
    if not levels or any(len(level) != 3 for level in levels):
        raise ValueError(f"levels must be a list of (C, rate, keep), got {levels!r}")
    for C, *_ in levels:
        whole("C", C, least=1)


def _account(told: Tensor, V: Tensor, sizes: Tensor) -> Account:
    """What the levels said, (T, levels, stories, D), beside what was wanted."""
    errors = (told.sum(1) - V).square().mean((1, 2)) / V.square().mean()
    end = BEFORE + LETTER
    places = slice(BEFORE - LATE, BEFORE), slice(end - LATE, end), slice(end, end + EARLY)
    energy = told[BEFORE // 2 : BEFORE].square().sum((0, 2, 3))
    means = [errors[at].mean().item() for at in places]
    return Account(errors, *means, (energy / energy.sum()).tolist(), sizes)


def slow_share(told: Tensor, size: int = LETTER) -> tuple[Tensor, Tensor]:
    """Numbers of windows, and the share of all that was said in each that the last level said.

    ValueError for a text of one window: a share needs two to change.
    """
    if len(told) <= size:
        raise ValueError(f"told must have more than {size} tokens, got {len(told)}: read on")
    said = told.square().sum(2).split(size)
    shares = torch.stack([one[:, -1].sum() / one.sum().clamp(min=1e-12) for one in said])
    return torch.arange(1, 1 + len(shares)), shares
