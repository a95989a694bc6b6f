"""The recorded comparison of chapter 09, and what its page says of it: made of the record alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from titans_book.comparison import interval, load
from titans_book.tasks import corpora

__all__ = ["mean", "record", "spread", "steps", "table"]

TRIALS = ("recall", "updates", "needle", "text")


def _path() -> Path:
    return corpora.data_folder().parent / "notebooks" / "records" / "comparison_cpu.json"


record: dict[str, Any] = load(_path())


def _scores(record: Mapping[str, Any], trial: str, model: str, length: int | None) -> list[float]:
    length = record["profile"]["length"] if length is None else length
    rows = [r for r in record["rows"] if (r["trial"], r["model"]) == (trial, model)]
    return [{int(n): score for n, score in row["scores"].items()}[length] for row in rows]


def mean(record: Mapping[str, Any], trial: str, model: str, length: int | None = None) -> float:
    """The mean score of a model over its seeds, at the length of its training or at another."""
    return interval(_scores(record, trial, model, length))[0]


def spread(record: Mapping[str, Any], trial: str, at: int) -> float:
    """How far apart all trainings are after so many steps: the highest score minus the lowest."""
    looks = [look for row in record["rows"] if row["trial"] == trial for look in row["looks"]]
    scores = [look[2] for look in looks if look[0] == at]
    return max(scores) - min(scores)


def steps(record: Mapping[str, Any], trial: str) -> str:
    """The steps that each model took in its time, from the fewest to the most of its seeds."""
    taken: dict[str, list[int]] = {}
    for row in record["rows"]:
        if row["trial"] == trial:
            taken.setdefault(row["model"], []).append(row["steps"])
    return ", ".join(f"{name} {min(n):,} to {max(n):,}" for name, n in taken.items())


def table(record: Mapping[str, Any]) -> str:
    """Mean and half of the 95 % interval: a row for each model, a column for each task."""
    known = [trial for trial in TRIALS if any(r["trial"] == trial for r in record["rows"])]
    lines = [" " * 17 + "".join(f"{trial:>15}" for trial in known)]
    for model in dict.fromkeys(row["model"] for row in record["rows"]):
        found = [interval(_scores(record, trial, model, None)) for trial in known]
        lines.append(f"{model:17}" + "".join(f"{mid:9.2f} ± {half:.2f}" for mid, half in found))
    return "\n".join(lines)
