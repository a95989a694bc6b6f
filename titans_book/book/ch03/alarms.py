"""Three streams on which a momentum of one's own is tried, and its score (chapter 03).

faint: a shock, and soon after it a faint word whose key leans towards the shock's; the error is how
far the answer about the faint word is from the truth at the end. alarm: a shock, and then the same
key with the value 0 again and again; the error is the mean size of the answer from there on.
chatter: three keys whose values are noise around 0; the error is the root of the mean square.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.steps.matrix import momentum_step, surprise_grad

__all__ = ["BAR", "SEEDS", "STREAMS", "Stream", "answers", "errors", "run", "stream"]

STREAMS = ("faint", "alarm", "chatter")
BAR = 0.26  # the largest error that passes
THETA, SEEDS, WORDS, CHATTER, LOUD, FAINT = 0.1, 6, 30, 60, 4.0, 1.0

Gate = Callable[[Tensor, Tensor], Tensor | float]


class Stream(NamedTuple):
    """Keys and values of a text, the key that is asked, the truth, and from which word on."""

    keys: Float[Tensor, "T d"]
    values: Float[Tensor, "T 1"]
    asked: Float[Tensor, " d"]
    truth: float
    first: int


@lru_cache(maxsize=32)
def stream(kind: str, seed: int = 0) -> Stream:
    """One text. Raises ValueError for a kind that is none of STREAMS.

    >>> stream("alarm").truth
    0.0
    """
    if kind not in STREAMS:
        raise ValueError(f"kind={kind!r} is no stream: there are {', '.join(STREAMS)}")
    random = torch.Generator().manual_seed(100 * seed + STREAMS.index(kind) + 1)

    def number(low: float, high: float) -> float:
        return low + (high - low) * torch.rand((), generator=random, dtype=torch.float64).item()

    axes = torch.eye(WORDS, dtype=torch.float64)
    keys, values = axes.clone(), torch.zeros(WORDS, 1, dtype=torch.float64)
    shock = int(number(3, 7))
    after = shock + int(number(2, 6))
    if kind == "faint":
        overlap = number(0.4, 0.6)
        keys[after] = overlap * axes[shock] + (1 - overlap**2) ** 0.5 * axes[after]
        values[shock], values[after] = LOUD, FAINT
        return Stream(keys, values, keys[after], FAINT, WORDS - 1)
    if kind == "alarm":
        keys[after:] = axes[shock]
        values[shock] = LOUD
        return Stream(keys, values, axes[shock], 0.0, after)
    places = torch.randint(3, (CHATTER,), generator=random)
    noise = torch.randn(CHATTER, 1, generator=random, dtype=torch.float64)
    return Stream(axes[places], noise, axes[0], 0.0, 0)


def run(gate: Gate, text: Stream) -> Float[Tensor, "T d 1"]:
    """The memory after each word; gate(S, u) returns eta for this word (Titans eqs. 9 and 10)."""
    M = S = torch.zeros(text.keys.shape[1], 1, dtype=torch.float64)
    found = []
    for k, v in zip(text.keys, text.values, strict=True):
        u = surprise_grad(M, k, v)
        S = momentum_step(S, u, THETA, gate(S.clone(), u.clone()))
        M = M + S
        found.append(M)
    return torch.stack(found)


def answers(gate: Gate, kind: str, seed: int = 0) -> Float[Tensor, " T"]:
    """What the memory answers after each word of one text."""
    text = stream(kind, seed)
    return (text.asked @ run(gate, text))[:, 0]


def _error(gate: Gate, kind: str) -> float:
    wrong = []
    for seed in range(SEEDS):
        off = (answers(gate, kind, seed) - stream(kind, seed).truth)[stream(kind, seed).first :]
        off = off.nan_to_num(1e9, 1e9, -1e9).clamp(-1e9, 1e9)
        wrong.append(off.square().mean().sqrt() if kind == "chatter" else off.abs().mean())
    return float(torch.stack(wrong).mean())


def errors(gate: Gate) -> dict[str, float]:
    """The error in each kind of stream, averaged over the seeds. The largest is the score."""
    return {kind: _error(gate, kind) for kind in STREAMS}
