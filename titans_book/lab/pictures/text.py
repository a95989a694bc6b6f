"""Text that shows what surprised the memory: a shade and a bar under every token.

Two signs for one number, a tint and the height of a bar, so that it can be read without colour.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy as np

from titans_book.lab.pictures import style
from titans_book.lab.pictures.pixels import array

__all__ = ["STYLE", "legible", "quoted", "shaded", "shades", "spell", "visible"]

SHADES = 10


def _rules() -> str:
    red, green, blue = (int(style.ROLES["surprise"].colour[i : i + 2], 16) for i in (1, 3, 5))
    return "".join(
        f".titans-text .s{shade}{{background:rgb({red} {green} {blue}/{shade / 15:.2f});"
        f"box-shadow:inset 0 -{shade / 3:.1f}px rgb({red} {green} {blue})}}"
        for shade in range(1, SHADES)
    )


STYLE = (
    "<style>.titans-text{font-family:var(--jp-code-font-family,ui-monospace,Menlo,Consolas,"
    "'DejaVu Sans Mono',monospace);font-size:13px;line-height:1.75;white-space:pre-wrap;"
    "overflow-wrap:anywhere;color:var(--jp-content-font-color1,inherit);max-width:46em}"
    ".titans-text b{font-weight:inherit;padding:2px 0 3px}"
    ".titans-text .now{outline:2px solid currentColor;border-radius:2px}"
    ".titans-text .rest,.titans-text .end{opacity:.66}" + _rules() + "</style>"
)


def spell(tokens: Any) -> list[str]:
    """One piece of text for each token: byte values as UTF-8, anything else as it prints.

    A character of several bytes stands at its last byte; the bytes before it are empty.

    >>> spell([72, 105, 195, 169])
    ['H', 'i', '', 'é']
    >>> spell(["to", " be"])
    ['to', ' be']
    """
    tokens = list(tokens) if isinstance(tokens, (list, tuple, bytes)) else array(tokens).tolist()
    if any(isinstance(token, str) for token in tokens):
        return [str(token) for token in tokens]
    numbers = [int(token) for token in tokens]
    if any(number > 255 or number < 0 for number in numbers):
        return [f"{number} " for number in numbers]
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return [decoder.decode(bytes([number])) for number in numbers]


def shades(values: Any, limit: float | int | None = None) -> list[int]:
    """Numbers from zero up to one of ten shades, 0 to 9; `limit` gets the darkest.

    >>> shades([0.0, 0.5, 1.0, 7.0], limit=1.0)
    [0, 4, 9, 9]
    """
    values = np.nan_to_num(array(values), nan=0.0)
    top = limit or (float(np.quantile(values, 0.98)) if values.size else 0.0) or 1.0
    return np.clip(values / top * (SHADES - 0.5), 0, SHADES - 1).astype(int).tolist()


def legible(piece: str) -> str:
    """A piece in a sentence, with signs for what cannot be seen.

    >>> legible(" "), legible("\\n"), legible("to "), legible("")
    ('␣', '↵', 'to', '·')
    """
    piece = piece.replace("\n", "↵")
    piece = "␣" if piece == " " else piece.strip()
    return piece if piece and piece.isprintable() else "·"


def quoted(pieces: Sequence[str], token: int) -> str:
    """A token of a passage as one says it: its piece in quotes, and its place from 1 on.

    >>> quoted(["t", " "], 1)
    '“␣” (token 2)'
    """
    return f"“{legible(pieces[token])}” (token {token + 1})"


def visible(piece: str) -> str:
    """A piece as HTML: a line break shows its sign, and still breaks the line."""
    return escape(piece).replace("\n", '<span class="end">¶</span>\n')


def shaded(
    pieces: Sequence[str],
    levels: Sequence[int],
    *,
    upto: int | None = None,
    titles: Iterable[str] | None = None,
) -> str:
    """The pieces as HTML, each with its shade; from piece `upto` on they are not yet read.

    The piece just read carries a frame. `titles` are shown when the pointer rests on a piece.

    >>> shaded(["a", "b", "c"], [0, 9, 5], upto=2)
    '<b class="s0">a</b><b class="s9 now">b</b><span class="rest">c</span>'
    """
    last = len(pieces) if upto is None else upto
    notes = [""] * last if titles is None else [f' title="{escape(title)}"' for title in titles]
    cells = [
        f'<b class="s{level}"{note}>{visible(piece)}</b>'
        for piece, level, note in zip(pieces[:last], levels, notes, strict=False)
    ]
    if upto and cells:
        shade = f'class="s{levels[last - 1]}'
        cells[-1] = cells[-1].replace(shade, f"{shade} now")
    return "".join(cells) + _unread(pieces[last:])


def _unread(pieces: Sequence[str]) -> str:
    return f'<span class="rest">{visible("".join(pieces))}</span>' if pieces else ""
