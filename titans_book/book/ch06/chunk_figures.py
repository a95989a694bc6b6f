"""The still pictures of chapter 06: where a chunk explodes, and who sees whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LogNorm

from titans_book.inspection.causality import influence
from titans_book.lab.pictures import style
from titans_book.lab.pictures.picture import Picture, picture
from titans_book.lab.pictures.pixels import array

__all__ = ["influence", "influence_map", "stability_map"]

LOW, HIGH = 1e-2, 1e2  # the ends of the map's colours


def stability_map(
    error: Any,
    border: Any,
    thetas: Sequence[float],
    chunks: Sequence[int],
    *,
    alt: str,
    dark: bool | None = None,
) -> Picture:
    """Errors over write rate (across) and chunk (down), with the border of the gauge drawn in.

    error: (chunks, thetas), 1 for a memory that knows nothing. border: for each chunk the theta at
    which the gauge is 2; beyond the last theta it is not drawn.
    """
    grid, border = array(error), array(border)
    if grid.shape != (len(chunks), len(thetas)):
        raise ValueError(f"error has shape {grid.shape}: give one row a chunk, one column a theta")
    with picture(alt, 6.6, 3.4, dark) as figure:
        axes = figure.subplots()
        shown = np.nan_to_num(grid, nan=HIGH, posinf=HIGH).clip(LOW, HIGH)
        image = axes.imshow(
            shown, cmap=style.map_name("magnitude"), norm=LogNorm(LOW, HIGH), aspect="auto"
        )
        for row, column in np.argwhere(~(grid < 1)):
            axes.text(column, row, "✗", ha="center", va="center", fontsize=8, color="#111111")
        at = np.interp(border, thetas, np.arange(len(thetas)), left=-0.5, right=np.inf)
        for row, place in enumerate(at):
            if np.isfinite(place):
                axes.plot([place] * 2, [row - 0.5, row + 0.5], color="#ffffff", linewidth=4)
                axes.plot([place] * 2, [row - 0.5, row + 0.5], color="#111111", linewidth=2)
        axes.set_xticks(range(len(thetas)), [f"{theta:g}" for theta in thetas], fontsize=8)
        axes.set_yticks(range(len(chunks)), list(map(str, chunks)), fontsize=8)
        axes.set(xlabel="write rate θ", ylabel="chunk b", xlim=(-0.5, len(thetas) - 0.5))
        bar = figure.colorbar(image, ax=axes, fraction=0.046, pad=0.02)
        bar.set_label("error (✗: 1 or more)")
    return figure


def influence_map(
    maps: dict[str, Any], *, alt: str, b: int = 0, dark: bool | None = None
) -> Picture:
    """Who sees whom: a cell is lit where changing a token (across) moves an answer (down).

    maps: (T, T) each, by name. What lies above the diagonal is the future; a dot marks what moves
    there. b: where chunks begin.
    """
    with picture(alt, 3.4 * len(maps), 3.5, dark) as figure:
        row = np.atleast_1d(figure.subplots(1, len(maps)))
        for axes, (name, values) in zip(row, maps.items(), strict=True):
            grid = array(values)
            lit = (grid > 1e-9).astype(float) * np.where(np.tri(len(grid)) > 0, 0.55, 1.0)
            axes.imshow(lit, cmap=style.map_name("magnitude"), vmin=0, vmax=1)
            for t, p in np.argwhere((grid > 1e-9) & (np.tri(len(grid)) == 0)):
                axes.plot(p, t, ".", color="#111111", markersize=3.5)
            for border in range(b, len(grid), b or len(grid)):
                for draw in (axes.axhline, axes.axvline):
                    draw(border - 0.5, color="#ffffff", linewidth=0.6)
            axes.set(xticks=[], yticks=[], xlabel="token that is changed", ylabel="answer")
            axes.set_title(name, loc="center", fontsize=9)
    return figure
