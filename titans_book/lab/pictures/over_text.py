"""Numbers over a text: a column for each block, a row for each quantity, a line for each head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from titans_book.lab.pictures import style
from titans_book.lab.pictures.picture import Picture, picture
from titans_book.lab.pictures.pixels import array

__all__ = ["Row", "over_text"]

_LINES = ("-", "--", ":", "-.")
_MARKERS = ("o", "s", "^", "D", "v", "x", "P", "*")


class Row(NamedTuple):
    """One quantity: its name, its role, where it was taken, and one array (heads, n) a block."""

    name: str
    role: str
    times: Sequence[float | int] | None
    blocks: Sequence[Any]


def _draw(axes: Axes, row: Row, block: int, dark: bool | None) -> None:
    """The heads of one block, each with a line and a marker of its own."""
    values = np.atleast_2d(array(row.blocks[block]))
    times = np.arange(values.shape[1]) if row.times is None else np.asarray(row.times)
    every = max(1, len(times) // 6)
    for head, line in enumerate(values):
        axes.plot(
            times, line, color=style.colour(row.role, dark), label=f"head {head + 1}",
            linestyle=_LINES[head % len(_LINES)], marker=_MARKERS[head % len(_MARKERS)],
            markevery=(head * every // max(1, len(values)), every), markersize=4, linewidth=1.2,
            alpha=1 - 0.45 * head / len(values),
        )  # fmt: skip


def over_text(
    rows: Sequence[Row],
    *,
    alt: str,
    width: float | int = 7.6,
    high: float | int = 1.15,
    dark: bool | None = None,
) -> Picture:
    """Each row on one scale from 0 up, shared by all blocks, so that blocks can be compared.

    Raises ValueError if there is no row, or the rows have different numbers of blocks.

    >>> row = Row("|M|", "fast", [0, 16], [[[0.0, 1.0]], [[0.0, 2.0]]])
    >>> over_text([row], alt="Two memories grow.").alt
    'Two memories grow.'
    """
    counts = {len(row.blocks) for row in rows}
    if len(counts) != 1:
        raise ValueError(f"rows must be of the same blocks, got {sorted(counts)} of them")
    (blocks,) = counts
    with picture(alt, width, high * len(rows) + 0.75, dark) as figure:
        grid = figure.subplots(len(rows), blocks, sharex=True, sharey="row", squeeze=False)
        for places, row in zip(grid, rows, strict=True):
            for block, axes in enumerate(places):
                _draw(axes, row, block, dark)
                axes.locator_params(axis="y", nbins=3)
                axes.grid(axis="y")
            top = max(float(np.nanmax(array(values))) for values in row.blocks)
            places[0].set_ylim(0, 1.08 * top if top > 0 else 1)
            places[0].set_ylabel(row.name, rotation=0, ha="right", va="center", fontsize=9)
        for block, axes in enumerate(grid[0]):
            axes.set_title(f"block {block + 1}", loc="center", fontsize=9)
        for axes in grid[-1]:
            axes.set_xlabel("token")
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="outside upper right", ncols=8, handlelength=4, fontsize=8
        )
    return figure
