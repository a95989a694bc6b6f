"""Keeps a record on the disk as long as that can be done, and in memory where it cannot.

What cannot be written waits, and is tried again with the next change; a damaged file is put aside
under another name, and a progress.json of before is taken over once. Each of that is said once.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from titans_book.lab.learning import earlier
from titans_book.lab.learning.place import files
from titans_book.lab.learning.store import (
    Change,
    Damaged,
    Data,
    Foreign,
    Store,
    Unavailable,
    empty,
)

__all__ = ["Keeper"]


class Keeper:
    """The data of one record. path=None keeps them in memory only; see `files` for what it means.

    say(words) is called with what the learner should know.
    """

    def __init__(self, path: Path | str | None, say: Callable[[str], Any]):
        self._say, self._excused = say, False
        self._known: Data = empty()
        self._waiting: list[Change] = []
        self.path, old = (None, None) if path is None else files(path)
        if old is not None:
            self._take_over(old)

    def load(self) -> Data:
        """What the file holds now, or held when it could last be read, and what waits for it."""
        if self.path is not None:
            try:
                self._known = Store(self.path).read()
            except Damaged as error:
                self._set_aside(error)
            except (Unavailable, Foreign) as error:
                self._excuse(error)
        data = copy.deepcopy(self._known)
        for change in self._waiting:
            change(data)
        return data

    def change(self, change: Change) -> None:
        """Apply the change, and write it down if that can be done."""
        if self.path is None:
            change(self._known)
        else:
            self._waiting.append(change)
            self.flush()

    def flush(self) -> None:
        """Try again to write what has been waiting; nothing happens if nothing has."""
        for _ in range(2):  # the second time where a damaged file has made room
            if not self._waiting or self.path is None:
                return
            try:
                self._known = Store(self.path).write(self._waiting)
            except Damaged as error:
                if not self._set_aside(error):
                    return
            except (Unavailable, Foreign) as error:
                return self._excuse(error)
            except Exception:  # a change that fails is no change
                self._waiting.pop()
                raise
            else:
                self._waiting.clear()
                if self._excused:
                    self._excused = False
                    self._say(f"Your progress is in {self.path.name} again.")

    def _set_aside(self, why: Exception) -> bool:
        """Put a damaged file aside; what this session knows of it goes into the new one."""
        try:
            aside = Store(self.path).set_aside()
        except (OSError, Unavailable, Foreign):
            self._excuse(why)
            return False
        if aside is not None:
            self._say(
                f"{self.path} is damaged ({why}). It is kept as {aside.name}, and a new record "
                "begins with what this notebook still knows."
            )
            known, self._known = self._known, empty()
            self._waiting.insert(0, lambda data: earlier.into(data, known))
        return True

    def _excuse(self, why: Exception) -> None:
        """Say, once, that the record goes on in memory."""
        if not self._excused:
            self._excused = True
            self._say(
                f"Your progress file cannot be used now ({why}): {self.path}. The lesson goes on. "
                "What you do is kept in memory until this kernel stops, and written as soon as "
                "the file can be."
            )

    def _take_over(self, old: Path) -> None:
        """Bring in a progress.json of before, once."""
        if earlier.TAKEN_OVER in self.load()["meta"]:
            return
        try:
            found = earlier.sound(old)
        except (OSError, ValueError) as error:
            self._say(f"{old} cannot be taken over ({error}). It is left as it is.")
            return

        def change(data: Data) -> None:
            earlier.into(data, found)
            data["meta"][earlier.TAKEN_OVER] = round(time.time(), 1)

        self.change(change)
