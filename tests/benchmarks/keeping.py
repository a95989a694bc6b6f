"""A record on disk that grows cell by cell: what is there is not measured again."""

import json
import platform
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from tests.benchmarks.speed import device
from titans_book.files import replace_file


def about(command: str) -> dict[str, Any]:
    """Where, with what and how a record is made."""
    return {
        "device": device(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "command": f"OMP_NUM_THREADS=1 python -m {command}",
        "threads": 1,
    }


class Keeper:
    """A record whose cells are written as soon as they are measured.

    path    its file; fresh: what it holds before there are cells.
    anew    measure again what is there.
    """

    def __init__(self, path: Path, fresh: dict[str, Any], anew: bool = False) -> None:
        self.path, self.anew = path, anew
        there = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        self.record = {**fresh, **{name: there[name] for name in there if name not in fresh}}

    def cell(self, *keys: str, measure: Callable[[], dict]) -> dict:
        """The cell at these keys, measured now if it is missing, with its processor seconds."""
        cells = self.record
        for key in keys[:-1]:
            cells = cells.setdefault(key, {})
        if keys[-1] not in cells or self.anew:
            start, found = time.process_time(), measure()
            found.setdefault("seconds", round(time.process_time() - start, 1))
            cells[keys[-1]] = found
            print(*keys, json.dumps(cells[keys[-1]], ensure_ascii=False), flush=True)
            self.write()
        return cells[keys[-1]]

    def write(self) -> None:
        """Put the record on the disk, a list of numbers in one line."""
        text = json.dumps(self.record, indent=1, ensure_ascii=False)
        text = re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", text)
        replace_file(self.path, f"{text}\n".encode())
