"""The births are the file's, the keys are the calendar's, and no later day tells of itself."""

import math
from datetime import date, timedelta

import pytest
import torch

from titans_book.tasks import births as module
from titans_book.tasks.births import births, days
from titans_book.tasks.corpora import table

DAYS = 7305


def test_there_is_every_day_of_twenty_years():
    assert len(days()) == DAYS
    assert days() == [date(1969, 1, 1) + timedelta(n) for n in range(DAYS)]


def test_values_are_the_counts_by_the_first_years_mean_and_deviation():
    counts = {row["date"]: int(row["births"]) for row in table("us_births")}
    numbers = [counts[day.isoformat()] for day in days()]
    mean = sum(numbers[:365]) / 365
    deviation = math.sqrt(sum((n - mean) ** 2 for n in numbers[:365]) / 364)
    stream = births()
    assert stream.values.shape == stream.clean.shape == (1, DAYS, 1)
    for t in (0, 1, 364, 365, 4000, DAYS - 1):
        expected = pytest.approx((numbers[t] - mean) / deviation, abs=1e-5)
        assert stream.values[0, t, 0].item() == expected
    assert not stream.events.any() and not stream.regime.any()


def test_keys_are_the_page_of_the_calendar():
    stream = births(harmonics=2)
    assert stream.keys.shape == (1, DAYS, 12) and stream.keys.dtype == torch.float32
    torch.testing.assert_close(stream.keys.norm(dim=-1), torch.ones(1, DAYS))
    for t in (0, 58, 59, 3000, DAYS - 1):
        day = days()[t]
        turn = 2 * math.pi / 365.2425 * (day - date(day.year, 1, 1)).days
        week = [float(n == day.weekday()) for n in range(7)]
        year = [math.sin(turn), math.sin(2 * turn), math.cos(turn), math.cos(2 * turn)]
        page = torch.tensor([1.0, *week, *year]) / 2
        torch.testing.assert_close(stream.keys[0, t], page, rtol=0, atol=1e-6)


def test_equal_pairs_are_equal_keys():
    stream, seen = births(), {}
    for pair, key in zip(stream.pair[0].tolist(), stream.keys[0].tolist(), strict=True):
        assert seen.setdefault(pair, key) == key
    assert len({tuple(key) for key in seen.values()}) == len(seen) == 7 * 366 - 2


def test_no_later_day_changes_what_was_told(monkeypatch):
    """Other births from day 1000 on leave every value and key before as it was."""
    before, told = births(), module._counted()
    changed = [(day, n if t < 1000 else 3 * n) for t, (day, n) in enumerate(told)]
    monkeypatch.setattr(module, "_counted", lambda: changed)
    after = births()
    assert torch.equal(after.values[:, :1000], before.values[:, :1000])
    assert torch.equal(after.keys, before.keys)
    assert (after.values[:, 1000:] != before.values[:, 1000:]).all()


def test_the_week_tells_much_and_not_everything():
    y = births().values[0, 365:, 0]
    last_week = (y[7:] - y[:-7]).square().mean() / y.var()
    yesterday = y.diff().square().mean() / y.var()
    assert last_week.item() == pytest.approx(0.156, abs=0.002)
    assert yesterday > 3 * last_week


def test_wrong_fields_are_named():
    with pytest.raises(ValueError, match="harmonics must be 1 or more"):
        births(harmonics=0)
    for history in (1, DAYS):
        with pytest.raises(ValueError, match="history must be"):
            births(history=history)
