"""The night report of chapter 03: one loud word, and a faint one that is about the same thing.

A memory reads twenty words and learns how dangerous each is: QUAKE 4, bridge 1, all others 0. Every
word has an axis of its own for a key; only the bridge's key leans towards the quake's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.steps.matrix import momentum_step, surprise_grad

__all__ = [
    "ETA",
    "FAINT",
    "LOUD",
    "OVERLAP",
    "QUAKE",
    "THETA",
    "Reading",
    "passage",
    "read",
    "shocked",
]

OTHERS = ["a", "quiet", "night", ".", "!", "then", "the", "bridge", "creaks", ".",
          "people", "go", "to", "bed", ".", "is", "it", "safe", "?"]  # fmt: skip
LOUD, FAINT = 4.0, 1.0  # how dangerous: the quake, the bridge
QUAKE, OVERLAP = 4, 0.5  # where the quake stands, and how far the bridge's key leans towards its
THETA, ETA = 0.1, 0.75


class Reading(NamedTuple):
    """What happened at each token: momentary surprise, past surprise, and the memory after it."""

    u: Float[Tensor, "T d_in d_out"]
    S: Float[Tensor, "T d_in d_out"]
    M: Float[Tensor, "T d_in d_out"]


def passage(
    quake: int = QUAKE, overlap: float | int = OVERLAP
) -> tuple[list[str], Float[Tensor, "T d"], Float[Tensor, "T 1"]]:
    """The words, with QUAKE at place `quake` (0 to 19), their keys and their values.

    overlap: the product of the keys of bridge and quake, 0 (nothing in common) to 1 (the same).

    >>> words, k, v = passage()
    >>> words[4], words[8], float(k[4] @ k[8])
    ('QUAKE', 'bridge', 0.5)
    """
    if not 0 <= quake <= len(OTHERS):
        raise ValueError(f"quake={quake} is no place among the words: 0 to {len(OTHERS)}")
    if not 0 <= overlap <= 1:
        raise ValueError(f"overlap={overlap}: it lies between 0 and 1")
    words = [*OTHERS[:quake], "QUAKE", *OTHERS[quake:]]
    names = ["QUAKE", *dict.fromkeys(OTHERS)]
    k = torch.eye(len(names)).double()[[names.index(word) for word in words]]
    v = torch.zeros(len(words), 1).double()
    bridge = words.index("bridge")
    k[bridge] = overlap * k[quake] + (1 - overlap**2) ** 0.5 * k[bridge]
    v[quake], v[bridge] = LOUD, FAINT
    return words, k, v


def read(
    k: Float[Tensor, "T d_in"],
    v: Float[Tensor, "T d_out"],
    theta: float | int,
    eta: float | int,
    step: Callable = momentum_step,
) -> Reading:
    """Read the pairs in order: S = step(S, u, theta, eta), M = M + S (Titans eqs. 9 and 10)."""
    M = S = torch.zeros(k.shape[1], v.shape[1], dtype=k.dtype)
    record = []
    for now_k, now_v in zip(k, v, strict=True):
        u = surprise_grad(M, now_k, now_v)
        S = step(S, u, theta, eta)
        M = M + S
        record.append((u, S, M))
    return Reading(*map(torch.stack, zip(*record, strict=True)))


def shocked(
    known: int = 8, rounds: int = 7, shock: int = 40, loud: float | int = 6, seed: int = 3
) -> tuple[Float[Tensor, "T d"], Float[Tensor, "T d"]]:
    """Keys and values of a few pairs that come again and again, and of one shock among them.

    The known keys are orthogonal and the values have length 1. At token `shock` a new pair comes,
    with a value of length `loud`.
    """
    random = torch.Generator().manual_seed(seed)
    keys = torch.linalg.qr(torch.randn(16, 16, generator=random).double())[0][:known]
    values = torch.randn(known, 16, generator=random).double()
    new = torch.randn(2, 16, generator=random).double()
    new = new / new.norm(dim=1, keepdim=True)
    k = keys.repeat(rounds, 1)
    v = (values / values.norm(dim=1, keepdim=True)).repeat(rounds, 1)
    k[shock], v[shock] = new[0], loud * new[1]
    return k, v
