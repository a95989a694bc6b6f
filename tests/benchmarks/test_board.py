"""What watching costs: the parts of the measure that need no browser."""

import asyncio

import pytest

from tests.benchmarks.board import LINE
from tests.benchmarks.watched import LiveBoard, begun, measure, summary

pytestmark = pytest.mark.bare


def test_medians_are_taken_round_by_round():
    rows = [{"alone": a, "watched": w} for a, w in ((1.0, 1.1), (2.0, 3.0), (4.0, 4.8))]
    assert summary(rows) == pytest.approx({"ratio": 1.2, "alone": 2.0, "watched": 3.0})


def test_the_same_training_is_timed_alone_and_watched():
    board = LiveBoard()
    rows = asyncio.run(measure(board, rounds=2, steps=3))
    assert board.history.steps == [1, 2, 3]
    assert board.history.losses == [step.loss for step in begun(3)[1]]
    for row in rows:
        assert 0.2 < row["watched"] / row["alone"] < 20
        assert 0.2 < row["worked"] < 20
        assert row["stolen_alone"] >= 0 <= row["stolen_watched"]
    assert "repaints a second" in LINE.format(rounds=2, repaints=16.0, **summary(rows))
