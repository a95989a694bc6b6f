"""A row of numbers over a text: its name, its role, and the tokens its numbers belong to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from titans_book.lab.pictures.pixels import array

__all__ = ["Line", "gates", "places"]


class Line(NamedTuple):
    """One row: (heads, n) numbers or (n,), taken after `times` tokens; None: at every token."""

    symbol: str
    meaning: str
    role: str
    values: Any
    times: Sequence[int] | None = None


def places(line: Line) -> np.ndarray:
    """The token at which each number of a line stands, from 0.

    >>> places(Line("|M|", "written", "fast", [0.0, 1.0, 2.0], (0, 16, 32))).tolist()
    [0, 15, 31]
    """
    if line.times is None:
        return np.arange(np.atleast_2d(array(line.values)).shape[1])
    return np.maximum(np.asarray(line.times) - 1, 0)


def gates(theta: Any, eta: Any, alpha: Any) -> list[Line]:
    """theta, eta, alpha: (heads, T) or (T,) (Titans eqs. 9, 10, 13)."""
    return [
        Line("θ", "write rate", "gates", theta),
        Line("η", "momentum", "gates", eta),
        Line("α", "forgetting", "gates", alpha),
    ]
