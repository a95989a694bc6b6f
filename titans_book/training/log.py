"""log.jsonl of a run: one line an event, so that its curves can be drawn while it runs and after.

    {"step": 1, "time": 1700000000.1, "loss": 5.5, "learning_rate": 0.0001, "gradient_norm": 2.0,
     "tokens_per_second": 9000.0}
    {"step": 100, "time": 1700000055.9, "held_out_bits_per_token": 3.4}

time is that of the clock, in seconds since 1970. A line is handed to the system in one piece, so a
killed run leaves whole lines. A run that is resumed drops what was written after its checkpoint and
goes on below, so the log of a run in pieces has the steps of one that was never stopped.
"""

import json
import math
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from titans_book.files import replace_file
from titans_book.training.events import Evaluated, Event, Step

NAME = "log.jsonl"


def read(folder: Path | str) -> list[dict[str, Any]]:
    """The lines of the log in a run's folder, oldest first; none where there is no log.

    What is no line of a log, such as one that the power failed in, is left out.
    """
    path, found = Path(folder) / NAME, []
    for line in path.read_bytes().splitlines() if path.exists() else []:
        with suppress(ValueError, TypeError, KeyError):
            entry = json.loads(line)
            entry["step"] + 0  # a line of ours has one
            found.append(entry)
    return found


def cut(folder: Path, step: int) -> None:
    """Drop what was logged after this step: those steps will be taken again."""
    kept = [_bytes(entry) for entry in read(folder) if entry["step"] <= step]
    replace_file(folder / NAME, b"".join(kept))


def evaluated_at(folder: Path, step: int) -> bool:
    """Was the held-out text looked at after this step?"""
    return any(e["step"] == step and "held_out_bits_per_token" in e for e in read(folder))


def write(folder: Path, event: Event) -> None:
    """Add the line of an event; a Saved leaves none. Raises OSError if the disk refuses."""
    if (entry := _entry(event)) is None:
        return
    file = os.open(folder / NAME, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        os.write(file, _bytes(entry))
    finally:
        os.close(file)


def _entry(event: Event) -> dict[str, Any] | None:
    now = {"step": event.step, "time": round(time.time(), 3)}
    if isinstance(event, Evaluated):
        return {**now, "held_out_bits_per_token": event.bits_per_token}
    if not isinstance(event, Step):
        return None
    norm = event.gradient_norm if math.isfinite(event.gradient_norm) else None
    entry = {
        **now,
        "loss": event.loss,
        "learning_rate": event.learning_rate,
        "gradient_norm": norm,
        "tokens_per_second": round(event.tokens_per_second, 1),
    }
    return {**entry, "skipped": True} if event.skipped else entry


def _bytes(entry: dict[str, Any]) -> bytes:
    return (json.dumps(entry) + "\n").encode()
