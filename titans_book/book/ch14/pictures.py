"""The pictures of chapter 14 and what is guessed in it, by name: words, labels, answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from titans_book.lab.learning.guess import Sketch
from titans_book.lab.pictures import style
from titans_book.lab.pictures.curves import spoken
from titans_book.lab.pictures.picture import Drawing, Picture, picture

__all__ = ["PICTURES"]

WHERE = {0.0: "at the beginning", 0.25: "early", 0.5: "half way", 0.75: "late", 1.0: "at the end"}


def _cells(axes: Any, table: np.ndarray, down: Sequence[str], across: Sequence[Any]) -> Any:
    """A table as shades from 0 to 1, each cell with its number."""
    image = axes.imshow(table, cmap="viridis", vmin=0, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(table):
        ink = "black" if value > 0.55 else "white"
        axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=ink, fontsize=9)
    axes.set_xticks(range(len(across)), [f"{one:,}" for one in across])
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
            _cells(axes, found.accuracy.numpy(), down, found.lengths)
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


def _both(rows: Mapping[str, Any], *, alt: str, dark: bool | None = None) -> Picture:
    """For each token two bars: its share in the ledger, and what the answer loses without it."""
    looks = {name: role for name, role in zip(rows, ("fast", "surprise"), strict=True)}
    with picture(alt, 7.2, 3.6, dark) as figure:
        panels = figure.subplots(len(rows), 1, sharex=True)
        for axes, (name, role) in zip(panels, looks.items(), strict=True):
            values = np.asarray(rows[name], dtype=float)
            axes.bar(range(len(values)), values, 0.9, color=style.colour(role, dark))
            axes.axhline(0, color=axes.xaxis.label.get_color(), lw=0.6)
            for place in np.abs(values).argsort()[-4:]:
                if abs(values[place]) > 0.05 * np.abs(values).max():
                    up = values[place] >= 0
                    axes.annotate(str(place), (place, values[place]), (0, 2 if up else -2),
                                  textcoords="offset points", ha="center", fontsize=8,
                                  va="bottom" if up else "top")  # fmt: skip
            axes.set_ylabel(name, fontsize=9)
            axes.margins(y=0.2)
        panels[-1].set_xlabel("token")
    return figure


def _both_told(rows: Mapping[str, Any]) -> str:
    told = []
    for name, values in rows.items():
        values = np.asarray(values, dtype=float)
        most = sorted(np.abs(values).argsort()[-2:].tolist())
        told.append(f"{name}: the longest bars are those of tokens {most[0]} and {most[1]}")
    return f"Two rows of bars, one bar for each token. {'; '.join(told)}."


def _seeds(rows: Mapping[str, Any], *, alt: str, dark: bool | None = None) -> Picture:
    """Every seed as a small mark, their mean as a large one."""
    with picture(alt, 6.4, 0.9 + 0.42 * len(rows), dark) as figure:
        axes = figure.subplots()
        for place, values in enumerate(rows.values()):
            colour, marks = style.colour("fast", dark), np.asarray(values, dtype=float)
            axes.plot(marks, [place] * len(marks), "o", ms=5, color=colour, alpha=0.7)
            axes.plot([marks.mean()], [place], "|", ms=20, mew=2.5, color=colour)
        axes.set_yticks(range(len(rows)), list(rows))
        axes.set(xlim=(-0.03, 1.03), ylim=(len(rows) - 0.5, -0.5))
        axes.set_xlabel("share of needles found (dots: seeds, bar: their mean)")
        axes.grid(axis="x")
    return figure


def _seeds_told(rows: Mapping[str, Any]) -> str:
    told = []
    for name, values in rows.items():
        each = sorted(np.asarray(values, dtype=float).round(1).tolist())
        told.append(f"{name} from {each[0]:.1f} to {each[-1]:.1f}")
    return f"The share of needles found by each of three seeds. {'; '.join(told)}."


def _chunks(table: Any, trained: Any, read: Any, *, alt: str, dark: bool | None = None) -> Picture:
    """Rows: the chunk in training; columns: the chunk in reading."""
    with picture(alt, 5.4, 2.3, dark) as figure:
        axes = figure.subplots()
        _cells(axes, np.asarray(table, dtype=float), [str(b) for b in trained], list(read))
        axes.set(xlabel="read in chunks of", ylabel="trained in chunks of")
    return figure


def _chunks_told(table: Any, trained: Any, read: Any) -> str:
    told = [
        f"trained with {b}: {spoken(read, np.asarray(row, dtype=float).round(1))}"
        for b, row in zip(trained, table, strict=True)
    ]
    return f"The share of needles found, by the chunk of training and reading. {'; '.join(told)}."


def _by_depth(depths: Any, shares: Any) -> tuple[Any, Any]:
    return np.asarray(depths, dtype=float), np.asarray(shares, dtype=float).clip(0, 1)


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
        alt="The share of needles found at the beginning, by the doublings of the trained length",
        limits=(0.0, 1.0),
        truth=_by_depth,
        xlabel="doublings of the length of training",
        ylabel="share found",
        points=6,
    ),
)
