"""Draw a picture of the book by its name.

    draw("01.recall", counts, {"Hebb": errors})

The picture's description in words, its labels and its limits come from the chapter's folder.
"""

from __future__ import annotations

from typing import Any

from titans_book.lab.register import DRAWINGS, named

__all__ = ["draw"]


def draw(name: str, *data: Any, **look: Any) -> Any:
    """The picture called `name`, of these data; `look` changes its labels, limits and the like."""
    return named(DRAWINGS, name, "picture")(*data, **look)
