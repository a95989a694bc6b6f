"""The score of a gate, and what a learner's own gate does beside the book's.

A gate is gate(surprise, usual), and returns alpha. It is tried on two journeys, one of them with
meanings eight times as large. Its score is its mean error, divided by that of the best constant
alpha; the larger of the two counts.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from torch import Tensor

from titans_book.book.ch04.travel import Journey, Reading, journey, read
from titans_book.steps.matrix import titans_step

__all__ = ["BAR", "FIXED", "book_gate", "compare", "constant", "ratio", "score", "trips"]

FIXED = 0.0125  # about the best constant alpha for worlds of travel.LENGTH tokens
BAR = 0.95  # of the error of the best constant alpha


def book_gate(surprise: Tensor, usual: Tensor) -> Tensor:
    """The book's gate: wipe when a surprise is more than twice as large as usual."""
    return (surprise > 2 * usual).double() * (usual > 0)


@lru_cache(maxsize=1)
def trips() -> tuple[Journey, Journey]:
    """One journey, and one whose meanings are all eight times as large."""
    return journey(0), journey(1, size=8.0)


@lru_cache(maxsize=1)
def constant() -> tuple[float, ...]:
    """The mean errors of both journeys with the best constant alpha."""
    return tuple(float(read(trip, FIXED).error.mean()) for trip in trips())


def ratio(trip: Journey, alpha: Any, step: Callable = titans_step) -> float:
    """The mean error on a journey, divided by that of the best constant alpha on it."""
    fixed, own = (read(trip, way, step=step).error.mean() for way in (FIXED, alpha))
    return float(own / fixed)


def score(gate: Callable) -> float:
    """The larger of a gate's two ratios; what is asked for is BAR or less.

    >>> round(score(book_gate), 2)
    0.8
    """
    gate = getattr(gate, "mine", gate)
    found = (float(read(trip, gate).error.mean()) for trip in trips())
    return max(own / fixed for own, fixed in zip(found, constant(), strict=True))


def compare(trip: Journey, gate: Any, step: Callable = titans_step) -> dict[str, Reading]:
    """Read a journey with a learner's gate as it stands, right or wrong, and with the book's.

    Prints the mean error and the score of both. What the learner's gate returns outside of 0 to 1
    is cut off there, and NaN counts as 0, as in `travel.read`.
    """
    found, mine = {}, getattr(gate, "mine", gate)
    try:
        found["yours"] = read(trip, mine, step=step)
        scored = score(mine)
    except NotImplementedError:
        print("yours:      not written yet")
    except Exception as error:  # a learner's gate may do anything; its check says what is wrong
        found.pop("yours", None)
        print(f"yours:      stops with {type(error).__name__}; see its check")
    else:
        print(f"yours:      mean error {found['yours'].error.mean():.3f}, score {scored:.2f}")
    found["the book's"] = read(trip, book_gate, step=step)
    error = found["the book's"].error.mean()
    print(f"the book's: mean error {error:.3f}, score {score(book_gate):.2f}")
    return found


def opened(alpha: Tensor) -> list[int]:
    """The tokens, from 1, at which a gate is more than half open."""
    return ((alpha > 0.5).nonzero().flatten() + 1).tolist()
