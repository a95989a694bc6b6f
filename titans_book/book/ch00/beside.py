"""The learner's own result beside the book's: a film of the memory, and a text by surprise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from titans_book.book.ch00.exercises_loop import read_text_reference
from titans_book.book.ch00.exercises_open import my_memory
from titans_book.book.ch00.reading import cells
from titans_book.book.ch00.twisters import TEXTS, Design, one_letter, price, prices
from titans_book.lab.learning.guard import run
from titans_book.lab.pictures import figures
from titans_book.lab.pictures.picture import Picture
from titans_book.lab.pictures.player import Player

__all__ = ["both_films", "scoreboard", "second_readings"]


def _tried(function: Callable, *arguments: Any) -> Any:
    """What a learner's own function returns, or None if it raises or comes to no end."""
    found: list[Any] = []
    run(lambda: found.append(function(*arguments)))
    return found[0] if found else None


def _own(function: Callable) -> Callable:
    """What the learner wrote, whether it has passed its check or not."""
    return getattr(function, "mine", function)


def both_films(
    read_text: Callable, sentence: str, theta: float, alpha: float, *, alt: str
) -> Player:
    """The learner's own film on the left, right or wrong, and the book's on the right."""
    text = sentence * 2
    rows, columns, shape = cells(text)
    empty = torch.zeros(shape)
    film, surprise = read_text_reference(empty, rows, columns, theta, alpha)
    mine = _usable(_tried(_own(read_text), empty.clone(), rows, columns, theta, alpha), film)
    frames = film[:, None] if mine is None else torch.stack([mine, film], 1)
    titles = "the book's (yours is not ready)" if mine is None else "left yours, right the book's"
    captions = ["nothing read yet", *(f"“{letter}” was read" for letter in text)]
    return Player(
        frames.mT.nan_to_num(),
        [f"{words}; {titles}" for words in captions],
        tokens=list(text),
        times=range(len(text) + 1),
        surprise=surprise,
        limit=1,
        rate=6,
        alt=alt,
    )


def _usable(result: Any, film: Tensor) -> Tensor | None:
    """The film of a result, if it has one of the right shape."""
    first = result[0] if isinstance(result, (tuple, list)) and result else result
    fits = isinstance(first, Tensor) and first.shape == film.shape
    return first.detach().to(film.dtype) if fits else None


def second_readings(
    function: Callable, name: str, *, alt: str, dark: bool | None = None
) -> Picture:
    """The second reading of one text, letter by letter: by the learner's design and the book's."""
    text = TEXTS[name]
    mine = _tried(price, _own(function), text)
    book = price(my_memory.reference, text)
    rows = {"yours": mine, "the book's": book}
    rows = {words: values[len(text) :] for words, values in rows.items() if values is not None}
    pieces = [piece for words in rows for piece in (f"{words}:\n", *text[:-1], "\n")]
    shades = [value for values in rows.values() for value in (0.0, *values)]
    return figures.surprise_strip(pieces, shades, alt=alt, limit=1.2, across=84, dark=dark)


def scoreboard(function: Design) -> str:
    """The price of each text in its second reading, in a table, for three designs."""
    rows = [f"{'':12}{''.join(f'{name:>11}' for name in TEXTS)}{'mean':>11}"]
    designs = {"yours": _own(function), "the book's": my_memory.reference, "one letter": one_letter}
    for words, design in designs.items():
        found = _tried(prices, design)
        if found is None:
            rows.append(f"{words:12}  still open, or it stops with an error")
            continue
        cells = [*found.values(), sum(found.values()) / len(found)]
        rows.append(f"{words:12}" + "".join(f"{cell:11.2f}" for cell in cells))
    return "\n".join(rows)
