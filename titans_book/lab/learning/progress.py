"""What a learner has done: one small file on their own disk, and nowhere else.

    .titans_book/progress.sqlite      in the project's folder

It holds attempts and times, which checks have passed, the boxes of the quiz questions, predictions,
and the functions that were kept. It never leaves the machine. Where the book was installed without
its folder, or the folder may not be written, the file lies in the user's own data folder instead
(see place.py). TITANS_BOOK_PROGRESS=FILE keeps it elsewhere, TITANS_BOOK_PROGRESS=off in memory
only; `off()` does that for this session.

To undo: `release("04.titans_step")` gives one kept part back to the book, `release()` all of them.
`python -m titans_book progress --undo 04.titans_step` forgets an exercise, `--reset 04` a chapter,
and keeps a copy of the file.

Nothing here may stop a lesson, and nothing is lost without a word: what cannot be written waits in
memory and is tried again at the next change; a damaged file is put aside under another name.
"""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from titans_book.lab.learning.keeper import Keeper
from titans_book.lab.learning.place import default
from titans_book.lab.learning.store import Change, Data, Store

__all__ = ["Progress", "off", "progress"]

VARIABLE = "TITANS_BOOK_PROGRESS"
KINDS = ("exercises", "parts", "questions", "predictions")


class Progress:
    """The record of one learner. path=None keeps it in memory only.

    A folder stands for the progress.sqlite in it, and a name that ends in .json for the database
    beside it: such a file is from before, and is taken over.
    """

    def __init__(self, path: Path | str | None, say: Callable[[str], Any] = print):
        self._keeper = Keeper(path, say)
        self._listeners: list[Callable[[], Any]] = []

    # What is known

    def passed(self, chapter: str = "") -> set[str]:
        """Names of the exercises whose check has passed, such as "04.titans_step".

        >>> Progress(None).passed()
        set()
        """
        found = self._keeper.load()["exercises"].items()
        return {name for name, entry in found if entry.get("passed") and name.startswith(chapter)}

    def exercise(self, name: str) -> dict[str, Any]:
        """attempts, outcomes, hints, first, passed (both in seconds since 1970) of an exercise."""
        return self._keeper.load()["exercises"].get(name, {})

    def exercises(self) -> dict[str, dict[str, Any]]:
        """The same for every exercise that was tried, by its name."""
        return self._keeper.load()["exercises"]

    def questions(self) -> dict[str, dict[str, Any]]:
        """box, due and answers of every question that was answered, by its name."""
        return self._keeper.load()["questions"]

    def question(self, name: str) -> dict[str, Any]:
        """box (0 to 5), due (in seconds since 1970) and answers of a quiz question."""
        return self._keeper.load()["questions"].get(name, {})

    def predictions(self) -> dict[str, Any]:
        """The learner's predictions: their values, and how far off they were."""
        return self._keeper.load()["predictions"]

    def parts(self) -> dict[str, str]:
        """The source of every function that was kept, by the exercise's name."""
        return self._keeper.load()["parts"]

    # What happens

    def attempt(self, name: str, outcome: str) -> None:
        """A check was made; an exercise that was open is no attempt."""
        now = round(time.time(), 1)

        def change(data: Data) -> None:
            entry = data["exercises"].setdefault(name, {})
            entry.setdefault("first", now)
            entry["attempts"] = entry.get("attempts", 0) + 1
            entry["outcomes"] = [*entry.get("outcomes", []), outcome][-20:]
            if outcome in ("right", "slow"):
                entry.setdefault("passed", now)

        self._change(change)

    def hint(self, name: str) -> None:
        """A hint was taken."""

        def change(data: Data) -> None:
            entry = data["exercises"].setdefault(name, {"attempts": 0, "outcomes": []})
            entry["hints"] = entry.get("hints", 0) + 1

        self._change(change)

    def answer(self, question: str, right: bool, box: int, due: float) -> None:
        """A quiz question was answered; it lies in this box now and is due at this time."""

        def change(data: Data) -> None:
            entry = data["questions"].setdefault(question, {})
            entry["answers"] = [*entry.get("answers", []), bool(right)][-20:]
            entry.update(box=box, due=due)

        self._change(change)

    def predict(self, name: str, values: list[float], off_by: float) -> None:
        """A prediction was made before the truth was shown; the first one counts."""
        made = {"values": [float(value) for value in values], "off_by": float(off_by)}
        self._change(lambda data: data["predictions"].setdefault(name, made))

    def keep(self, name: str, source: str | None) -> None:
        """Keep the source of a function as the learner's own; None gives it back."""
        if source is None:
            self._change(lambda data: data["parts"].pop(name, None))
        else:
            self._change(lambda data: data["parts"].update({name: source}))

    def undo(self, wanted: Callable[[str], bool]) -> None:
        """Forget all that has a name for which wanted(name) is true: as if it had not been done."""

        def change(data: Data) -> None:
            for section in KINDS:
                for name in [name for name in data[section] if wanted(name)]:
                    del data[section][name]

        self._change(change)

    def names(self, wanted: Callable[[str], bool]) -> dict[str, list[str]]:
        """What `undo` would forget: names of exercises, questions, predictions and parts."""
        data = self._keeper.load()
        return {kind: sorted(name for name in data[kind] if wanted(name)) for kind in KINDS}

    def backup(self) -> Path | None:
        """Copy the file to a new one beside it, and return that; None if there is no file."""
        if self.path is None or not self.path.exists():
            return None
        return Store(self.path).backup()

    def observe(self, listener: Callable[[], Any]) -> None:
        """Call `listener()` after every change: maps repaint themselves with it."""
        self._listeners.append(listener)

    def _change(self, change: Change) -> None:
        self._keeper.change(change)
        for listener in list(self._listeners):
            listener()

    # The file

    @property
    def path(self) -> Path | None:
        """The file; None for a record in memory only."""
        return self._keeper.path

    def flush(self) -> None:
        """Try again to write what could not be written before, if there is anything."""
        self._keeper.flush()

    def forget(self) -> None:
        """Go on in memory, with nothing known; what is on the disk stays as it is."""
        self._keeper = Keeper(None, print)


_current: list[Progress] = []


def progress() -> Progress:
    """The record of this session: in the file TITANS_BOOK_PROGRESS names, or in `default`."""
    if not _current:
        where = os.environ.get(VARIABLE, "").strip()
        path = None if where.lower() == "off" else Path(where) if where else default()
        _current.append(Progress(path))
        atexit.register(_current[0].flush)
    return _current[0]


def off() -> None:
    """Record nothing more in this session; what is on the disk stays as it is."""
    progress().forget()
