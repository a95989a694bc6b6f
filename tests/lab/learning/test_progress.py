"""The learner's record survives everything that happens to files, and never stops a lesson."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest

from titans_book.lab.learning import progress as records
from titans_book.lab.learning import store
from titans_book.lab.learning.place import default
from titans_book.lab.learning.progress import Progress, off

progress = records.progress
BEFORE = {
    "titans_book": 1,
    "exercises": {"04.old": {"attempts": 3, "outcomes": ["right"], "first": 1.0, "passed": 2.0}},
    "questions": {"01.q": {"answers": [True], "box": 1, "due": 5.0}},
    "predictions": {"03.p": {"values": [1.0], "off_by": 0.5}},
    "parts": {"04.old": "def old(): ..."},
}


@pytest.fixture
def said():
    return []


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "progress.sqlite"


@pytest.fixture
def session():
    """A session without a record yet; the one of the tests comes back."""
    current = records._current
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
    assert said == [] and os.listdir(path.parent) == ["progress.sqlite"]


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


def as_json(path, data, before=""):
    path.parent.mkdir(exist_ok=True)
    path.write_text(before + (data if isinstance(data, str) else json.dumps(data)), "utf-8")
    return path


def breaks(monkeypatch, error):
    """No database can be opened: the disk, the lock, the permission."""

    def connect(*_, **__):
        raise error

    monkeypatch.setattr(store, "_connect", connect)


@pytest.mark.parametrize("before", ["", "\ufeff"])
@pytest.mark.parametrize("named", ["progress.json", "progress.sqlite", "progress"])
def test_a_json_record_of_before_is_taken_over_once_and_left_alone(tmp_path, said, before, named):
    old = as_json(tmp_path / named.replace("sqlite", "json"), BEFORE, before)
    record, bytes_ = Progress(tmp_path / named, said.append), old.read_bytes()
    assert record.passed() == {"04.old"} and record.parts() == BEFORE["parts"]
    assert record.question("01.q")["box"] == 1 and record.predictions() == BEFORE["predictions"]
    record.keep("04.old", None)
    record.attempt("04.old", "wrong")
    again = Progress(tmp_path / named, said.append)
    assert again.parts() == {} and again.exercise("04.old")["attempts"] == 4
    assert old.read_bytes() == bytes_ and again.path.name == "progress.sqlite" and said == []


@pytest.mark.parametrize(
    "text, why",
    [
        ("{not json", "cannot be taken over"),
        ({"a": 1}, "other contents"),
        ([1, 2], "other contents"),
        ({**BEFORE, "titans_book": 99}, "version 99"),
    ],
)
def test_a_json_file_that_makes_no_sense_is_left_alone_with_a_word(tmp_path, said, text, why):
    old = as_json(tmp_path / "progress.json", text)
    content = old.read_bytes()
    full(Progress(tmp_path / "progress.json", said.append))
    assert len(said) == 1 and why in said[0] and old.read_bytes() == content
    assert Progress(tmp_path / "progress.sqlite", said.append).passed() == {"04.step"}


def test_of_a_json_record_whatever_makes_sense_is_taken_over(tmp_path, said):
    broken = {**BEFORE, "questions": [], "parts": {"04.a": {}, "04.b": "b"}}
    broken["exercises"] = {**BEFORE["exercises"], "04.a": {"attempts": "x"}, "04.c": 3}
    as_json(tmp_path / "progress.json", broken)
    record = Progress(tmp_path / "progress.json", said.append)
    assert record.passed() == {"04.old"} and record.parts() == {"04.b": "b"}


def test_a_record_of_before_that_cannot_be_written_down_is_known_all_the_same(
    tmp_path, said, monkeypatch
):
    as_json(tmp_path / "progress.json", BEFORE)
    breaks(monkeypatch, sqlite3.OperationalError("attempt to write a readonly database"))
    assert Progress(tmp_path / "progress.json", said.append).passed() == {"04.old"}


@pytest.mark.parametrize(
    "content", [b"no database " * 400, b"{}", b"SQLite format 3\0" + b"\7" * 4000]
)
def test_a_damaged_file_is_put_aside_and_a_new_one_begins(path, said, content):
    path.parent.mkdir()
    path.write_bytes(content)
    record = full(Progress(path, said.append))
    assert len(said) == 1 and "is damaged" in said[0]
    (aside,) = path.parent.glob("progress.damaged-*.sqlite")
    assert aside.name in said[0] and aside.read_bytes() == content
    assert Progress(path, said.append).passed() == record.passed() == {"04.step"}


@pytest.mark.parametrize("spoil", ["head", "pages"])
def test_a_file_that_breaks_while_it_is_in_use_costs_no_progress(path, said, spoil):
    record = full(Progress(path, said.append))
    record.passed()
    content = bytearray(path.read_bytes())
    content[slice(0, 50) if spoil == "head" else slice(4096, None)] = b"\xff" * (
        50 if spoil == "head" else len(content) - 4096
    )
    path.write_bytes(content)
    record.attempt("04.other", "right")
    assert Progress(path, said.append).passed() == {"04.step", "04.other"}
    assert len(said) == 1 and len(list(path.parent.glob("*.damaged-*"))) == 1


def test_an_entry_edited_by_hand_into_nonsense_costs_no_other(path, said):
    full(Progress(path))
    with sqlite3.connect(path) as database:
        database.execute("UPDATE entries SET value = '{oops' WHERE name = '03.shock'")
    database.close()
    record = Progress(path, said.append)
    record.hint("04.step")
    assert record.passed() == {"04.step"} and record.predictions() == {} and said == []
    with closing(sqlite3.connect(path)) as database:
        assert ("{oops",) in database.execute("SELECT value FROM entries").fetchall()


def test_two_damaged_files_in_one_second_are_both_kept(path, said):
    record = full(Progress(path, said.append))
    for _ in range(2):
        path.write_bytes(b"no database " * 400)
        record.hint("04.step")
    assert len(list(path.parent.glob("*.damaged-*"))) == 2
    assert Progress(path).exercise("04.step")["hints"] == 3


def test_a_kernel_that_comes_late_does_not_put_the_new_file_aside(path, said):
    record = full(Progress(path, said.append))
    assert record._keeper._set_aside(ValueError("stale news")) and said == []
    assert not list(path.parent.glob("*.damaged-*"))


def test_a_damaged_file_that_cannot_be_put_aside_stays_and_memory_takes_over(
    path, said, monkeypatch
):
    path.parent.mkdir()
    path.write_bytes(b"no database " * 400)
    monkeypatch.setattr(store.Path, "replace", _raise(PermissionError(13, "no")))
    record = full(Progress(path, said.append))
    assert record.passed() == {"04.step"} and path.read_bytes() == b"no database " * 400
    assert len(said) == 1 and "kept in memory" in said[0]


@pytest.mark.parametrize("mark", ["PRAGMA user_version = 9", "PRAGMA application_id = 7"])
def test_a_database_of_somebody_else_or_of_a_later_book_is_not_touched(path, said, mark):
    full(Progress(path))
    with sqlite3.connect(path) as database:
        database.execute(mark)
    database.close()
    content = path.read_bytes()
    record = Progress(path, said.append)
    record.attempt("04.new", "right")
    assert record.passed() == {"04.new"} and path.read_bytes() == content
    assert len(said) == 1 and ("version 9" in said[0] or "another program" in said[0])


def test_a_file_that_is_removed_while_it_is_in_use_is_begun_anew(path, said):
    record = full(Progress(path, said.append))
    path.unlink()
    record.hint("04.step")
    assert Progress(path, said.append).exercise("04.step")["hints"] == 1 and said == []


def _raise(error):
    def fail(*_, **__):
        raise error

    return fail


@pytest.mark.parametrize(
    "error",
    [
        sqlite3.OperationalError("database or disk is full"),
        sqlite3.OperationalError("database is locked"),
        sqlite3.OperationalError("unable to open database file"),
        sqlite3.OperationalError("disk I/O error"),
        PermissionError(13, "Permission denied"),
    ],
)
def test_what_cannot_be_written_waits_in_memory_and_is_written_later(
    path, said, monkeypatch, error
):
    record = Progress(path, said.append)
    record.attempt("04.first", "right")
    with monkeypatch.context() as patch:
        breaks(patch, error)
        full(record)
        assert record.passed() == {"04.first", "04.step"} and record.parts()
        assert len(said) == 1 and str(error) in said[0] and "in memory" in said[0]
    assert Progress(path).passed() == {"04.first"}
    record.attempt("04.last", "right")
    assert Progress(path).passed() == {"04.first", "04.step", "04.last"}
    assert Progress(path).exercise("04.step")["attempts"] == 2
    assert len(said) == 2 and "again" in said[1]


def test_a_full_disk_in_the_middle_of_a_write_leaves_the_file_whole(path, said, monkeypatch):
    connect = store._connect

    def cramped(file):
        database = connect(file)
        database.execute("PRAGMA max_page_count = 3")
        return database

    record = full(Progress(path, said.append))
    with monkeypatch.context() as patch:
        patch.setattr(store, "_connect", cramped)
        record.keep("04.long", "x" * 100_000)
        assert len(said) == 1 and "full" in said[0] and "04.long" in record.parts()
    assert set(Progress(path).parts()) == {"04.step"}
    record.flush()
    assert set(Progress(path).parts()) == {"04.step", "04.long"}


def test_a_folder_that_cannot_be_made_keeps_the_record_in_memory(tmp_path, said):
    (tmp_path / "file").write_text("")
    record = full(Progress(tmp_path / "file" / "progress.sqlite", said.append))
    assert record.passed() == {"04.step"} and (tmp_path / "file").read_text() == ""
    assert len(said) == 1 and "kept in memory" in said[0]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_a_folder_without_permission_keeps_the_record_in_memory(tmp_path, said):
    tmp_path.chmod(0o500)
    record = full(Progress(tmp_path / "progress.sqlite", said.append))
    tmp_path.chmod(0o700)
    assert record.passed() == {"04.step"} and "cannot be used now" in said[0]


def test_a_file_that_cannot_be_read_is_not_overwritten(path, said, monkeypatch):
    full(Progress(path))
    with monkeypatch.context() as patch:
        breaks(patch, PermissionError(13, "no"))
        record = Progress(path, said.append)
        assert record.passed() == set() and record.parts() == {} and len(said) == 1
        record.attempt("04.new", "right")
    record.hint("04.new")
    assert Progress(path).passed() == {"04.step", "04.new"} and Progress(path).parts()


def test_a_write_waits_for_another_kernel_that_is_writing(path, said):
    record = full(Progress(path, said.append))
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    timer.start()
    record.attempt("04.other", "right")
    timer.join()
    other.close()
    assert Progress(path).passed() == {"04.step", "04.other"} and said == []


WRITER = """
import sys
from titans_book.lab.learning.progress import Progress
record = Progress(sys.argv[1])
for count in range(40):
    record.attempt("04.step", "wrong")
    record.attempt(f"04.{sys.argv[2]}{count}", "right")
"""


def test_two_kernels_that_write_at_once_lose_nothing(path):
    commands = [[sys.executable, "-c", WRITER, str(path), name] for name in "ab"]
    kernels = [subprocess.Popen(command, env=os.environ) for command in commands]
    assert [kernel.wait(timeout=120) for kernel in kernels] == [0, 0]
    record = Progress(path)
    assert len(record.passed()) == 80 and record.exercise("04.step")["attempts"] == 80


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
    def clears(data):
        data["parts"].clear()
        raise RuntimeError

    record = full(Progress(path))
    with pytest.raises(RuntimeError):
        record._change(clears)
    record.hint("04.step")
    assert record.parts() and Progress(path).parts()


def test_the_session_has_one_record_where_the_variable_says(session, monkeypatch, path):
    monkeypatch.setenv("TITANS_BOOK_PROGRESS", str(path))
    assert progress() is progress() and progress().path == path


@pytest.mark.parametrize("word", ["off", "OFF", " off "])
def test_the_variable_switches_it_off(session, monkeypatch, word):
    monkeypatch.setenv("TITANS_BOOK_PROGRESS", word)
    full(progress())
    assert progress().path is None and progress().passed() == {"04.step"}


def test_the_default_lies_in_the_projects_folder(session, monkeypatch, root):
    monkeypatch.delenv("TITANS_BOOK_PROGRESS", raising=False)
    assert default(root) == root / ".titans_book" / "progress.sqlite"
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert default(root).parent.name == "titans_book"


def test_without_the_projects_folder_it_lies_in_the_users_own(monkeypatch, tmp_path):
    """As after a plain install, where the package lies in site-packages."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    found = default(tmp_path / "site-packages")
    assert found.name == "progress.sqlite" and found.parent.name == "titans_book"
    assert tmp_path in found.parents and "site-packages" not in found.parts


def test_the_variable_knows_the_home_folder_and_folders(session, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("TITANS_BOOK_PROGRESS", "~/mine.sqlite")
    assert progress().path == tmp_path / "mine.sqlite"
    records._current.clear()
    monkeypatch.setenv("TITANS_BOOK_PROGRESS", str(tmp_path))
    assert progress().path == tmp_path / "progress.sqlite"


def test_off_leaves_the_disk_as_it_is(session, monkeypatch, path):
    monkeypatch.setenv("TITANS_BOOK_PROGRESS", str(path))
    full(progress())
    before = path.read_bytes()
    off()
    assert progress().passed() == set() and progress().path is None
    full(progress())
    assert path.read_bytes() == before
