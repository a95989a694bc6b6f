"""How the board of chapter 01 looks: a small matrix in numbers and colours, and bars of recall.

The wanted sound has a frame that its bar should fill exactly; what stands outside is crosstalk.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import matplotlib
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from titans_book.lab.pictures import style

__all__ = ["FEATURES", "SOUNDS", "Row", "cells_in_words", "paint", "paint_matrix", "svg"]

FEATURES = ("whiskers", "snout", "wild", "wings")
SOUNDS = ("meow", "woof", "howl")
LIMIT = 2.0  # of the colours, and of the bars
LOW = -0.6  # where the bars begin
WIDE, HIGH = 52, 36  # a cell of the matrix
LEFT, TOP = 66, 40
ZERO, UNIT = 430, 86  # of the bars: where 0 is, and the length of 1
BAR, GROUP = 14, 66


class Row(NamedTuple):
    """One animal: the words above its bars, its key, its answer, and the sound wanted, or ""."""

    words: str
    key: Float[Tensor, " features"]
    answer: Float[Tensor, " sounds"]
    wanted: str


def _number(value: float | int) -> str:
    """Two digits, with a real minus and without a minus zero.

    >>> _number(-0.36), _number(-0.001)
    ('−0.36', '0')
    """
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "0", "") else text.replace("-", "−")


def _shade(value: float | int, dark: bool) -> tuple[str, str]:
    """The colour of a cell, and of the number in it."""
    red, green, blue, _ = matplotlib.colormaps[style.signed_map(dark)](
        (min(max(value / LIMIT, -1), 1) + 1) / 2
    )
    light = 0.299 * red + 0.587 * green + 0.114 * blue > 0.5
    return matplotlib.colors.to_hex((red, green, blue)), "#111111" if light else "#ffffff"


def _matrix(M: Float[Tensor, "features sounds"], dark: bool) -> str:
    parts = [f'<text x="{LEFT}" y="14" font-weight="600">the memory M</text>']
    for column, name in enumerate(SOUNDS):
        x = LEFT + WIDE * (column + 0.5)
        parts.append(f'<text x="{x}" y="{TOP - 6}" text-anchor="middle">{name}</text>')
    for row, name in enumerate(FEATURES):
        y = TOP + HIGH * row
        parts.append(f'<text x="{LEFT - 7}" y="{y + 22}" text-anchor="end">{name}</text>')
        for column, value in enumerate(M[row].tolist()):
            fill, ink = _shade(value, dark)
            x = LEFT + WIDE * column
            parts.append(
                f'<rect x="{x}" y="{y}" width="{WIDE - 2}" height="{HIGH - 2}" fill="{fill}"/>'
                f'<text x="{x + WIDE / 2 - 1}" y="{y + 22}" text-anchor="middle" fill="{ink}"'
                f' style="fill:{ink}">{_number(value)}</text>'
            )
    return "".join(parts)


def _bars(row: Row, top: int, colour: str) -> str:
    key = ", ".join(_number(entry) for entry in row.key.tolist())
    parts = [
        f'<text x="{ZERO - 112}" y="{top + 12}" font-weight="600">{escape(row.words)}</text>'
        f'<text x="656" y="{top + 12}" text-anchor="end" opacity=".85">key ({key})</text>'
        f'<line x1="{ZERO}" x2="{ZERO}" y1="{top + 17}" y2="{top + 18 + 3 * BAR}"'
        ' stroke="currentColor"/>'
    ]
    for place, (name, value) in enumerate(zip(SOUNDS, row.answer.tolist(), strict=True)):
        y, strong = top + 18 + place * BAR, 1 if name == row.wanted else 0.55
        end = min(max(value, LOW), LIMIT)
        x, length = ZERO + UNIT * min(end, 0), UNIT * abs(end)
        parts.append(
            f'<text x="{ZERO - 64}" y="{y + 10}" text-anchor="end">{name}</text>'
            f'<rect x="{x:.1f}" y="{y + 1}" width="{length:.1f}" height="{BAR - 4}"'
            f' fill="{colour}" fill-opacity="{strong}"/>'
        )
        if name == row.wanted:
            parts.append(
                f'<rect x="{ZERO}" y="{y}" width="{UNIT}" height="{BAR - 2}" fill="none"'
                ' stroke="currentColor" stroke-width="1.6"/>'
            )
        where = ZERO + UNIT * max(end, 1.0 if name == row.wanted else 0.0) + 6
        parts.append(f'<text x="{where:.1f}" y="{y + 10}">{_number(value)}</text>')
    return "".join(parts)


def cells_in_words(M: Float[Tensor, "features sounds"]) -> str:
    """The cells that are not 0, or "nothing".

    >>> import torch
    >>> cells_in_words(torch.eye(4, 3))
    'whiskers meow 1, snout woof 1, wild howl 1'
    """
    cells = [
        f"{feature} {sound} {_number(value)}"
        for feature, values in zip(FEATURES, M.tolist(), strict=False)
        for sound, value in zip(SOUNDS, values, strict=False)
        if abs(value) > 0.005
    ]
    return ", ".join(cells) or "nothing"


def _spoken(M: Float[Tensor, "features sounds"], rows: Sequence[Row]) -> str:
    """The whole drawing in words."""
    told = [
        f"{row.words.strip()}: "
        + ", ".join(f"{s} {_number(a)}" for s, a in zip(SOUNDS, row.answer.tolist(), strict=True))
        for row in rows
    ]
    return f"The memory holds {cells_in_words(M)}. {'; '.join(told)}."


def svg(M: Float[Tensor, "features sounds"], rows: Sequence[Row], *, dark: bool) -> str:
    """Memory and answers, for a page: text in the page's own colour."""
    height, colour = GROUP * len(rows) + 8, style.colour("fast", dark)
    bars = "".join(_bars(row, GROUP * place, colour) for place, row in enumerate(rows))
    return (
        f'<svg viewBox="0 0 660 {height}" width="660" role="img"'
        f' aria-label="{escape(_spoken(M, rows))}" style="max-width:100%;fill:currentColor;'
        f'font:12px var(--jp-ui-font-family,system-ui,sans-serif)">{_matrix(M, dark)}{bars}'
        "</svg>"
    )


def paint_matrix(axes: Axes, M: Float[Tensor, "features sounds"], *, dark: bool) -> None:
    """The matrix as a still picture, with its numbers in the cells."""
    look = {"cmap": style.signed_map(dark), "vmin": -LIMIT, "vmax": LIMIT, "aspect": "auto"}
    axes.imshow(M.numpy(), **look)
    rows, columns = M.shape
    axes.set_xticks(range(columns), SOUNDS[:columns] if columns <= len(SOUNDS) else None)
    axes.set_yticks(range(rows), FEATURES[:rows] if rows <= len(FEATURES) else None)
    axes.tick_params(length=0)
    for i, j in ((i, j) for i in range(rows) for j in range(columns)):
        value = float(M[i, j])
        ink = _shade(value, dark)[1]
        axes.text(j, i, _number(value), ha="center", va="center", color=ink, fontsize=8.5)


def paint(
    figure: Figure, M: Float[Tensor, "features sounds"], rows: Sequence[Row], *, dark: bool
) -> None:
    """The same as a still picture."""
    left, *rest = figure.subplots(1, 1 + len(rows), width_ratios=[2.2, *[1] * len(rows)])
    paint_matrix(left, M, dark=dark)
    left.set_title("the memory M")
    for axes, row in zip(rest, rows, strict=True):
        hatches = ["" if name == row.wanted else "//" for name in SOUNDS]
        colour, paper = style.colour("fast", dark), axes.get_facecolor()
        heights = row.answer.tolist()
        axes.bar(range(len(SOUNDS)), heights, color=colour, hatch=hatches, edgecolor=paper)
        if row.wanted:
            ink = axes.xaxis.label.get_color()
            axes.bar([SOUNDS.index(row.wanted)], [1], fill=False, edgecolor=ink, linewidth=1.3)
        axes.axhline(0, color=axes.xaxis.label.get_color(), linewidth=0.8)
        axes.set_xticks(range(len(SOUNDS)), SOUNDS, rotation=60)
        axes.set(ylim=(LOW, max(LIMIT, 1.0)), yticks=[0, 1, 2] if axes is rest[0] else [])
        axes.set_title(row.words.replace(" says ", "\nsays "), fontsize=9)
