"""The open design of chapter 09: a rail and a memory, set already, to be wired by hand.

An evening has 48 guests (chapter 08). The rail has room for sixteen coats and answers exactly; the
memory takes any number and fades. A wiring hangs some on the rail, has the memory read some, and
says what is handed out to each number. Its score is the mean error over all guests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.book.ch08.cloakroom import mean_error

__all__ = ["BAR", "HOOKS", "evening", "score", "wired_error"]

HOOKS, GUESTS, BAR = 16, 48, 0.6
SHARP, THETA, ALPHA = 60, 0.6, 0.02


class Rail:
    """Sixteen hooks, once an evening. look(q) returns the answers, and how well the best hook fits.

    hang(places) -> look; look(q: (n, d)) -> y (n, d), fit (n, 1): 1 where the number is on a hook.
    """

    def __init__(self, k: Tensor, v: Tensor, once: bool = True):
        self.k, self.v, self.once, self.used = k, v, once, False

    def __repr__(self) -> str:
        return "look = hang(places)"

    def __call__(self, places: Iterable[int]) -> Callable:
        """Hang these coats; ValueError for too many, or for a second rail."""
        places = _places(places, len(self.k))
        if self.once and self.used:
            raise ValueError("the rail is full: hang coats once")
        if len(places) > HOOKS:
            raise ValueError(f"{len(places)} coats, and the rail has {HOOKS} hooks")
        if not places:
            raise ValueError("hang at least one coat")
        self.used = True
        k, v = self.k[places], self.v[places]

        def look(q: Tensor) -> tuple[Tensor, Tensor]:
            fits = q @ k.T
            return (SHARP * fits).softmax(-1) @ v, fits.amax(-1, keepdim=True)

        return look


class Memory:
    """One matrix an evening, written pair by pair with fixed gates.

    remember(places) -> recall; recall(q: (n, d)) -> its answers, (n, d).
    """

    def __init__(self, k: Tensor, v: Tensor, once: bool = True):
        self.k, self.v, self.once, self.used = k, v, once, False

    def __repr__(self) -> str:
        return "recall = remember(places)"

    def __call__(self, places: Iterable[int]) -> Callable[[Tensor], Tensor]:
        """Read these pairs in this order; ValueError for a second memory."""
        places = _places(places, len(self.k))
        if self.once and self.used:
            raise ValueError("there is one memory: let it read once, in any order")
        self.used = True
        M = self.k.new_zeros(self.k.shape[1], self.v.shape[1])
        for k, v in zip(self.k[places], self.v[places], strict=True):
            M = (1 - ALPHA) * M - THETA * torch.outer(k, k @ M - v)
        return lambda q: q @ M


def _places(places: Iterable[int], guests: int) -> list[int]:
    """Whole numbers below `guests`, as a list; ValueError otherwise."""
    places = [int(place) for place in places]
    if any(not 0 <= place < guests for place in places):
        raise ValueError(f"guests have the numbers 0 to {guests - 1}, got {places}")
    return places


def evening(wiring: Callable, k: Tensor, v: Tensor, once: bool = True) -> Tensor:
    """What a wiring hands out to each guest of an evening, (guests, d).

    once: whether rail and memory refuse to be used a second time.
    """
    answers = wiring(k.clone(), len(k), Rail(k, v, once), Memory(k, v, once))
    if not isinstance(answers, Tensor) or answers.shape != v.shape:
        shape = tuple(answers.shape) if isinstance(answers, Tensor) else type(answers).__name__
        raise ValueError(f"an answer for each number is asked for, {tuple(v.shape)}, got {shape}")
    return answers


def wired_error(wiring: Callable, evenings: int = 20) -> Float[Tensor, " guests"]:
    """The mean error for each guest, the latest first."""
    return mean_error(lambda k, v: evening(wiring, k, v), evenings, guests=GUESTS)


def score(wiring: Callable) -> float:
    """The mean error over all guests: 0 is perfect, 1 is silence."""
    return wired_error(wiring).mean().item()
