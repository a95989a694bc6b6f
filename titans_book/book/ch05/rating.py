"""The score of a write rate of one's own: what it does to three deep memories that read.

rate(W_1, W_2, k, v) returns theta for this token. Its score is the mean error of three memories
after six rounds of 24 pairs each; a memory that breaks counts as 10.

stream   hidden units   size of the values
quiet    64             0.5
loud     64             4
narrow   16             1
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from torch import Tensor

from titans_book.book.ch05 import deep
from titans_book.steps.deep import inner_grad, mlp_read

__all__ = ["BAR", "BROKEN", "STREAMS", "Read", "BEST", "book_rate", "compare", "errors", "score"]

STREAMS = {"quiet": (4, 0.5, 0), "loud": (4, 4.0, 1), "narrow": (1, 1.0, 2)}
PAIRS, ROUNDS, BAR, BROKEN = 24, 6, 0.25, 10.0
BEST = 0.06  # about the best constant rate for the three of them
LIMIT = 1e4  # of an error, as a share of the value's size: no memory comes back from there


class Read(NamedTuple):
    """What happened while a memory read: theta and error at each token, and the error at the end.

    Where it breaks, theta and error stop short.
    """

    theta: list[float]
    error: list[float]
    end: float


def book_rate(W_1: Tensor, W_2: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """The book's rate: 1 / (1 + rho), rho the curvature in the direction of the error."""
    u_1, u_2 = inner_grad(W_1, W_2, k, v)
    size = (mlp_read(W_1, W_2, k) - v).square().sum()
    rho = (u_1.square().sum() + u_2.square().sum()) / (size + 1e-30)
    return 1 / (1 + rho)


def read(rate: Callable, stream: str) -> Read:
    """Read a stream; what the rate raises, is raised."""
    expansion, loud, seed = STREAMS[stream]
    (W_1, W_2), _ = deep.start(2, expansion, seed)
    K, V = deep.pairs(PAIRS, seed=seed, loud=loud)
    thetas: list[float] = []
    found: list[float] = []
    for k, v in zip(K.repeat(ROUNDS, 1), V.repeat(ROUNDS, 1), strict=True):
        error = float((mlp_read(W_1, W_2, k) - v).square().sum() / v.square().sum())
        if not error < LIMIT:
            return Read(thetas, found, BROKEN)
        theta = float(rate(W_1, W_2, k, v))
        thetas.append(theta)
        found.append(error)
        u_1, u_2 = inner_grad(W_1, W_2, k, v)
        W_1, W_2 = W_1 - theta * u_1, W_2 - theta * u_2
    end = float((mlp_read(W_1, W_2, K) - V).square().sum() / V.square().sum())
    return Read(thetas, found, end if end < BROKEN else BROKEN)


def errors(rate: Callable) -> dict[str, float]:
    """The error at the end of each stream.

    >>> {name: round(error, 2) for name, error in errors(book_rate).items()}
    {'quiet': 0.06, 'loud': 0.07, 'narrow': 0.36}
    """
    return {name: read(rate, name).end for name in STREAMS}


def score(rate: Callable) -> float:
    """The mean of the three errors; smaller is better, and BAR is asked for."""
    return sum(errors(rate).values()) / len(STREAMS)


def compare(rate: Any) -> dict[str, dict[str, Read]]:
    """Read all streams with the best constant, with a learner's rate as it stands, and the book's.

    Prints the errors and the score of each; returns what happened by way and stream.
    """
    mine = getattr(rate, "mine", rate)
    ways = {"best constant": lambda *_: BEST, "yours": mine, "the book's": book_rate}
    found = {}
    for name, way in ways.items():
        try:
            found[name] = {stream: read(way, stream) for stream in STREAMS}
        except NotImplementedError:
            print(f"{name:13}: not written yet")
        except Exception as error:  # a learner's rate may do anything; its check says what is wrong
            print(f"{name:13}: stops with {type(error).__name__}; see its check")
        else:
            ends = {stream: one.end for stream, one in found[name].items()}
            told = ", ".join(f"{stream} {_told(end)}" for stream, end in ends.items())
            print(f"{name:13}: score {sum(ends.values()) / len(ends):.2f} ({told})")
    return found


def _told(end: float) -> str:
    return "broken" if end >= BROKEN else f"{end:.2f}"
