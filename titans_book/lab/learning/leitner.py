"""Spaced review after Sebastian Leitner: six boxes, each opened less often than the one before.

    box     0    1    2    3    4     5
    days    0    1    3    7    21    60     until a question is due again

A right answer moves a question one box up, a wrong one back to box 0.
"""

from __future__ import annotations

import math
from typing import Any

__all__ = ["DAY", "DAYS", "lay", "place"]

DAYS = (0, 1, 3, 7, 21, 60)
DAY = 24 * 60 * 60.0  # seconds


def lay(box: int, right: bool, now: float) -> tuple[int, float]:
    """The box for a question that was just answered, and when it is due (seconds since 1970).

    >>> lay(1, right=True, now=0.0), lay(4, right=False, now=0.0)
    ((2, 259200.0), (0, 0.0))
    """
    box = min(box + 1, len(DAYS) - 1) if right else 0
    return box, now + DAY * DAYS[box]


def place(entry: dict[str, Any]) -> tuple[int, float] | None:
    """(box, due) of a question's entry in the record; None for a question never answered.

    A hand-edited entry that makes no sense counts as never answered.

    >>> place({"box": 2, "due": 10.0}), place({}), place({"box": "two", "due": 10.0})
    ((2, 10.0), None, None)
    """
    box, due = entry.get("box"), entry.get("due")
    numbers = isinstance(box, int) and isinstance(due, (int, float))
    if not numbers or not 0 <= box < len(DAYS) or not math.isfinite(due):
        return None
    return box, float(due)
