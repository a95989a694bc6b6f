"""Curves in words, for chapters 02 and 03: made of what is drawn, so they stay true."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from titans_book.lab.pictures.curves import spoken

__all__ = ["told"]


def told(what: str, most: int = 7) -> Callable[[Any, Mapping[str, Any]], str]:
    """Words for curves: what they are, and then the heights of each at a few places."""

    def words(x: Any, curves: Mapping[str, Any]) -> str:
        few = np.unique(np.linspace(0, len(x) - 1, min(most, len(x))).round().astype(int))
        places = np.asarray(x)[few]
        heights = {name: np.asarray(y)[few].round(2) + 0.0 for name, y in curves.items()}
        each = (f"{name}: {spoken(places, height)}" for name, height in heights.items())
        return f"{what} {'; '.join(each)}."

    return words
