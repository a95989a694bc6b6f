"""The map fills as checks pass, by itself, and old maps do not pile up."""

import sys

import numpy as np
import pytest

from titans_book.lab.learning import book_map as book
from titans_book.lab.learning.map import KEPT, ProgressMap, progress_map
from titans_book.lab.learning.progress import Progress

NAMES = ("01.read", "01.hebb", "02.grad", "04.a", "04.b", "04.c", "04.d")


@pytest.fixture(autouse=True)
def exercises(monkeypatch):
    monkeypatch.setattr("titans_book.lab.learning.standing.EXERCISES", dict.fromkeys(NAMES))


def size(map, index):
    row, column = divmod(index, book.COLUMNS)
    return float(abs(map.memory.values[row, column]).max())


def test_an_empty_record_is_an_empty_map():
    shown = ProgressMap(Progress(None))
    assert not shown.memory.values.any() and set(shown.theta) == {"01", "02", "04"}
    assert "No part is written yet" in shown.lines.value
    assert "Without exercises: 00 Start here" in shown.lines.value
    assert "In preparation" not in shown.lines.value and "14 Read" in shown.lines.value


def test_a_check_that_passes_writes_its_share_by_itself():
    record = Progress(None)
    shown = ProgressMap(record)
    before = shown.memory.value
    record.attempt("01.read", "wrong")
    assert shown.memory.value == before
    record.attempt("01.read", "right")
    assert shown.memory.value != before and shown.theta["01"] == 0.5
    assert "01 Memory is a function: 1 of 2 parts<" in shown.lines.value
    half = size(shown, 1)
    record.attempt("01.hebb", "slow")
    assert size(shown, 1) == pytest.approx(2 * half)
    assert "2 of 2 parts ✓" in shown.lines.value
    record.keep("01.read", "def read(M, q): ...")
    assert "2 of 2 parts ✓, 1 kept<" in shown.lines.value
    assert size(shown, 2) == size(shown, 13) == 0
    assert "To come: 02 Surprise is a gradient, 04 Forgetting" in shown.lines.value


def test_an_exercise_that_the_book_no_longer_has_counts_for_nothing():
    record = Progress(None)
    record.attempt("04.gone", "right")
    assert ProgressMap(record).theta["04"] == 0


def test_the_map_prints_the_same_whatever_was_learned():
    record = Progress(None)
    before = repr(progress_map(record))
    record.attempt("04.a", "right")
    after = repr(progress_map(record))
    assert before == after == f"ProgressMap: {progress_map(record).alt}"


def test_old_maps_are_closed_and_the_record_has_one_listener():
    record = Progress(None)
    maps = [progress_map(record) for _ in range(KEPT + 3)]
    assert len(record._listeners) == 1
    assert [map.comm is None for map in maps] == [True] * 3 + [False] * KEPT
    record.attempt("04.a", "right")
    assert [bool(map.memory.values.any()) for map in maps] == [False] * 3 + [True] * KEPT


def test_a_closed_map_is_left_alone():
    record = Progress(None)
    shown, other = ProgressMap(record), ProgressMap(record)
    shown.close()
    shown.close()
    record.attempt("04.a", "right")
    assert not shown.memory.values.any() and other.memory.values.any()
    assert shown.memory.comm is None


def test_the_still_map_has_the_same_tiles(monkeypatch):
    record = Progress(None)
    monkeypatch.setattr(sys.modules[ProgressMap.__module__], "progress", lambda: record)
    record.attempt("04.a", "right")
    picture = progress_map().figure(alt="My map")
    images = [np.asarray(image.get_array()) for image in picture.axes[0].images]
    assert [index for index, image in enumerate(images) if image.any()] == [4]
    assert picture.alt == "My map"


def test_a_mapping_gives_write_rates():
    quarter = book.memory({"04": 0.25, "13": 0})
    assert np.allclose(quarter, book.memory(["04"]) / 4)
    for wrong in ({"04": 1.5}, {"04": -0.1}, {"04": float("nan")}):
        with pytest.raises(ValueError, match="are no write rates"):
            book.memory(wrong)
    with pytest.raises(ValueError, match=r"written=\['15'\]"):
        book.memory({"15": 1})
