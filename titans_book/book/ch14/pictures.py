"""The pictures of chapter 14 and what is guessed in it, by name: words, labels, answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from titans_book.book.ch14.accounts import Accounts
from titans_book.book.ch14.tables import ByChunk
from titans_book.lab.learning.guess import Sketch
from titans_book.lab.pictures import style
from titans_book.lab.pictures.curves import spoken
from titans_book.lab.pictures.picture import Drawing, Picture, picture

__all__ = ["PICTURES", "cells"]

GUESS = 1 / 16  # the value is one of 16 tokens
WHERE = {0.0: "at the beginning", 0.25: "early", 0.5: "half way", 0.75: "late", 1.0: "at the end"}


def cells(axes: Any, table: np.ndarray, down: Sequence[str], across: Sequence[Any]) -> Any:
    """A table as shades from 0 to 1, each cell with its number."""
    image = axes.imshow(table, cmap="viridis", vmin=0, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(table):
        ink = "black" if value > 0.55 else "white"
        axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=ink, fontsize=9)
    axes.set_xticks(
        range(len(across)), [one if isinstance(one, str) else f"{one:,}" for one in across]
    )
    axes.set_yticks(range(len(down)), list(down))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return image


def _grid(tables: Mapping[str, Any], *, alt: str, dark: bool | None = None) -> Picture:
    """A panel for each needle grid: depth downwards, length to the right."""
    with picture(alt, 1.6 + 3.2 * len(tables), 2.6, dark) as figure:
        panels = figure.subplots(1, len(tables), sharey=True, squeeze=False)[0]
        for axes, (name, found) in zip(panels, tables.items(), strict=True):
            down = [WHERE.get(depth, f"{depth:g}") for depth in found.depths]
            cells(axes, found.accuracy.numpy(), down, found.lengths)
            axes.set_title(name, fontsize=10)
            axes.set_xlabel("tokens in the haystack")
        panels[0].set_ylabel("where the needle is")
    return figure


def _grid_told(tables: Mapping[str, Any]) -> str:
    told = []
    for name, found in tables.items():
        first, last = found.accuracy[0, -1], found.accuracy[-1, -1]
        told.append(
            f"{name}: of {found.lengths[-1]:,} tokens {float(first):.1f} with the needle at the "
            f"beginning and {float(last):.1f} at the end"
        )
    return f"The share of needles found, by depth and length. {'; '.join(told)}."


def _both(both: Accounts, *, alt: str, dark: bool | None = None) -> Picture:
    """For each token two bars: its share in the ledger, and what the answer loses without it."""
    rows = (("share (ledger)", both.shares, "fast"), ("lost logit (replay)", both.worth, "slow"))
    with picture(alt, 7.2, 3.6, dark) as figure:
        panels = figure.subplots(len(rows), 1, sharex=True)
        for axes, (name, values, role) in zip(panels, rows, strict=True):
            values, ink = np.asarray(values, dtype=float), axes.xaxis.label.get_color()
            for place in both.values:
                axes.axvspan(place - 2.5, place + 0.5, color=ink, alpha=0.14, lw=0)
            axes.bar(range(len(values)), values, 0.9, color=style.colour(role, dark))
            axes.axhline(0, color=ink, lw=0.6)
            for place in both.values:
                up = values[place] >= 0
                axes.annotate(f"{values[place]:.2f}", (place, values[place]), (0, 2 if up else -2),
                              textcoords="offset points", ha="center", fontsize=8,
                              va="bottom" if up else "top")  # fmt: skip
            axes.set_ylabel(name, fontsize=9)
            axes.margins(y=0.2)
        for number, place in enumerate(both.values, 1):
            look = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
            panels[0].annotate(
                f"telling {number}", (place - 1, 1), (0, 2), fontsize=8, ha="center", **look
            )
        panels[-1].set_xlabel("token")
    return figure


def _both_told(both: Accounts) -> str:
    told = []
    for name, values in (("in the ledger", both.shares), ("in the replay", both.worth)):
        each = ", ".join(f"{round(float(values[place]), 1) + 0.0:.1f}" for place in both.values)
        told.append(f"{name} the values that were told have {each}")
    says = "Two rows of bars, one bar for each token. From the first telling on,"
    return f"{says} {told[0]}; {told[1]}."


def _seeds(rows: Mapping[str, Any], *, alt: str, dark: bool | None = None) -> Picture:
    """Every seed as a mark with its number, their mean as a line, and the line of a guess."""
    with picture(alt, 6.6, 1.0 + 0.55 * len(rows), dark) as figure:
        axes = figure.subplots()
        colour, ink = style.colour("fast", dark), axes.xaxis.label.get_color()
        for place, values in enumerate(rows.values()):
            marks = np.asarray(values, dtype=float)
            down = place + 0.26 * (np.arange(len(marks)) - (len(marks) - 1) / 2)
            axes.plot([marks.mean()] * 2, [place - 0.4, place + 0.4], color=colour, lw=2.5)
            axes.plot(marks, down, "o", ms=5, color=ink)
            for seed, (x, y) in enumerate(zip(marks, down, strict=True)):
                look = {"textcoords": "offset points", "fontsize": 7, "va": "center"}
                axes.annotate(str(seed), (x, y), (-5, 0), ha="right", color=ink, **look)
        axes.axvline(GUESS, color=style.colour("persistent", dark), ls=":", lw=1.2)
        axes.annotate("a guess", (GUESS, 1), (3, -9), xycoords=("data", "axes fraction"),
                      textcoords="offset points", fontsize=8)  # fmt: skip
        axes.set_yticks(range(len(rows)), list(rows))
        axes.set(xlim=(-0.03, 1.03), ylim=(len(rows) - 0.5, -0.5))
        axes.set_xlabel("share of needles found (dots: seeds, line: their mean)")
        axes.grid(axis="x")
    return figure


def _seeds_told(rows: Mapping[str, Any]) -> str:
    told = []
    for name, values in rows.items():
        each = ", ".join(f"{float(value):.1f}" for value in values)
        told.append(f"{name}: {each}")
    return f"The share of needles found by each seed, in order of the seeds. {'; '.join(told)}."


def _chunks(found: ByChunk, *, alt: str, dark: bool | None = None) -> Picture:
    """Rows: the chunk in training; columns: the chunk in reading."""
    with picture(alt, 5.4, 2.3, dark) as figure:
        axes = figure.subplots()
        cells(axes, np.asarray(found.table, dtype=float), list(map(str, found.trained)), found.read)
        axes.set(xlabel="read in chunks of", ylabel="trained in chunks of")
    return figure


def _chunks_told(found: ByChunk) -> str:
    told = [
        f"trained with {b}: {spoken(found.read, np.asarray(row, dtype=float).round(1))}"
        for b, row in zip(found.trained, found.table, strict=True)
    ]
    return f"The share of needles found, by the chunk of training and reading. {'; '.join(told)}."


def _by_depth(depths: Any, shares: Any) -> tuple[Any, Any]:
    """From left to right, whatever the order in which a reader asks."""
    places, first = np.unique(np.asarray(depths, dtype=float), return_index=True)
    return places, np.asarray(shares, dtype=float)[first].clip(0, 1)


PICTURES = (
    Drawing("14.grid", _grid, alt=_grid_told),
    Drawing("14.both", _both, alt=_both_told),
    Drawing("14.seeds", _seeds, alt=_seeds_told),
    Drawing("14.chunks", _chunks, alt=_chunks_told),
    Sketch(
        "14.by_depth",
        alt="The share of needles found in 2,048 tokens, by the depth of the needle",
        limits=(0.0, 1.0),
        truth=_by_depth,
        xlabel="depth of the needle (0: at the beginning)",
        ylabel="share found",
    ),
    Sketch(
        "14.by_length",
        alt="The share of needles found at the beginning, by the length of the text",
        limits=(0.0, 1.0),
        truth=_by_depth,
        xlabel="tokens in the haystack",
        ylabel="share found",
        points=6,
    ),
)
