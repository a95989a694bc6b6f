"""The map and the terminal say where a learner stands; to undo keeps a copy."""

import io
import time

import pytest

from titans_book.book.bank import EXERCISES
from titans_book.cli import main
from titans_book.lab.learning import parts
from titans_book.lab.learning import progress as records
from titans_book.lab.learning.exercise import GRADES
from titans_book.lab.learning.leitner import DAY
from titans_book.lab.learning.map import ProgressMap
from titans_book.lab.learning.progress import Progress
from titans_book.lab.learning.standing import standing, told

NOW = 1_000_000.0


@pytest.fixture
def record(tmp_path, monkeypatch):
    """A record in a file, in which a little has been done; it is this session's own."""
    record = Progress(tmp_path / "progress.sqlite")
    for name in ("00.my_alpha", "01.read", "01.delta_write"):
        record.attempt(name, "right")
    record.attempt("01.loss", "known")
    record.keep("01.read", "def read(M, q):\n    return q @ M")
    monkeypatch.setattr(records, "_current", [record])
    monkeypatch.setattr(parts, "_loaded", {"sources": None, "parts": {}})
    return record


def states(record, chapter):
    found = {one.chapter.number: one for one in standing(record, NOW).chapters}
    return {task.short: task.state for task in found[chapter].tasks}


def test_each_exercise_is_open_begun_passed_or_kept(record):
    found = states(record, "01")
    assert (found["read"], found["delta_write"]) == ("kept", "passed")
    assert (found["loss"], found["hebb_write"]) == ("begun", "open")
    tasks = [task for one in standing(record, NOW).chapters for task in one.tasks]
    assert [task.name for task in tasks] == list(EXERCISES)
    assert all(task.grade in GRADES for task in tasks)


def test_what_was_begun_comes_next_and_what_is_not_kept_is_named(record):
    said = told(standing(record, NOW))
    assert said["Kept"].startswith("read.") and said["Not kept"].startswith("delta_write.")
    assert said["Next"].startswith("loss in chapter 01") and "not right yet" in said["Next"]
    record.attempt("01.loss", "right")
    assert "in chapter 01" in told(standing(record, NOW))["Next"]
    for name in EXERCISES:
        record.attempt(name, "right")
    assert "everything" in told(standing(record, NOW))["Next"]


def test_a_beginner_is_sent_to_the_first_exercise():
    assert told(standing(Progress(None), NOW)) == {
        "Next": "my_alpha in chapter 00, Start here: short, about 4 minutes."
    }


def test_questions_that_are_due_are_counted_and_the_next_is_announced(record):
    record.answer("00.when", True, 1, NOW + 3 * DAY)
    assert "due in 3 days" in told(standing(record, NOW))["Review"]
    record.answer("00.torn", False, 0, NOW - 1)
    assert "1 question of chapter 00 is due" in told(standing(record, NOW))["Review"]
    record.answer("01.half", False, 0, NOW - 1)
    assert "2 questions of chapters 00, 01 are due" in told(standing(record, NOW))["Review"]


def test_the_map_and_the_terminal_say_the_same(record, capsys):
    page = ProgressMap(record).lines.value
    assert main(["progress"]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines()[2:])) < 80
    flat = " ".join(shown.split())
    for words, line in told(standing(record, time.time())).items():
        assert f"<b>{words}:</b> {line}" in page and line in flat
    for tasks in ("read_text (build) open", "my_memory (open) open", "read ✓ kept", "loss … begun"):
        assert tasks in page and tasks in flat
    many = len(states(record, "01"))
    assert "1 kept" in page and f"] 2 of {many}, 1 kept" in flat


def test_to_undo_asks_and_keeps_a_copy(record, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert main(["progress", "--undo", "01.read"]) == 1
    assert states(record, "01")["read"] == "kept"
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert main(["progress", "--undo", "01.read"]) == 1
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    assert main(["progress", "--undo", "01.read"]) == 0
    assert states(record, "01")["read"] == "open" and states(record, "01")["loss"] == "begun"
    (copy,) = tmp_path.glob("progress.backup-*.sqlite")
    assert str(copy) in capsys.readouterr().out
    assert states(Progress(copy), "01")["read"] == "kept"


def test_a_chapter_is_reset_without_asking_if_one_is_sure(record, capsys, tmp_path):
    record.answer("01.half", False, 0, NOW)
    assert main(["progress", "--reset", "01", "--yes"]) == 0
    assert "3 exercises, 1 kept part, 1 question" in capsys.readouterr().out
    assert set(states(record, "01").values()) == {"open"} and not record.question("01.half")
    assert states(record, "00")["my_alpha"] == "passed"
    assert main(["progress", "--reset", "01", "--yes"]) == 0
    assert "nothing about 01" in capsys.readouterr().out
    assert len(list(tmp_path.glob("*backup*"))) == 1
    assert main(["progress", "--reset", "all", "--yes"]) == 0
    assert len(list(tmp_path.glob("*backup*"))) == 2 and not record.passed()


@pytest.mark.parametrize("mistake", [["--undo", "01.raed"], ["--reset", "15"]])
def test_a_name_that_is_none_is_refused(record, mistake, capsys):
    assert main(["progress", *mistake, "--yes"]) == 1
    assert mistake[1] in capsys.readouterr().err and record.passed()


def test_a_record_in_memory_can_be_undone_too(capsys, monkeypatch):
    record = Progress(None)
    record.attempt("00.my_alpha", "right")
    monkeypatch.setattr(records, "_current", [record])
    assert main(["progress", "--reset", "00", "--yes"]) == 0 and not record.passed()
    assert main(["progress"]) == 0 and "not on disk" in capsys.readouterr().out
