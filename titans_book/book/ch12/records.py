"""What was measured beforehand on levels that learn at their own pace, as pictures and tables.

    notebooks/records/continuum_cpu.json    made by python -m tests.benchmarks.continuum
    notebooks/records/hope_cpu.json         made by python -m tests.benchmarks.hope

Nothing is trained here. Each function takes the record, as `recorded` reads it, and its `alt` is
made of the numbers in it. Births are in records_births.py, Hope in records_hope.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from titans_book.check import choose
from titans_book.lab.pictures import figures, style
from titans_book.lab.pictures.picture import Picture, Words, picture
from titans_book.lab.project import ROOT

__all__ = [
    "forget_bars",
    "forgets_told",
    "owners_map",
    "owners_told",
    "recorded",
    "table",
    "terms_table",
]

RECORDS = {"continuum": "continuum_cpu.json", "hope": "hope_cpu.json"}
FOLDER = ROOT / "notebooks" / "records"
WAYS = ("joint", "forgets", "slow first")  # of four levels together
TERMS = ("8", "64", "512", "never")  # after how many tokens a term changes
Record = Mapping[str, Any]


def recorded(name: str, folder: Path = FOLDER) -> dict[str, Any]:
    """The record "continuum" or "hope"; ValueError for another name.

    >>> sorted(recorded("continuum"))[:3]
    ['births', 'command', 'device']
    """
    choose("name", name, RECORDS)
    return json.loads((folder / RECORDS[name]).read_text(encoding="utf-8"))


def where(record: Record) -> str:
    """Where it was measured, in a line."""
    return f"{record['device']}, 1 thread, torch {record['versions']['torch']}"


def table(record: Record, head: Sequence[str], rows: Iterable[Sequence[Any]], alt: str) -> Words:
    """A table whose first column is words and whose others are numbers of three digits."""
    looks = ["left", *["right"] * (len(head) - 1)]

    def line(kind: str, cells: Sequence[Any]) -> str:
        shown = (f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in cells)
        inside = (
            f'<{kind} style="text-align:{look}">{escape(cell)}</{kind}>'
            for look, cell in zip(looks, shown, strict=True)
        )
        return f"<tr>{''.join(inside)}</tr>"

    body = "".join(line("td", row) for row in rows)
    return Words(
        f"<table><caption>{escape(where(record))}</caption>{line('th', head)}{body}</table>", alt
    )


def means(cells: Mapping[str, Mapping[str, Any]], name: str) -> np.ndarray:
    """The mean of one entry over the seeds."""
    return np.asarray(np.mean([one[name] for one in cells.values()], axis=0))


def said(numbers: Iterable[float]) -> str:
    """Numbers in words, rounded to what a picture shows."""
    return ", ".join(f"{number:.2f}" for number in numbers)


# ---- the stream of four terms


def _levels(record: Record) -> list[str]:
    return [f"C = {pace}" for pace in record["settings"]["paces"]]


def terms_table(record: Record, rates: str = "own rates", *, alt: str | None = None) -> Words:
    """Error, and the share of all that is said, of every level; single levels below.

    rates: "own rates", each level's best alone, or "searched", the best of all combinations.
    """
    found = {**record["terms"][rates], **record["terms"]["alone"]}
    rows = []
    for name, cells in found.items():
        energy = means(cells, "energy")
        shares = [float(e) for e in energy] if name in WAYS else [""] * len(_levels(record))
        rows.append([name, float(means(cells, "error")), *shares])
    best = min(rows, key=lambda row: row[1])
    told = (f"{name}: {said(means(found[name], 'energy'))}" for name in WAYS)
    alt = alt or (
        f"A row for each way to learn: its error and the share that each level says. "
        f"{'; '.join(told)}. The smallest error is {best[1]:.2f}, of {best[0]}."
    )
    return table(record, ["", "error", *(f"{n} says" for n in _levels(record))], rows, alt)


def owners_told(record: Record, rates: str = "own rates") -> str:
    """The map of owners in words: the largest cosine of every level."""
    told = []
    for way in WAYS:
        best = means(record["terms"][rates][way], "cosines").argmax(1)
        told.append(f"{way}: {', '.join(TERMS[term] for term in best)}")
    return (
        "Three matrices, a row for each level and a column for each term: the cosine between what "
        f"the level says and the term. The terms that levels are nearest to: {'; '.join(told)}."
    )


def owners_map(
    record: Record, rates: str = "own rates", *, alt: str | None = None, **look: Any
) -> Picture:
    """Which level says which term: the cosines for the three ways, means over the seeds."""
    cosines = [means(record["terms"][rates][way], "cosines") for way in WAYS]
    titles = [f"{w}, error {means(record['terms'][rates][w], 'error'):.2f}" for w in WAYS]
    return figures.heatmap(
        np.array(cosines), alt=alt or owners_told(record, rates), limit=1.0, titles=titles,
        cells=(_levels(record), TERMS), xlabel="the term changes after", width=7.4, **look,
    )  # fmt: skip


# ---- A, then B


LOOKS = {"a": ("A", "slow"), "wiped": ("A, fast level wiped", "gates"), "b": ("B", "fast")}


def forgets_told(record: Record) -> str:
    """The bars in words."""
    told = []
    for lasts, cases in record["forget"].items():
        for name, cells in cases.items():
            one = next(iter(cells.values()))
            bars = [f"{LOOKS[key][0]} {means(cells, key):.2f}" for key in LOOKS if key in one]
            told.append(f"{lasts}, {name}: {', '.join(bars)}")
    return (
        "Bars of the error on A after B, on A with the fast level wiped, and on B. "
        f"{'; '.join(told)}."
    )


def forget_bars(
    record: Record, *, alt: str | None = None, dark: bool | None = None, width: float | int = 7.4
) -> Picture:
    """The error on A after B, on A with the fast level wiped, and on B: means, dots for seeds."""
    alt = alt or forgets_told(record)
    with picture(alt, width, 3.0, dark) as figure:
        panels = figure.subplots(1, len(record["forget"]), sharey=True)
        for axes, (lasts, cases) in zip(
            np.atleast_1d(panels), record["forget"].items(), strict=True
        ):
            for n, cells in enumerate(cases.values()):
                for place, (key, (words, role)) in enumerate(LOOKS.items()):
                    runs = [one[key] for one in cells.values() if key in one]
                    if runs:
                        at, colour = n + 0.26 * (place - 1), style.colour(role, dark)
                        label = words if n == len(cases) - 1 else None
                        axes.bar(at, mean(runs), 0.24, color=colour, label=label)
                        axes.plot([at] * len(runs), runs, ".", color="grey", markersize=3)
            axes.set_xticks(range(len(cases)), cases, rotation=25, ha="right", fontsize=8)
            axes.axhline(1, color=style.colour("persistent", dark), lw=0.9)
            axes.set_title(f"{lasts} tokens", fontsize=9, loc="left")
        np.atleast_1d(panels)[0].set_ylabel("error, 1 knows nothing")
        handles = np.atleast_1d(panels)[-1].get_legend_handles_labels()
        figure.legend(*handles, loc="outside upper right", ncols=3, fontsize=8)
    return figure
