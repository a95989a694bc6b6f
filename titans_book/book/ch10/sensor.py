"""A real stream for chapter 10: the air in a room, and steam that is let in.

A memory forecasts the next number of a series from the last sixteen, and learns from every number
as it arrives. The write rate is the one that was best before the event, so no run is tuned on what
it is judged by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from titans_book.tasks.corpora import table

__all__ = ["LAG", "MOTE", "Forecasts", "Room", "forecast", "room"]

LAG, MOTE = 16, 3
BEFORE, AFTER, SOON = 2300, 600, 60  # readings that are read, and those called just after
RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 0.6)
WARM_UP = 100  # readings at the start that nobody is judged by


class Room(NamedTuple):
    """A piece of the record: one quantity, and where the steam begins and ends in it."""

    series: Tensor
    begins: int
    ends: int

    @property
    def changes(self) -> Room:
        """The same, with the change since the reading before in the place of each reading."""
        return Room(self.series.diff(), self.begins - 1, self.ends - 1)


class Forecasts(NamedTuple):
    """One memory's forecasts and their squared errors, (T); its rate; the means of four parts.

    The first LAG of each are not there: a forecast takes so many numbers.
    """

    said: Tensor
    errors: Tensor
    rate: float
    before: float
    during: float
    after: float
    later: float


@lru_cache(maxsize=4)
def room(quantity: str = "temperature", mote: int = MOTE) -> Room:
    """What a sensor recorded every five seconds, up to 600 readings after the steam.

    quantity: "temperature", in degrees Celsius, or "humidity", in %.

    >>> len(room().series), room().ends - room().begins
    (3000, 100)
    """
    rows = [row for row in table("sensor_events") if row["mote_id"] == str(mote)]
    if quantity not in rows[0]:
        raise ValueError(f"quantity={quantity!r} was not recorded: temperature and humidity were")
    steam = [place for place, row in enumerate(rows) if row["label"] == "1"]
    first, last = steam[0] - BEFORE, steam[-1] + 1 + AFTER
    series = [float(row[quantity]) for row in rows[first:last]]
    return Room(torch.tensor(series, dtype=torch.float64), BEFORE, steam[-1] + 1 - first)


def _keys(series: Tensor) -> tuple[Tensor, Tensor]:
    """Keys of length 1, the last LAG numbers (T, LAG), and what comes next (T)."""
    past = series.unfold(0, LAG, 1)[:-1]
    return past / past.norm(dim=1, keepdim=True).clamp(min=1e-9), series[LAG:]


def forecast(
    place: Room,
    errors: Mapping[str, Callable[[Tensor, Tensor], Tensor]],
    rates: Sequence[float] = RATES,
) -> dict[str, Forecasts]:
    """What each error function makes of the series: for each, a memory of 16 numbers that reads it.

    errors: functions of (answer, value), by name; rates: the best one before the event is taken.
    """
    keys, values = _keys(place.series)
    begins, ends = place.begins - LAG, place.ends - LAG
    rate = torch.tensor(rates, dtype=keys.dtype)[:, None]
    made = {}
    for name, error in errors.items():
        M, said = torch.zeros(len(rates), keys.shape[1], dtype=keys.dtype), []
        for k, v in zip(keys, values, strict=True):
            said.append(M @ k)
            M = M - rate * error(said[-1][:, None], v[None]) * k
        wrong = (torch.stack(said) - values[:, None]).square().nan_to_num(nan=torch.inf)
        best = int(wrong[WARM_UP:begins].mean(0).argmin())
        cuts = (WARM_UP, begins, ends, ends + SOON, len(wrong))
        means = [float(wrong[a:b, best].mean()) for a, b in pairwise(cuts)]
        made[name] = Forecasts(torch.stack(said)[:, best], wrong[:, best], rates[best], *means)
    return made
