"""Text shaded by surprise, still: as HTML in the reader's own letters, or as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from titans_book.lab.pictures import style
from titans_book.lab.pictures.picture import Picture, Words, check_alt, picture
from titans_book.lab.pictures.pixels import array, check_limit, nice_limit
from titans_book.lab.pictures.text import STYLE, shaded, shades, spell
from titans_book.lab.pictures.traces import number

__all__ = ["places", "surprise_strip", "surprise_text", "write"]


def surprise_text(
    tokens: Any, surprise: Any, *, alt: str, limit: float | int | None = None, numbers: bool = True
) -> Words:
    """Text shaded by surprise, as HTML: each token shows its number when pointed at.

    Good for numbers that are the same everywhere, such as a float64 demonstration; strict nbval
    compares HTML. For a trained model use `surprise_strip`.

    >>> surprise_text("ab", [0.1, 0.9], alt="The letter b surprises.").alt
    'The letter b surprises.'
    """
    pieces = spell(list(tokens) if isinstance(tokens, str) else tokens)
    values = array(surprise)
    titles = [f"surprise {number(value)}" for value in values.tolist()] if numbers else None
    body = shaded(pieces, shades(values, limit), titles=titles)
    label = escape(check_alt(alt))
    text = f'<div class="titans-text" role="group" aria-label="{label}">{body}</div>'
    return Words(STYLE + text, alt)


def places(pieces: Sequence[str], across: int) -> list[tuple[int, int]]:
    """Where each piece stands, as (column, line), on lines of `across` columns.

    >>> places(["a", "b", "c\\n", "d"], across=2)
    [(0, 0), (1, 0), (0, 1), (0, 2)]
    """
    found, column, line = [], 0, 0
    for piece in pieces:
        wide = len(piece.rstrip("\n")) + piece.endswith("\n")
        if column and column + wide > across:
            column, line = 0, line + 1
        found.append((column, line))
        column, line = (0, line + 1) if piece.endswith("\n") else (column + wide, line)
    return found


def write(axes: Axes, pieces: Sequence[str], values: np.ndarray, across: int) -> int:
    """Write shaded pieces into axes, values from 0 to 1; gives back the number of lines."""
    purple, where = style.ROLES["surprise"].colour, places(pieces, across)
    for piece, value, (column, line) in zip(pieces, values.tolist(), where, strict=True):
        wide, bar = len(piece), 0.18 * value
        axes.add_patch(Rectangle((column, line), wide, 0.8, fc=purple, alpha=0.55 * value, lw=0))
        axes.add_patch(Rectangle((column, line + 0.8 - bar), wide, bar, fc=purple, lw=0))
        words = piece.replace("\n", "¶")
        axes.text(column + wide / 2, line + 0.58, words, ha="center", family="DejaVu Sans Mono")
    lines = 1 + max((line for _, line in where), default=0)
    axes.set(xlim=(0, across), ylim=(lines, 0))
    axes.axis("off")
    return lines


def surprise_strip(
    tokens: Any,
    surprise: Any,
    *,
    alt: str,
    limit: float | int | None = None,
    across: int = 72,
    zoom: float | int = 1,
    dark: bool | None = None,
) -> Picture:
    """Text shaded by surprise, as a picture: a tint and a bar under each token.

    across: letters on a line, at most. zoom: how much larger than usual, for short texts.
    """
    pieces = spell(list(tokens) if isinstance(tokens, str) else tokens)
    values = np.nan_to_num(array(surprise), nan=0.0)
    limit = nice_limit(values, 0.98) if limit is None else check_limit(limit)
    shares = (values / limit).clip(0, 1)
    with picture(alt, across * 0.098 * zoom, 1.0, dark) as figure:
        axes = figure.subplots()
        lines = write(axes, pieces, shares, across)
        for text in axes.texts:
            text.set_fontsize(zoom * text.get_fontsize())
        figure.set_size_inches(across * 0.098 * zoom, (0.22 * lines + 0.15) * zoom)
    return figure
