"""The pictures of chapter 00, by name: words, labels, limits.

The memory lies on its side here: a column for each pair, so that time runs to the right.
"""

from __future__ import annotations

from typing import Any

import torch

from titans_book.book.ch00.beside import both_films, second_readings
from titans_book.book.ch00.impostors import Lineup
from titans_book.book.ch00.promise import saved_bits, told
from titans_book.book.ch00.reading import Reading
from titans_book.book.ch00.ways import three_ways
from titans_book.lab.learning import book_map
from titans_book.lab.pictures import figures
from titans_book.lab.pictures.picture import Drawing, Picture
from titans_book.lab.pictures.player import Player

__all__ = ["PICTURES"]

MOST = 44  # columns that can be named without running into each other


def _film(seen: Reading, *, alt: str) -> Player:
    steps = zip(seen.before, seen.text, strict=True)
    captions = ["nothing read yet", *(f"after “{a}” comes “{b}”" for a, b in steps)]
    return Player(
        seen.film.mT,
        captions,
        tokens=list(seen.text),
        times=range(len(seen.text) + 1),
        surprise=seen.surprise,
        limit=1,
        rate=6,
        alt=alt,
    )


def _film_told(seen: Reading) -> str:
    first, second = seen.halves()
    return (
        f"A memory while it reads {len(seen.text)} letters, with a column for each of "
        f"{len(seen.pairs)} pairs: columns fill in the first half, mean surprise {first:.1f}, and "
        f"change less in the second, mean surprise {second:.1f}."
    )


def _names(seen: Reading) -> tuple[list[str], list[str]]:
    """Names of the rows and columns, as far as there is room; a space is shown as `_`."""
    pairs = seen.pairs if len(seen.pairs) <= MOST else ()
    down, across = ([text.replace(" ", "_") for text in texts] for texts in (seen.letters, pairs))
    return down, across


def _memory(seen: Reading, *, alt: str, dark: bool | None = None) -> Picture:
    labels = {"xlabel": "two letters before", "ylabel": "next letter"}
    look = {"cells": _names(seen), "limit": 1, "width": 7, "dark": dark}
    return figures.heatmap(seen.memory.mT, alt=alt, **look, **labels)


def _memory_told(seen: Reading) -> str:
    strong = [(pair, *seen.answer(pair)) for pair in seen.pairs[:6]]
    few = "; ".join(f"{pair!r} expects {letter!r}, {size:.1f}" for pair, letter, size in strong)
    return f"The memory after reading, with {len(seen.pairs)} columns. The first of them: {few}."


def _rows(readings: dict[float, Reading], *, alt: str, dark: bool | None = None) -> Picture:
    """A row of surprise for each value of alpha."""
    values = torch.stack([seen.surprise for seen in readings.values()])
    text = next(iter(readings.values())).text
    down, across = [f"α = {alpha:g}" for alpha in readings], text if len(text) < 90 else ""
    look = {"kind": "magnitude", "limit": 1.2, "width": 8, "cells": (down, across)}
    return figures.heatmap(values, alt=alt, dark=dark, **look)


def _rows_told(readings: dict[float, Reading]) -> str:
    shares = [(alpha, *seen.halves()) for alpha, seen in readings.items()]
    told = "; ".join(f"α = {a:g}: first half {one:.1f}, second {two:.1f}" for a, one, two in shares)
    return f"Surprise of each letter, a row for each α. Mean surprise: {told}."


def _four(lineup: Lineup, *, alt: str, dark: bool | None = None) -> Picture:
    grid = lineup.memories.mT.reshape(2, 2, *lineup.memories[0].mT.shape)
    look = {"limit": 1, "width": 8.4, "titles": "ABCD", "cells": _names(lineup.reading)}
    return figures.heatmap(grid, alt=alt, dark=dark, **look)


def _four_told(lineup: Lineup) -> str:
    full = [int((matrix.abs() > 0.5).sum()) for matrix in lineup.memories]
    told = ", ".join(f"{name} {count}" for name, count in zip("ABCD", full, strict=True))
    return (
        f"Four memories with {len(lineup.reading.pairs)} columns. Cells that are stronger than "
        f"one half: {told}."
    )


def _second_told(_design: Any, name: str) -> str:
    return (
        f"The text {name} in its second reading, each letter shaded by surprise: by your memory "
        "first, and by the book's below."
    )


PICTURES = (
    Drawing(
        "00.three_ways",
        three_ways,
        alt="Three ways to read six words. Attention has a line from the last word to every "
        "earlier one. A recurrent state is one box, in which older words are paler. A memory that "
        "learns is a small matrix: it sends what it expects to the word, and surprise comes back.",
    ),
    Drawing("00.film", _film, alt=_film_told),
    Drawing("00.memory", _memory, alt=_memory_told),
    Drawing("00.saved", saved_bits, alt=told),
    Drawing("00.five", _rows, alt=_rows_told),
    Drawing("00.four", _four, alt=_four_told),
    Drawing(
        "00.both_films",
        both_films,
        alt="Your memory and the book's, side by side, while they read the sentence twice.",
    ),
    Drawing("00.second_readings", second_readings, alt=_second_told),
    Drawing(
        "00.roles",
        book_map.role_key,
        alt="Six line styles: slow weights blue and solid, fast memory vermilion and dashed, gates "
        "green and dotted, surprise purple and dash-dotted, attention orange and solid, persistent "
        "tokens grey and dashed.",
    ),
)
