"""How the two rules of chapter 11 look wherever they meet: the usual one, and the delta rule."""

from __future__ import annotations

from matplotlib.colors import to_hex

from titans_book.lab.pictures.shades import shades

__all__ = ["looks"]

DASHES = ("", "8 4")  # in SVG; a solid line, and "--" in a still picture


def looks(dark: bool) -> list[tuple[str, str]]:
    """(colour, dash pattern) of the usual rule and of the delta rule, as in the still pictures.

    >>> looks(False)[0]
    ('#d55e00', '')
    """
    return list(zip(map(to_hex, shades(2, dark)), DASHES, strict=True))
