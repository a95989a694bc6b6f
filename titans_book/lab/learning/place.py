"""Where a learner's record lies on the disk."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from titans_book.lab.learning import earlier
from titans_book.lab.project import ROOT

__all__ = ["default", "files"]

NAME = "progress.sqlite"


def files(path: Path | str) -> tuple[Path, Path | None]:
    """The database that a path means, and the JSON file of before that lies there, if one does."""
    path = Path(path).expanduser()
    if os.path.isdir(path):
        path = path / NAME
    if path.suffix != ".sqlite" and (path.suffix == ".json" or earlier.looks_like_one(path)):
        path, old = path.with_suffix(".sqlite"), path
    else:
        old = path.with_suffix(".json")
    return path, old if os.path.exists(old) else None


def default(root: Path = ROOT) -> Path:
    """Where the record lies if nobody says otherwise.

    In the project's folder, .titans_book/, if there is one that may be written. Else in the data
    folder that the system gives each user: %LOCALAPPDATA%, ~/Library/Application Support, or
    $XDG_DATA_HOME (~/.local/share), and in it titans_book/.
    """
    if (root / "notebooks").is_dir() and (root / "pyproject.toml").is_file():
        place = root / ".titans_book"
        if os.access(place if place.is_dir() else root, os.W_OK):
            return place / NAME
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Application Support"
    else:
        base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(os.path.expanduser(base)) / "titans_book" / NAME
