"""What chapter 01 works with: vectors by hand, answers in words, and pairs by the dozen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from titans_book.book.ch01.board_drawing import SOUNDS

__all__ = ["in_words", "practised", "random_pairs", "vector"]


def vector(*entries: float | int) -> Tensor:
    """A vector of these numbers, with all the digits that Python has for them.

    >>> vector(0.6, 0.8).dtype
    torch.float64
    """
    return torch.tensor(entries, dtype=torch.float64)


def in_words(answer: Tensor) -> str:
    """An answer as text: the sounds in it, and how loud they are.

    >>> in_words(vector(0.6, 0.8, 0)), in_words(vector(0, 0, 0))
    ('0.60 meow + 0.80 woof', 'nothing')
    """
    loud = zip(SOUNDS, answer.tolist(), strict=False)
    return " + ".join(f"{much:.2f} {name}" for name, much in loud if abs(much) > 0.005) or "nothing"


def random_pairs(seed: int, n: int = 64, d: int = 32) -> tuple[Tensor, Tensor]:
    """n keys and n values, (n, d) each, in random directions and of length 1.

    >>> [tuple(rows.shape) for rows in random_pairs(seed=0)]
    [(64, 32), (64, 32)]
    """
    random = torch.Generator().manual_seed(seed)
    K, V = torch.randn(2, n, d, generator=random, dtype=torch.float64)
    return K / K.norm(dim=1, keepdim=True), V / V.norm(dim=1, keepdim=True)


def practised(
    write: Callable,
    judge: Callable,
    make_pairs: Callable,
    counts: Sequence[int],
    *,
    passes: int = 8,
    repeats: int = 12,
) -> Tensor:
    """What the judge says after several passes over the first n pairs, for each n of `counts`.

    As in the chapter's experiment, it is the average of runs with the seeds 0 to repeats - 1.
    """
    curves = []
    for seed in range(repeats):
        K, V = make_pairs(seed)
        curve = []
        for n in counts:
            M = torch.zeros(K.shape[1], V.shape[1], dtype=K.dtype)
            for place in list(range(min(n, len(K)))) * passes:
                M = write(M, K[place], V[place])
            curve.append(judge(M, K[:n], V[:n]))
        curves.append(torch.stack(curve))
    return torch.stack(curves).mean(0)
