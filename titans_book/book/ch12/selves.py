"""Self-modifying memories to look into: what they make of one token, and what can go wrong.

Five memories of two layers, in the order key, value, rate, retention, answer. W_1 is (5, D, WIDE),
W_2 is (5, WIDE, D).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from titans_book.check import whole
from titans_book.inspection.causality import influence
from titans_book.nested.hope import self_modify_reference
from titans_book.nested.self_rules import MEMORIES
from titans_book.steps.continuum import self_token
from titans_book.steps.deep import mlp_read

__all__ = ["D", "answers", "changes", "drift", "memories", "seen", "tokens"]

D, WIDE = 8, 16
NAMES = tuple(name for name in MEMORIES if name != "q")


def tokens(time: int, seed: int = 0) -> Tensor:
    """Random tokens of length 1, (time, D)."""
    random = torch.Generator().manual_seed(seed)
    X = torch.randn(time, D, generator=random, dtype=torch.float64)
    return X / X.norm(dim=1, keepdim=True)


def memories(apart: float = 2.0, seed: int = 1) -> tuple[Tensor, Tensor]:
    """Five fresh memories; apart: the size of their last layers, 0 for the usual quiet start.

    >>> W_1, W_2 = memories(apart=0.0)
    >>> W_1.shape, bool((mlp_read(W_1[0], W_2[0], torch.ones(D).double()) == 1).all())
    (torch.Size([5, 8, 16]), True)
    """
    random = torch.Generator().manual_seed(seed)
    W_1 = torch.randn(5, D, WIDE, generator=random, dtype=torch.float64) / D**0.5
    W_2 = torch.randn(5, WIDE, D, generator=random, dtype=torch.float64) / WIDE**0.5
    return W_1, apart * W_2


def drift(X: Tensor, eta_max: float, token: Callable = self_token) -> Tensor:
    """The cosine of the key that one and the same token gets now, and got at first, (T + 1)."""
    W_1, W_2 = memories()
    asked, keys = tokens(1, seed=9)[0], []
    for x in [*X, None]:
        key = mlp_read(W_1[0], W_2[0], asked)
        keys.append(key / key.norm())
        if x is not None:
            W_1, W_2, _ = token(W_1, W_2, x, x, eta_max)
    keys = torch.stack(keys)
    return keys @ keys[0]


def changes(X: Tensor, apart: float, token: Callable = self_token) -> float:
    """How far all last layers have moved after a text, by their largest entry."""
    W_1, W_2 = memories(apart)
    before = W_2
    for x in X:
        W_1, W_2, _ = token(W_1, W_2, x, x, 0.5)
    return float((W_2 - before).abs().max())


def answers(X: Tensor, chunk: int, printed: bool) -> Tensor:
    """What the fifth memory answers every token, (T, D), read in chunks (90).

    printed: asked at the end of the token's own chunk, as the index says; else at the end of the
    one before.
    """
    W_1, W_2 = memories()
    weights = {n: (a[None], b[None]) for n, a, b in zip(NAMES, W_1, W_2, strict=True)}
    state, told = None, []
    for part in X.split(chunk):
        y, state = self_modify_reference(
            part[None, None], part[None, None], weights, state=state, chunk=chunk, eta_max=0.5
        )
        if printed:
            y = mlp_read(*(layer[0, -1, 0] for layer in state.layers), part)[None, None]
        told.append(y[0, 0])
    return torch.cat(told)


def seen(X: Tensor, chunk: int, printed: bool) -> Tensor:
    """Row t, column s: whether the answer to token t moves when token s is changed, (T, T).

    ValueError for a chunk that is no whole number from 1 on.
    """
    whole("chunk", chunk, least=1)
    return influence(partial(answers, chunk=chunk, printed=printed), X) > 1e-12
