"""What a few seeds are worth: a mean, and the interval in which the true mean may lie."""

from collections.abc import Sequence
from math import inf, sqrt
from statistics import mean, stdev

# Student's t, 97.5 %, for 1, 2, ... degrees of freedom (Student 1908; any table of statistics)
T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
MOST = len(T) + 1  # values that the table serves


def interval(values: Sequence[float | int]) -> tuple[float, float]:
    """The mean, and half the width of its 95 % interval: t s / sqrt(n), for up to 10 values.

    One value says nothing of the spread: its interval is infinite.

    >>> middle, half = interval([0.9, 1.0, 0.8])
    >>> round(middle, 3), round(half, 3)
    (0.9, 0.248)
    """
    n = len(values)
    if not 1 <= n <= MOST:
        raise ValueError(f"values must be 1 to {MOST} numbers, got {n}")
    return mean(values), T[n - 2] * stdev(values) / sqrt(n) if n > 1 else inf
