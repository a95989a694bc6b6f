"""When a level is updated: after every C-th token of the stream, however that is cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from titans_book.check import number, whole


@dataclass(frozen=True)
class Clock:
    """The pace of one level: C, eta, and the share of what was learned that an update keeps."""

    period: int | None
    rate: float
    keep: float

    @property
    def ticks(self) -> bool:
        """Whether an update can change anything; a level whose period is None is frozen."""
        return self.period is not None and (self.rate != 0 or self.keep != 1)

    @property
    def slowness(self) -> float:
        """The period, infinite for a frozen level."""
        return float("inf") if self.period is None else self.period

    def due(self, position: int) -> bool:
        """Whether the level is updated after so many tokens."""
        return self.period is not None and position % self.period == 0


def clocks_of(
    periods: Sequence[int | None],
    rates: float | Sequence[float],
    keep: float | Sequence[float],
) -> tuple[Clock, ...]:
    """A clock a level. Raises ValueError or TypeError naming the argument."""
    if isinstance(periods, str) or not isinstance(periods, Iterable):
        raise TypeError(f"periods must be a sequence, one number a level, got {periods!r}")
    each = [None if p is None else whole("each of periods", p, least=1) for p in periods]
    if not each:
        raise ValueError("periods must hold a number for each level, got none")
    rates = _numbers("rates", rates, len(each), float("inf"))
    return tuple(map(Clock, each, rates, _numbers("keep", keep, len(each), 1)))


def _numbers(name: str, given: float | Sequence[float], size: int, most: float) -> list[float]:
    """One number a level, between 0 and the most."""
    each = [given] * size if number(given) else list(given)
    if len(each) != size:
        raise ValueError(f"{name} must be one number or {size}, one a level, got {len(each)}")
    for one in each:
        if not (number(one) and 0 <= one <= most and one < float("inf")):
            allowed = f"between 0 and {most}" if most < float("inf") else "finite and >= 0"
            raise ValueError(f"{name} must be {allowed}, got {one!r}")
    return [float(one) for one in each]


def pieces(position: int, time: int, periods: Iterable[int]) -> list[int]:
    """Lengths that cut `time` tokens after `position` behind every multiple of a period.

    >>> pieces(0, 10, (3, 5))
    [3, 2, 1, 3, 1]
    """
    end = position + time
    cuts = {i for period in periods for i in range(position - position % period, end, period)}
    ends = [*sorted(cut for cut in cuts if cut > position), end]
    return [b - a for a, b in zip([position, *ends], ends, strict=False) if b > a]
