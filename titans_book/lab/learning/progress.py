"""What a learner has done: one small file on their own disk, and nowhere else.

    .titans_book/progress.json      in the project's folder

It holds attempts and times, which checks have passed, the boxes of the quiz questions, predictions,
and the functions that were kept. It never leaves the machine. `off()` stops the recording for this
session, TITANS_BOOK_PROGRESS=off for good; TITANS_BOOK_PROGRESS=FILE keeps it elsewhere.

Nothing here may stop a lesson: a file that cannot be read is put aside, with a word about it; one
that cannot be written leaves the record in memory.
"""

from __future__ import annotations

import copy
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from titans_book.lab.project import ROOT

__all__ = ["Progress", "off", "progress"]

VERSION = 1
SECTIONS = ("exercises", "questions", "predictions", "parts")
VARIABLE = "TITANS_BOOK_PROGRESS"
NUMBER = (int, float)
WHOLE, LISTS = ("attempts", "hints", "box"), ("outcomes", "answers", "values")
KINDS = {
    **dict.fromkeys(WHOLE, int),
    **dict.fromkeys(LISTS, list),
    **dict.fromkeys(("first", "passed", "due", "off_by"), NUMBER),
}


def _empty() -> dict[str, Any]:
    return {"titans_book": VERSION, **{section: {} for section in SECTIONS}}


class Progress:
    """The record of one learner. path=None keeps it in memory only.

    Every change reads the file again first, so that two open notebooks do not undo each other.
    """

    def __init__(self, path: Path | None, say: Callable[[str], Any] = print):
        self.path, self._say = path, say
        self._said: set[str] = set()
        self._data = _empty()
        self._listeners: list[Callable[[], Any]] = []
        self._load()

    # What is known

    def passed(self, chapter: str = "") -> set[str]:
        """Names of the exercises whose check has passed, such as "04.titans_step".

        >>> Progress(None).passed()
        set()
        """
        found = self._load()["exercises"].items()
        return {name for name, entry in found if entry.get("passed") and name.startswith(chapter)}

    def exercise(self, name: str) -> dict[str, Any]:
        """attempts, outcomes, hints, first, passed (both in seconds since 1970) of an exercise."""
        return copy.deepcopy(self._load()["exercises"].get(name, {}))

    def question(self, name: str) -> dict[str, Any]:
        """box (0 to 5), due (in seconds since 1970) and answers of a quiz question."""
        return copy.deepcopy(self._load()["questions"].get(name, {}))

    def predictions(self) -> dict[str, Any]:
        """The learner's predictions: their values, and how far off they were."""
        return copy.deepcopy(self._load()["predictions"])

    def parts(self) -> dict[str, str]:
        """The source of every function that was kept, by the exercise's name."""
        return dict(self._load()["parts"])

    # What happens

    def attempt(self, name: str, outcome: str) -> None:
        """A check was made; an exercise that was open is no attempt."""
        with self._change() as data:
            entry = data["exercises"].setdefault(name, {"attempts": 0, "outcomes": []})
            now = round(time.time(), 1)
            entry.setdefault("first", now)
            entry["attempts"] = entry.get("attempts", 0) + 1
            entry["outcomes"] = [*entry.get("outcomes", []), outcome][-20:]
            if outcome in ("right", "slow"):
                entry.setdefault("passed", now)

    def hint(self, name: str) -> None:
        """A hint was taken."""
        with self._change() as data:
            entry = data["exercises"].setdefault(name, {"attempts": 0, "outcomes": []})
            entry["hints"] = entry.get("hints", 0) + 1

    def answer(self, question: str, right: bool, box: int, due: float) -> None:
        """A quiz question was answered; it lies in this box now and is due at this time."""
        with self._change() as data:
            entry = data["questions"].setdefault(question, {"answers": []})
            entry["answers"] = [*entry.get("answers", []), bool(right)][-20:]
            entry.update(box=box, due=due)

    def predict(self, name: str, values: list[float], off_by: float) -> None:
        """A prediction was made before the truth was shown; the first one counts."""
        with self._change() as data:
            data["predictions"].setdefault(name, {"values": values, "off_by": off_by})

    def keep(self, name: str, source: str | None) -> None:
        """Keep the source of a function as the learner's own; None gives it back."""
        with self._change() as data:
            if source is None:
                data["parts"].pop(name, None)
            else:
                data["parts"][name] = source

    def observe(self, listener: Callable[[], Any]) -> None:
        """Call `listener()` after every change: maps repaint themselves with it."""
        self._listeners.append(listener)

    # The file

    def _change(self) -> _Change:
        return _Change(self)

    def _load(self) -> dict[str, Any]:
        """What the file holds now; the last that was known where it cannot be read."""
        if self.path is None:
            return self._data
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
            _require(data)
            self._data = data
        except FileNotFoundError:
            pass
        except OSError as error:
            self._say_once(f"your progress cannot be read ({error}); the lesson goes on without")
        except ValueError as error:
            self._set_aside(error)
        return self._data

    def _set_aside(self, why: Exception) -> None:
        aside = self.path.with_name(f"{self.path.stem}.unreadable-{int(time.time())}.json")
        try:
            self.path.replace(aside)
            self._say_once(
                f"{self.path} is not a progress file of this book ({why}). It is kept as "
                f"{aside.name}, and a new one begins."
            )
        except OSError:
            self.path = None
            self._say_once("your progress cannot be read, and is kept in memory only")

    def _save(self, data: dict[str, Any]) -> None:
        self._data = data
        if self.path is not None:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                draft = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")
                draft.write_text(json.dumps(data, indent=1), encoding="utf-8")
                draft.replace(self.path)
            except OSError as error:
                self.path = None
                self._say_once(
                    f"your progress cannot be written ({error}): it is kept in memory until this "
                    "notebook's kernel stops. Make room or permission, then restart the kernel."
                )
        for listener in list(self._listeners):
            listener()

    def _say_once(self, words: str) -> None:
        if words not in self._said:
            self._said.add(words)
            self._say(words)


class _Change:
    """A `with` block around the newest data; they are written at its end."""

    def __init__(self, owner: Progress):
        self.owner = owner

    def __enter__(self) -> dict[str, Any]:
        self.data = copy.deepcopy(self.owner._load())
        return self.data

    def __exit__(self, kind: type | None, *_: Any) -> None:
        if kind is None:
            self.owner._save(self.data)


def _require(data: Any) -> None:
    """ValueError for anything that `_save` did not write."""
    if not isinstance(data, dict) or "titans_book" not in data:
        raise ValueError("it has other contents")
    if data["titans_book"] != VERSION:
        raise ValueError(f"it is of version {data['titans_book']}, this book writes {VERSION}")
    for section in SECTIONS:
        entries = data.get(section)
        kind = str if section == "parts" else dict
        if not isinstance(entries, dict) or not all(isinstance(e, kind) for e in entries.values()):
            raise ValueError(f"its part {section!r} is damaged")
        for name, entry in entries.items() if kind is dict else ():
            for key, value in entry.items():
                if not isinstance(value, KINDS.get(key, object)) or isinstance(value, bool):
                    raise ValueError(f"{key!r} of {name!r} is damaged")


_current: list[Progress] = []


def progress() -> Progress:
    """The record of this session: in the file TITANS_BOOK_PROGRESS names, or the project's own."""
    if not _current:
        where = os.environ.get(VARIABLE, "")
        default = ROOT / ".titans_book" / "progress.json"
        _current.append(Progress(None if where == "off" else Path(where or default)))
    return _current[0]


def off() -> None:
    """Record nothing more in this session; what is on the disk stays as it is."""
    progress().path = None
    _current[0]._data = _empty()
