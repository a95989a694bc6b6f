"""The learner's record survives everything that happens to files, and never stops a lesson."""

import json
import os
import sys
import time
from pathlib import Path

import pytest

from titans_book.lab.learning.progress import SECTIONS, VERSION, Progress, off, progress

EMPTY = {"titans_book": VERSION, **{section: {} for section in SECTIONS}}


@pytest.fixture
def said():
    return []


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "progress.json"


@pytest.fixture
def session():
    """A session without a record yet; the one of the tests comes back."""
    current = sys.modules[progress.__module__]._current
    kept = list(current)
    current.clear()
    yield
    current[:] = kept


def full(record):
    """One of everything that can be recorded."""
    record.attempt("04.step", "wrong")
    record.attempt("04.step", "right")
    record.hint("04.step")
    record.answer("01.memory", True, 1, 5.0)
    record.predict("03.shock", [1.0, 2.0], 0.5)
    record.keep("04.step", "def step(): ...")
    return record


def test_what_was_done_is_there_after_a_restart(path, said):
    full(Progress(path, said.append))
    again = Progress(path, said.append)
    entry = again.exercise("04.step")
    assert (entry["attempts"], entry["outcomes"], entry["hints"]) == (2, ["wrong", "right"], 1)
    assert entry["first"] <= entry["passed"] <= time.time() + 1
    assert again.question("01.memory") == {"answers": [True], "box": 1, "due": 5.0}
    assert again.predictions() == {"03.shock": {"values": [1.0, 2.0], "off_by": 0.5}}
    assert again.parts() == {"04.step": "def step(): ..."}
    assert said == [] and os.listdir(path.parent) == ["progress.json"]


def test_what_counts_as_passed():
    record = Progress(None)
    for name, outcome in [
        ("04.a", "right"),
        ("04.b", "slow"),
        ("04.c", "wrong"),
        ("03.a", "right"),
    ]:
        record.attempt(name, outcome)
    assert record.passed() == {"04.a", "04.b", "03.a"} and record.passed("04") == {"04.a", "04.b"}
    first = record.exercise("04.a")["passed"]
    record.attempt("04.a", "wrong")
    assert record.exercise("04.a")["passed"] == first


def test_the_first_prediction_counts_and_a_part_can_be_given_back():
    record = full(Progress(None))
    record.predict("03.shock", [9.0], 0.0)
    assert record.predictions()["03.shock"]["off_by"] == 0.5
    record.keep("04.step", None)
    record.keep("04.step", None)
    assert record.parts() == {}


def test_long_histories_are_cut():
    record = Progress(None)
    for count in range(30):
        record.attempt("04.a", str(count))
        record.answer("04.q", count > 15, 0, 0.0)
    assert record.exercise("04.a")["outcomes"][0] == "10"
    assert (
        record.exercise("04.a")["attempts"] == 30 and len(record.question("04.q")["answers"]) == 20
    )


def test_answers_are_copies():
    record = full(Progress(None))
    record.exercise("04.step")["attempts"] = 99
    record.question("01.memory")["box"] = 99
    record.predictions().clear()
    record.parts().clear()
    assert record.exercise("04.step")["attempts"] == 2 and record.question("01.memory")["box"] == 1
    assert record.predictions() and record.parts()
    assert record.exercise("99.none") == record.question("99.none") == {}


@pytest.mark.parametrize(
    "text, why",
    [
        ("{not json", "not a progress file"),
        ("", "not a progress file"),
        ("\udcff".encode("utf-8", "surrogateescape"), "not a progress file"),
        (json.dumps({"a": 1}), "other contents"),
        (json.dumps([1, 2]), "other contents"),
        (json.dumps({**EMPTY, "titans_book": 99}), "version 99"),
        (json.dumps({**EMPTY, "exercises": []}), "'exercises' is damaged"),
        (json.dumps({**EMPTY, "questions": {"01.a": 3}}), "'questions' is damaged"),
        (json.dumps({**EMPTY, "parts": {"04.a": {}}}), "'parts' is damaged"),
        (json.dumps({"titans_book": VERSION}), "is damaged"),
        (json.dumps({**EMPTY, "exercises": {"04.a": {"attempts": "x"}}}), "'attempts' of '04.a'"),
        (json.dumps({**EMPTY, "questions": {"04.q": {"answers": 5}}}), "'answers' of '04.q'"),
    ],
)
def test_a_file_that_makes_no_sense_is_put_aside_and_a_new_one_begins(path, said, text, why):
    path.parent.mkdir()
    content = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(content)
    record = full(Progress(path, said.append))
    assert len(said) == 1 and why in said[0]
    (aside,) = path.parent.glob("progress.unreadable-*.json")
    assert aside.name in said[0] and aside.read_bytes() == content
    assert Progress(path, said.append).passed() == record.passed() == {"04.step"}


def test_a_file_that_breaks_while_it_is_in_use_costs_no_progress(path, said):
    record = full(Progress(path, said.append))
    path.write_text("{")
    record.attempt("04.other", "right")
    assert Progress(path, said.append).passed() == {"04.step", "04.other"}
    assert len(said) == 1


def test_a_file_that_is_removed_while_it_is_in_use_comes_back(path, said):
    record = full(Progress(path, said.append))
    path.unlink()
    record.hint("04.step")
    assert Progress(path, said.append).exercise("04.step")["hints"] == 2 and said == []


def test_a_bad_file_that_cannot_be_put_aside_stays_and_memory_takes_over(path, said, monkeypatch):
    path.parent.mkdir()
    path.write_text("{")
    monkeypatch.setattr(Path, "replace", _raise(PermissionError(13, "no")))
    record = full(Progress(path, said.append))
    assert record.passed() == {"04.step"} and record.path is None
    assert path.read_text() == "{" and said == [
        "your progress cannot be read, and is kept in memory only"
    ]


def _raise(error):
    def fail(*_, **__):
        raise error

    return fail


def test_a_full_disk_keeps_the_record_in_memory_and_says_so_once(path, said, monkeypatch):
    record = Progress(path, said.append)
    record.attempt("04.first", "right")
    monkeypatch.setattr(Path, "write_text", _raise(OSError(28, "No space left on device")))
    full(record)
    assert record.passed() == {"04.first", "04.step"}
    assert len(said) == 1 and "No space left" in said[0] and "in memory" in said[0]
    monkeypatch.undo()
    assert Progress(path).passed() == {"04.first"}


def test_a_folder_that_cannot_be_made_keeps_the_record_in_memory(tmp_path, said):
    (tmp_path / "file").write_text("")
    record = full(Progress(tmp_path / "file" / "progress.json", said.append))
    assert record.passed() == {"04.step"} and (tmp_path / "file").read_text() == ""
    assert any("kept in memory" in words for words in said)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_a_folder_without_permission_keeps_the_record_in_memory(tmp_path, said):
    tmp_path.chmod(0o500)
    record = full(Progress(tmp_path / "progress.json", said.append))
    tmp_path.chmod(0o700)
    assert record.passed() == {"04.step"} and "cannot be written" in said[0]


def test_a_file_that_may_not_be_read_leaves_the_lesson_going(path, said, monkeypatch):
    full(Progress(path))
    monkeypatch.setattr(Path, "read_text", _raise(PermissionError(13, "no")))
    record = Progress(path, said.append)
    assert record.passed() == set() and record.parts() == {} and len(said) == 1


def test_two_notebooks_do_not_undo_each_other(path, said):
    one, two = Progress(path, said.append), Progress(path, said.append)
    one.attempt("04.a", "right")
    two.attempt("04.b", "right")
    one.answer("01.q", True, 1, 1.0)
    two.keep("04.b", "b")
    assert one.passed() == two.passed() == {"04.a", "04.b"}
    assert one.parts() == {"04.b": "b"} and two.question("01.q")["box"] == 1


def test_listeners_hear_every_change_and_no_question(path):
    record, heard = Progress(path), []
    record.observe(lambda: heard.append(len(record.passed())))
    full(record)
    assert heard == [0, 1, 1, 1, 1, 1]
    record.passed(), record.parts(), record.predictions(), record.exercise("04.step")
    assert len(heard) == 6


def test_a_change_that_fails_is_no_change(path):
    record = full(Progress(path))
    before = path.read_text()
    with pytest.raises(RuntimeError), record._change() as data:
        data["parts"].clear()
        raise RuntimeError
    assert path.read_text() == before and record.parts()


def test_the_session_has_one_record_where_the_variable_says(session, monkeypatch, path):
    monkeypatch.setenv("TITANS_BOOK_PROGRESS", str(path))
    assert progress() is progress() and progress().path == path


def test_the_variable_switches_it_off(session, monkeypatch):
    monkeypatch.setenv("TITANS_BOOK_PROGRESS", "off")
    full(progress())
    assert progress().path is None and progress().passed() == {"04.step"}


def test_the_default_lies_in_the_projects_folder(session, monkeypatch, root):
    monkeypatch.delenv("TITANS_BOOK_PROGRESS", raising=False)
    assert progress().path == root / ".titans_book" / "progress.json"


def test_off_leaves_the_disk_as_it_is(session, monkeypatch, path):
    monkeypatch.setenv("TITANS_BOOK_PROGRESS", str(path))
    full(progress())
    before = path.read_text()
    off()
    assert progress().passed() == set() and progress().path is None
    full(progress())
    assert path.read_text() == before
