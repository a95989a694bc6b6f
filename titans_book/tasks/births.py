"""Births in the United States, day by day from 1969 to 1988, as a key-value stream: real data.

Every day the memory is asked how many children will be born, and then told. The key is the
calendar's page: the day of the week, the place in the year, and a constant. So there is something
for a memory of every speed: a week that repeats itself, a year that does so more slowly, and a
trend over decades. Nothing but the calendar and what was told before goes into an answer, so it is
a forecast of a day ahead. Taught in chapter 12.
"""

from __future__ import annotations

import math
from datetime import date

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from titans_book.tasks.check import count
from titans_book.tasks.corpora import table
from titans_book.tasks.streams import Stream

__all__ = ["FIRST", "LAST", "births", "days"]

FIRST, LAST = 1969, 1988  # the years without a gap
YEAR = 365.2425


def days() -> list[date]:
    """The days of the stream, in order.

    >>> days()[0].isoformat(), len(days())
    ('1969-01-01', 7305)
    """
    return [day for day, _ in _counted()]


def births(*, harmonics: int = 3, history: int = 365) -> Stream:
    """One stream of 7,305 days: keys (1, 7305, 8 + 2 harmonics), values and clean (1, 7305, 1).

    keys      a constant, seven places for the day of the week, and sine and cosine of 1 to
              `harmonics` turns a year, divided by the root of 2 + harmonics: length 1.
    values    births, less the mean of the first `history` days and divided by their standard
              deviation. No later day changes either, so nothing is told ahead of its time. Score
              a memory on the days after `history` only.
    pair      the same key, the same number. There are no events, and one regime; clean is values.

    Raises ValueError or TypeError naming the field.

    >>> stream = births()
    >>> stream.keys.shape, [round(x, 3) for x in stream.values[0, :3, 0].tolist()]
    (torch.Size([1, 7305, 14]), [-1.785, -1.114, -0.412])
    """
    harmonics, rows = count("harmonics", harmonics), _counted()
    if count("history", history, least=2) >= len(rows):
        raise ValueError(f"history must be below {len(rows)} days, got {history}")
    keys = _calendar([day for day, _ in rows], harmonics)
    values = torch.tensor([[float(number)] for _, number in rows], dtype=torch.float64)
    known = values[:history]
    values = ((values - known.mean()) / known.std()).float()
    pair = keys.unique(dim=0, return_inverse=True)[1]
    zeros = torch.zeros_like(pair)[None]
    told = (keys.float()[None], values[None], values[None])
    return Stream("births", *told, zeros.bool(), pair[None], zeros)


def _counted() -> list[tuple[date, int]]:
    rows = [(date.fromisoformat(row["date"]), int(row["births"])) for row in table("us_births")]
    return [(day, number) for day, number in rows if FIRST <= day.year <= LAST]


def _calendar(pages: list[date], harmonics: int) -> Tensor:
    """The keys, (days, 8 + 2 harmonics), in float64."""
    week = one_hot(torch.tensor([day.weekday() for day in pages]), 7).double()
    place = torch.tensor([day.timetuple().tm_yday - 1.0 for day in pages], dtype=torch.float64)
    turns = 2 * math.pi / YEAR * place[:, None] * torch.arange(1, harmonics + 1)
    parts = [torch.ones(len(pages), 1, dtype=torch.float64), week, turns.sin(), turns.cos()]
    return torch.cat(parts, dim=1) / (2 + harmonics) ** 0.5
