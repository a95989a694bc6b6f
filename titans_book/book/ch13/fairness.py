"""Trainings on record, and what a fair comparison of two of them needs: runs, looks, a margin."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from titans_book.lab.project import ROOT

__all__ = ["BUDGET", "margin_of", "runs_of", "unfair"]

RECORD = ROOT / "notebooks" / "records" / "comparison_cpu.json"
BUDGET = 12.1  # processor seconds: 12, and the step that was under way
STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365}

Look = tuple[int, float, dict[str, float]]


@cache
def _rows() -> list[dict[str, Any]]:
    return json.loads(RECORD.read_text(encoding="utf-8"))["rows"]


def runs_of(model: str) -> dict[int, list[Look]]:
    """The recorded trainings of a model of chapter 09 on Shakespeare: seed -> its looks.

    A look is (steps, processor seconds, costs), and costs is a dict from a held-out text to the
    bits a byte that it cost. Raises ValueError for a model without a record.

    >>> sorted(runs_of("mal"))
    [0, 1, 2]
    """
    rows = [row for row in _rows() if (row["trial"], row["model"]) == ("text", model)]
    if not rows:
        known = ", ".join(sorted({row["model"] for row in _rows()}))
        raise ValueError(f"model={model!r} has no record: choose one of {known}")
    return {
        row["seed"]: [(steps, time, {"plays": bits}) for steps, time, bits in row["looks"]]
        for row in rows
    }


def margin_of(leads: Sequence[Any]) -> float:
    """Half of the 95 % interval of a mean: t s / sqrt(n), with Student's t for n numbers.

    Raises ValueError for less than two numbers, of which nobody knows how far they scatter.
    """
    n = len(leads)
    if n < 2:
        raise ValueError(f"{n} seeds: a margin needs two or more")
    values = [float(lead) for lead in leads]
    mean = sum(values) / n
    spread = math.sqrt(sum((value - mean) ** 2 for value in values) / (n - 1))
    return STUDENT.get(n, 2.262 if n < 30 else 1.96) * spread / math.sqrt(n)


def unfair(ours: Mapping[int, list[Look]], theirs: Mapping[int, list[Look]], steps: int) -> float:
    """What many reports print: one seed, after as many steps; how far ours is ahead, in bits."""
    seed = min(ours.keys() & theirs.keys())
    here, there = (
        [costs for done, _, costs in runs[seed] if done <= steps][-1] for runs in (ours, theirs)
    )
    return sum(there.values()) / len(there) - sum(here.values()) / len(here)
