"""The traveller of chapter 04: four worlds, in which the same twelve words mean other things.

    symbol     meaning                                        shape
    words      a key for each word, of length 1               (12, 16)
    meanings   what each word means in each world             (worlds, 12, 16)
    said       which word is said at each token               (T)
    world      the world in which it is said                  (T)
    k, v       key and value of each token; v carries noise   (T, 16)

In every world the words are said in rounds, each word once a round, in a new order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from titans_book.steps.matrix import titans_step

__all__ = ["ETA", "LENGTH", "THETA", "Journey", "Reading", "journey", "read", "shares"]

WORDS, DIM, WORLDS, LENGTH, NOISE = 12, 16, 4, 60, 0.3
THETA, ETA, PACE = 0.2, 0.7, 0.1

Gate = Callable[[Tensor, Tensor], float | Tensor]


class Journey(NamedTuple):
    """What a traveller hears; see the top of this file."""

    words: Float[Tensor, "words dim"]
    meanings: Float[Tensor, "worlds words dim"]
    said: Int[Tensor, " T"]
    world: Int[Tensor, " T"]
    k: Float[Tensor, "T dim"]
    v: Float[Tensor, "T dim"]


def journey(
    seed: int = 0, length: int = LENGTH, worlds: int = WORLDS, size: float | int = 1.0
) -> Journey:
    """A journey through `worlds` worlds of `length` tokens; meanings have the spread `size`.

    >>> journey(length=24).k.shape
    torch.Size([96, 16])
    """
    g = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=g, dtype=torch.float64)

    words = torch.nn.functional.normalize(normal(WORDS, DIM), dim=-1)
    meanings = size * normal(worlds, WORDS, DIM)
    rounds = -(-length * worlds // WORDS)
    said = torch.cat([torch.randperm(WORDS, generator=g) for _ in range(rounds)])
    said = said[: length * worlds]
    world = torch.arange(len(said)) // length
    v = meanings[world, said] + size * NOISE * normal(len(said), DIM)
    return Journey(words, meanings, said, world, words[said], v)


class Reading(NamedTuple):
    """What happened while a memory read a journey of T tokens.

    M is the memory before the first token and after each one. error: after each token all twelve
    words are asked for; the squared error of the answers as a share of what they should be, so
    that 1 is a memory that answers nothing.
    """

    M: Float[Tensor, "frames dim dim"]
    error: Float[Tensor, " T"]
    alpha: Float[Tensor, " T"]
    surprise: Float[Tensor, " T"]


def read(
    trip: Journey,
    alpha: float | Tensor | Gate = 0.0,
    theta: float | int = THETA,
    eta: float | int = ETA,
    *,
    step: Callable = titans_step,
) -> Reading:
    """Read a journey with an empty memory, token by token.

    alpha: a number, one number a token, or gate(surprise, usual), which is asked at every token.
    `usual` is a running mean of the surprises so far, 0 before the first. A gate's answer outside
    0 to 1 is cut off there; what is no number counts as 0.
    """
    M = S = torch.zeros(trip.k.shape[1], trip.v.shape[1], dtype=trip.k.dtype)
    usual, rows, film = M.new_zeros(()), [], [M]
    for t, (k, v) in enumerate(zip(trip.k, trip.v, strict=True)):
        surprise = k.norm() * (k @ M - v).norm()
        now = _at(alpha, t, surprise, usual)
        M, S = step(M, S, k, v, theta, eta, now)
        usual = surprise if t == 0 else usual + PACE * (surprise - usual)
        film.append(M)
        rows.append((now, surprise))
    frames = torch.stack(film)
    asked = trip.meanings[trip.world]
    missing = (trip.words @ frames[1:] - asked).square().sum((1, 2))
    alphas, surprises = torch.tensor(rows, dtype=torch.float64).T
    return Reading(frames, missing / asked.square().sum((1, 2)), alphas, surprises)


def _at(alpha: float | Tensor | Gate, t: int, surprise: Tensor, usual: Tensor) -> float:
    """alpha of token t."""
    if not callable(alpha):
        return float(alpha[t]) if isinstance(alpha, Tensor) and alpha.dim() else float(alpha)
    value = float(alpha(surprise, usual))
    return min(max(value, 0.0), 1.0) if value == value else 0.0


def shares(trip: Journey, M: Float[Tensor, "frames dim dim"]) -> Float[Tensor, "worlds frames"]:
    """How much of each world stands in the memory's answers, by least squares.

    The answers to all words, as a sum of the worlds' meanings: 1 for a world that is known by
    heart, 0 for one that is forgotten.
    """
    worlds = trip.meanings.flatten(1).T
    answers = (trip.words @ M).flatten(1).T
    return torch.linalg.lstsq(worlds, answers).solution
