"""Hope on text, as it was measured beforehand: pictures and tables of its record, hope_cpu.json.

    record["models"]       contestant -> seed -> bits a byte, and what its levels are worth
    record["reading"]      kind of text -> what learns while it is read -> bits
    record["forgetting"]   kinds of text one after the other, and what is left of each

See records.py. Nothing is trained here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from titans_book.book.ch12.records import means, table
from titans_book.lab.pictures import figures, style
from titans_book.lab.pictures.picture import Picture, Words, picture

__all__ = [
    "forgetting_map",
    "forgetting_told",
    "levels_table",
    "models_table",
    "reading_table",
    "text_curves",
    "text_told",
]

Record = Mapping[str, Any]
ROLES = {"attention": "attention", "titans": "slow", "hope": "fast"}
DASHES = ("-", "--", ":")


def models_table(record: Record, *, alt: str | None = None) -> Words:
    """A row for each contestant: weights, steps that went into the time, bits a byte."""
    rows = []
    for name, cells in record["models"].items():
        first = next(iter(cells.values()))
        short, long = (float(means(cells, key)) for key in ("bits", "bits_at_512"))
        rows.append([name, f"{first['weights']:,}", f"{first['steps']:,}", short, long])
    told = "; ".join(f"{row[0]} {row[3]:.2f} after {row[2]} steps" for row in rows)
    seconds = record["settings"]["processor_seconds"]
    alt = alt or f"Bits a byte after {seconds} processor seconds, a row each: {told}."
    return table(record, ["", "weights", "steps", "bits a byte", "in windows of 512"], rows, alt)


def text_told(record: Record) -> str:
    """The curves in words: where each of them ends."""
    ends = [
        f"{name} {np.mean([one['curve'][-1][1] for one in cells.values()]):.2f}"
        for name, cells in record["models"].items()
    ]
    told = "; ".join(ends)
    return f"Bits a byte over processor seconds, a curve for each model. They end at {told}."


def text_curves(
    record: Record, *, alt: str | None = None, dark: bool | None = None, width: float | int = 7.4
) -> Picture:
    """Bits a byte on text that is not trained on, over processor seconds."""
    used: dict[str, int] = {}
    with picture(alt or text_told(record), width, 3.4, dark) as figure:
        axes = figure.subplots()
        for name, cells in record["models"].items():
            kind = name.partition(",")[0]
            colour = style.colour(ROLES[kind], dark)
            dash = DASHES[used.setdefault(kind, 0) % len(DASHES)]
            used[kind] += 1
            for n, one in enumerate(cells.values()):
                label = name if n == 0 else None
                axes.plot(*np.array(one["curve"]).T, dash, color=colour, marker=".", label=label)
        axes.set(xlabel="processor seconds", ylabel="bits a byte")
        axes.grid(axis="y")
        axes.legend(fontsize=8, handlelength=4)
    return figure


def levels_table(record: Record, seed: str = "0", *, alt: str | None = None) -> Words:
    """What every level of the models of Hope has done in training, and what it is worth."""
    rows = [
        [name, f"C = {period}", one["updates"], one["moved"], one["change_an_update"],
         one["removed"], one["restarted"]]
        for name, cells in record["models"].items()
        for period, one in cells[seed].get("levels", {}).items()
    ]  # fmt: skip
    told = "; ".join(f"{row[0]}, {row[1]} {row[5]:.2f}" for row in rows)
    alt = alt or f"A row for each level. Bits a byte that it costs to remove it: {told}."
    head = ["", "level", "updates", "share that moved it", "size of an update"]
    return table(record, [*head, "removed, bits", "back at its start, bits"], rows, alt)


def reading_table(record: Record, kind: str, *, alt: str | None = None) -> Words:
    """Bits a byte of another kind of text, with levels that learn while they read it."""
    found = record["reading"][kind]
    rows = [
        [name, one["fresh"], one["frozen"], one["bits"], f"{one['rate']:g}"]
        for name, one in found.items()
    ]
    told = "; ".join(f"{row[0]} {row[2]:.2f} to {row[3]:.2f}" for row in rows)
    alt = alt or f"Bits a byte without and with learning while reading, a row each: {told}."
    head = [f"what learns from {kind}", "windows of 128", "one stream", "learning", "rate"]
    return table(record, head, rows, alt)


def forgetting_told(record: Record, way: str = "keeps") -> str:
    """The matrices in words: what is lost of every kind at the end."""
    found = record["forgetting"][way]
    lost = (
        ", ".join(f"{part} {bits:.2f}" for part, bits in zip(found["parts"], row, strict=True))
        for row in found["lost"]
    )
    as_is, wiped = lost
    return (
        "Two matrices of bits a byte, a row after each text that was read and a column for each "
        f"kind. Lost at the end: {as_is}; with the fast level wiped: {wiped}."
    )


def forgetting_map(
    record: Record, way: str = "keeps", *, alt: str | None = None, **look: Any
) -> Picture:
    """Bits a byte of every kind, less those of the model that has read nothing: blue is better.

    The numbers are in the cells, and beyond 1 bit the colour stays the same.
    """
    found = record["forgetting"][way]
    gains = [np.array(found[name]) - np.array(found["frozen"]) for name in ("matrix", "wiped")]
    read = [f"after {part}" for part in found["parts"]]
    figure = figures.heatmap(
        np.array(gains), alt=alt or forgetting_told(record, way), limit=1.0,
        titles=["as it is", "fast level wiped"], cells=(read, found["parts"]), width=6.4,
        **look,
    )  # fmt: skip
    for axes, matrix in zip(figure.axes, gains, strict=False):
        _number_cells(axes, matrix)
    return figure


def _number_cells(axes: Any, matrix: np.ndarray) -> None:
    """Write into every cell its number, dark on a light one and light on a dark one."""
    (image,) = axes.images
    for (row, column), value in np.ndenumerate(matrix):
        light = np.dot(image.cmap(image.norm(value))[:3], (0.3, 0.59, 0.11)) > 0.5
        words, colour = (
            f"{round(value, 1) + 0.0:+.1f}".replace("-", "−"),
            "black" if light else "white",
        )
        axes.text(column, row, words, ha="center", va="center", fontsize=8, color=colour)
