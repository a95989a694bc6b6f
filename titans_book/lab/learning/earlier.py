"""Records of before: until now a learner's record was a JSON file, progress.json.

Whatever in it makes sense is taken over once; the file itself is never changed or removed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from titans_book.lab.learning.store import Data

__all__ = ["TAKEN_OVER", "into", "looks_like_one", "sound"]

VERSION = 1
TAKEN_OVER = "progress.json"  # the entry in the record that says so
NUMBER = (int, float)
KINDS = {
    **dict.fromkeys(("attempts", "hints", "box"), int),
    **dict.fromkeys(("outcomes", "answers", "values"), list),
    **dict.fromkeys(("first", "passed", "due", "off_by"), NUMBER),
}


def looks_like_one(path: Path) -> bool:
    """Whether a file of any name begins as such a record does."""
    try:
        with open(path, "rb") as file:
            return file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")
    except OSError:
        return False


def sound(path: Path) -> Data:
    """The entries of a progress.json that make sense. ValueError if it is none, OSError if the
    disk refuses."""
    data = json.loads(path.read_text(encoding="utf-8-sig"))  # editors put a BOM in front
    if not isinstance(data, dict) or "titans_book" not in data:
        raise ValueError("it has other contents")
    if data["titans_book"] != VERSION:
        raise ValueError(f"it is of version {data['titans_book']}, this book knows {VERSION}")
    found: Data = {}
    for section in ("exercises", "questions", "predictions", "parts"):
        entries = data.get(section)
        entries = entries if isinstance(entries, dict) else {}
        found[section] = {name: entry for name, entry in entries.items() if _fits(section, entry)}
    return found


def _fits(section: str, entry: Any) -> bool:
    if section == "parts":
        return isinstance(entry, str)
    return isinstance(entry, dict) and all(
        isinstance(value, KINDS.get(key, object)) and not isinstance(value, bool)
        for key, value in entry.items()
    )


def into(data: Data, old: Data) -> None:
    """Put the old entries beside the new ones; what is there already stays."""
    for section, entries in old.items():
        for name, entry in entries.items():
            data[section].setdefault(name, entry)
