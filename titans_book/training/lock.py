"""One run, one writer: a folder that is being trained in is taken while its process lives.

The lock is the operating system's, on the file `.lock` in the folder, so a killed process leaves
none behind. Within one process the newer run wins: the older one, perhaps of a cell that was
interrupted, is saved and left.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from filelock import FileLock, Timeout

from titans_book.files import CheckpointError
from titans_book.training.errors import TrainingError

_runs: WeakValueDictionary[str, Any] = WeakValueDictionary()  # of this process, by folder


def leave_older(folder: Path) -> None:
    """Save and leave a run of this process that still has the folder."""
    if (older := _runs.get(os.path.realpath(folder))) is not None:
        older.leave(alone=True)


class Lock:
    """A folder that is taken by a run, which can `leave` it; `release` gives it back."""

    def __init__(self, folder: Path, run: Any) -> None:
        self._lock = FileLock(folder / ".lock")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout:
            raise TrainingError(
                f"somebody else is training in {folder}: wait until that is done, or choose "
                "another folder"
            ) from None
        except OSError as error:
            raise CheckpointError(
                f"cannot write in {folder}: {error.strerror or error}. Choose another folder."
            ) from error
        _runs[os.path.realpath(folder)] = run

    @property
    def held(self) -> bool:
        """Is the folder still the one that was taken? It may have been removed."""
        return Path(self._lock.lock_file).exists()

    def release(self) -> None:
        """Give the folder back."""
        self._lock.release()
