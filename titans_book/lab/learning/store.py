"""The file under a learner's record: a small SQLite database that several notebooks can share.

Every write is one transaction: it waits for its turn, reads what is there, applies the changes and
commits. SQLite's own lock keeps two kernels from undoing each other, and its rollback journal (not
WAL, which network folders cannot share) keeps the file whole if the machine stops in between.

A store never overwrites what it cannot read. It raises one of three errors, and what to do with
them is for `progress` to say: Unavailable (now, perhaps not later), Damaged, and Foreign.
"""

from __future__ import annotations

import copy
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

__all__ = ["SECTIONS", "Change", "Damaged", "Data", "Foreign", "Store", "Unavailable", "empty"]

SECTIONS = ("exercises", "questions", "predictions", "parts", "meta")
VERSION = 1
OURS = int.from_bytes(b"TTNS", "big")  # SQLite's application_id
PATIENCE = 5.0  # seconds that a write waits for another kernel's

Data = dict[str, dict[str, Any]]
Change = Callable[[Data], None]


class Unavailable(Exception):
    """The file cannot be used now: no room, no permission, another program holds it."""


class Damaged(Exception):
    """The file is no database any more."""


class Foreign(Exception):
    """A sound database that this version of the book must not touch."""


def empty() -> Data:
    """A record in which nothing has happened yet."""
    return {section: {} for section in SECTIONS}


class Store:
    """The database at `path`. It opens the file for each call, and leaves nothing open."""

    def __init__(self, path: Path):
        self.path = path

    def read(self) -> Data:
        """All that is there; an empty record where there is no file yet."""
        if not os.path.exists(self.path):
            return empty()
        with self._open() as database:
            return _everything(database)

    def write(self, changes: Iterable[Change]) -> Data:
        """Apply the changes to what is there, in one transaction; what is there afterwards."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(str(error)) from error
        with self._open() as database:
            database.execute("BEGIN IMMEDIATE")
            before = _everything(database)
            after = copy.deepcopy(before)
            for change in changes:
                change(after)
            _lay_out(database)
            for section, name in _differing(before, after):
                _put(database, section, name, after[section].get(name))
            database.execute("COMMIT")
            return after

    def backup(self) -> Path:
        """Copy what is there into a new file beside it, and return its path."""
        stamp, kind = time.strftime("%Y%m%d-%H%M%S"), self.path.suffix
        number, copy = 1, self.path.with_name(f"{self.path.stem}.backup-{stamp}{kind}")
        while copy.exists():
            number += 1
            copy = self.path.with_name(f"{self.path.stem}.backup-{stamp}-{number}{kind}")
        with self._open() as database, closing(sqlite3.connect(copy)) as other:
            database.backup(other)
        return copy

    def set_aside(self) -> Path | None:
        """Rename a damaged file and its journal, and give the new name. OSError if that fails.

        None if it is sound: another kernel has been quicker, and this is the new one already.
        """
        try:
            self.read()
            return None
        except Damaged:
            stamp, kind = int(time.time()), self.path.suffix
        while (aside := self.path.with_name(f"{self.path.stem}.damaged-{stamp}{kind}")).exists():
            stamp += 1
        journal = self.path.with_name(f"{self.path.name}-journal")
        self.path.replace(aside)
        if journal.exists():
            journal.replace(aside.with_name(f"{aside.name}-journal"))
        return aside

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection that closes itself; whatever fails leaves the file as it was."""
        try:
            with closing(_connect(self.path)) as database:
                database.execute("PRAGMA journal_mode = DELETE")
                _require_ours(database)
                yield database
        except (sqlite3.OperationalError, OSError) as error:
            raise Unavailable(str(error)) from error
        except sqlite3.DatabaseError as error:
            raise Damaged(str(error)) from error


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)


def _pragma(database: sqlite3.Connection, name: str) -> int:
    return database.execute(f"PRAGMA {name}").fetchone()[0]


def _has_tables(database: sqlite3.Connection) -> bool:
    return database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] > 0


def _require_ours(database: sqlite3.Connection) -> None:
    """Foreign for a database of another program, or of a later version of the book."""
    if not _has_tables(database):
        return
    if _pragma(database, "application_id") != OURS:
        raise Foreign("it is the database of another program")
    version = _pragma(database, "user_version")
    if version != VERSION:
        raise Foreign(f"it is of version {version}, this book writes {VERSION}")


def _lay_out(database: sqlite3.Connection) -> None:
    """The one table, if it is not there yet."""
    if _has_tables(database):
        return
    database.execute(
        "CREATE TABLE entries (section TEXT, name TEXT, value TEXT, PRIMARY KEY (section, name))"
    )
    database.execute(f"PRAGMA application_id = {OURS}")
    database.execute(f"PRAGMA user_version = {VERSION}")


def _everything(database: sqlite3.Connection) -> Data:
    data = empty()
    if _has_tables(database):
        for section, name, value in database.execute("SELECT section, name, value FROM entries"):
            with suppress(TypeError, ValueError):  # edited by hand: left as it is, and not used
                data.setdefault(section, {})[name] = json.loads(value)
    return data


def _differing(before: Data, after: Data) -> list[tuple[str, str]]:
    """Section and name of every entry that has changed."""
    return [
        (section, name)
        for section in after
        for name in {**before.get(section, {}), **after[section]}
        if before.get(section, {}).get(name) != after[section].get(name)
    ]


def _put(database: sqlite3.Connection, section: str, name: str, value: Any) -> None:
    if value is None:
        database.execute("DELETE FROM entries WHERE section = ? AND name = ?", (section, name))
    else:
        row = section, name, json.dumps(value)
        database.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", row)
