"""The book's still pictures. Each asks for `alt`, its description in words, and returns a Picture.

    figures.heatmap(memory, alt="A matrix that is zero outside its first row.")

Signed matrices are drawn on a scale symmetric about zero; the limit is an argument, so that two
pictures can share it. Nothing here touches pyplot, so figures made in a loop do not pile up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from titans_book.lab.pictures import style
from titans_book.lab.pictures.line_figures import lines
from titans_book.lab.pictures.lines import Line, places
from titans_book.lab.pictures.picture import Picture, picture, save
from titans_book.lab.pictures.pixels import array, check_limit, nice_limit, panels
from titans_book.lab.pictures.text_figures import surprise_strip, surprise_text
from titans_book.lab.pictures.traces import number

__all__ = [
    "film_strip",
    "grid",
    "heatmap",
    "lines",
    "loss_curve",
    "save",
    "scale",
    "surprise_strip",
    "surprise_text",
    "traces",
]


def _matrix(
    axes: Axes, values: np.ndarray, kind: str, limit: float | int, dark: bool | None
) -> Any:
    """One matrix on fixed limits, without ticks."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    low = -limit if kind == "signed" else 0.0
    return axes.imshow(values, cmap=style.map_name(kind, dark), vmin=low, vmax=limit)


def _name_cells(axes: Axes, down: Sequence[str], across: Sequence[str]) -> None:
    """Small names beside the rows of cells and below the columns, longer ones upright."""
    upright = 90 if max(map(len, across), default=1) > 1 else 0
    axes.set_yticks(range(len(down)), down, fontsize=7)
    axes.set_xticks(range(len(across)), across, fontsize=7, rotation=upright)
    axes.tick_params(length=0, pad=2)


def scale(figure: Picture, image: Any, axes: Any) -> None:
    """The colour bar, with its two ends and zero."""
    bar = figure.colorbar(image, ax=axes, fraction=0.046, pad=0.02, aspect=26, shrink=0.92)
    bar.outline.set_visible(False)
    low, high = image.get_clim()
    ticks = [low, 0.0, high] if low < 0 else [low, high]
    bar.set_ticks(ticks, labels=[number(tick).replace("-", "−") for tick in ticks])


def _size(values: np.ndarray, width: float | int) -> float:
    """The height in inches of a grid of panels that is `width` inches wide."""
    rows, columns, height, across = values.shape
    gaps = 0.12 * (rows - 1)
    return float(np.clip(width * rows * height / (columns * across) + gaps, 0.9, 7.0))


def heatmap(
    values: Any,
    *,
    alt: str,
    kind: str = "signed",
    limit: float | int | None = None,
    title: str = "",
    titles: Sequence[str] = (),
    rows: Sequence[str] = (),
    cells: tuple[Sequence[str], Sequence[str]] = ((), ()),
    xlabel: str = "",
    ylabel: str = "",
    width: float | int = 5.2,
    dark: bool | None = None,
) -> Picture:
    """A matrix, a row of matrices or a grid of them, on one colour scale.

    values: (h, w), (columns, h, w) or (rows, columns, h, w); kind: "signed" or "magnitude".
    titles: one a column, or one a matrix; rows: one a row.
    cells: names of a matrix's own rows, and of its columns.

    >>> heatmap([[0.0, 1.0]], alt="One cell is written.").alt
    'One cell is written.'
    """
    grid = panels(array(values))
    limit = nice_limit(grid) if limit is None else check_limit(limit)
    height = _size(grid, width - 0.6 - 0.6 * bool(rows)) + (0.35 if title or titles else 0.1)
    height += 0.35 * len(grid) * bool(cells[1])
    with picture(alt, width, height, dark) as figure:
        figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, hspace=0, wspace=0)
        axes = figure.subplots(*grid.shape[:2], squeeze=False)
        for place, matrix in zip(axes.flat, grid.reshape(-1, *grid.shape[2:]), strict=True):
            image = _matrix(place, matrix, kind, limit, dark)
            _name_cells(place, *cells)
        for place, text in zip(axes.flat, titles, strict=False):
            place.set_title(text, loc="center", fontsize=9)
        for place, text in zip(axes[:, 0], rows, strict=False):
            place.set_ylabel(text, rotation=0, ha="right", va="center", fontsize=9)
        figure.supxlabel(xlabel, fontsize=9.5) if xlabel else None
        figure.supylabel(ylabel, fontsize=9.5) if ylabel else None
        figure.suptitle(title, x=0.01, ha="left") if title else None
        scale(figure, image, axes)
    return figure


def grid(values: Any, *, alt: str, width: float | int = 7.6, **look: Any) -> Picture:
    """One matrix of every block (a row) and head (a column), on one scale, with their names.

    values: (blocks, heads, height, width); look: as for `heatmap`.
    """
    blocks, heads = values.shape[:2]
    names = {
        "titles": [f"head {head + 1}" for head in range(heads)],
        "rows": [f"block {block + 1}" for block in range(blocks)],
    }
    return heatmap(values, alt=alt, width=width, **{**names, **look})


def film_strip(
    frames: Any,
    times: Sequence[int] = (),
    *,
    alt: str,
    kind: str = "signed",
    limit: float | int | None = None,
    label: str = "token {}",
    most: int = 6,
    width: float | int = 7.4,
    dark: bool | None = None,
) -> Picture:
    """A memory at several times, side by side on one scale: at most `most` of the frames.

    frames: (frames, h, w); times: the token (or step) of each, put into `label`.
    """
    frames = array(frames)
    if frames.ndim != 3:
        raise ValueError(f"frames has shape {frames.shape}: give (frames, height, width)")
    keep = np.unique(np.linspace(0, len(frames) - 1, min(most, len(frames))).round().astype(int))
    titles = [label.format(times[index]) for index in keep] if len(times) else []
    limit = nice_limit(frames) if limit is None else limit
    return heatmap(
        frames[keep], alt=alt, kind=kind, limit=limit, titles=titles, width=width, dark=dark
    )


def traces(
    lines: Sequence[Line], *, alt: str, width: float | int = 6.4, dark: bool | None = None
) -> Picture:
    """Numbers over the tokens: a row for each line, the mean drawn, all heads as a band."""
    looks = ("-", (0, (5, 2)), ":")
    with picture(alt, width, 0.6 + 0.8 * len(lines), dark) as figure:
        rows = figure.subplots(len(lines), 1, sharex=True, squeeze=False)[:, 0]
        for index, (axes, line) in enumerate(zip(rows, lines, strict=True)):
            values, tokens = np.atleast_2d(array(line.values)), places(line)
            colour = style.colour(line.role, dark)
            axes.fill_between(tokens, values.min(0), values.max(0), color=colour, alpha=0.18, lw=0)
            axes.plot(tokens, values.mean(0), color=colour, linestyle=looks[index % len(looks)])
            axes.set_ylim(0, max(float(values.max()) * 1.08, 1e-6))
            axes.set_ylabel(f"{line.symbol}\n{line.meaning}", rotation=0, ha="right", va="center")
            axes.locator_params(axis="y", nbins=3)
        rows[-1].set_xlabel("token")
    return figure


def loss_curve(
    steps: Sequence[int],
    losses: Sequence[float | int],
    *,
    alt: str,
    evaluations: Sequence[tuple[int, float | int]] = (),
    unit: str = "loss, nats a token",
    width: float | int = 5.2,
    dark: bool | None = None,
) -> Picture:
    """The loss over training; evaluations on held-out data are diamonds."""
    with picture(alt, width, 2.7, dark) as figure:
        axes = figure.subplots()
        axes.plot(steps, losses, label="training", **style.line("slow", dark))
        if evaluations:
            at, value = zip(*evaluations, strict=True)
            look = {"color": style.colour("fast", dark), "marker": "D", "linestyle": "none"}
            axes.plot(at, value, label="held out", **look)
            axes.legend()
        axes.grid(axis="y")
        axes.set(xlabel="step", ylabel=unit)
    return figure
