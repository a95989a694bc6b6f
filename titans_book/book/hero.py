"""The README's pictures: a memory that fills while it reads, and what a trained one saves.

    python -m titans_book.book.hero     writes memory.png, twice.png and their dark ones into
                                        notebooks/images

Drawn by the same functions as every figure of the book: the first from the memory of chapter 00,
the second from the record of chapter 13.
"""

import json
from pathlib import Path

from torch import Tensor

from titans_book.book.ch00.reading import read
from titans_book.book.ch13 import twice
from titans_book.lab.pictures import figures, twice_figures
from titans_book.lab.pictures.picture import Picture
from titans_book.lab.project import ROOT

SENTENCE = "we learn what surprises us. " * 2

FOLDER = ROOT / "notebooks" / "images"
ALT = (
    "Six pictures of one memory matrix while it reads the sentence “we learn what surprises us” "
    "twice: empty, then filling column by column; in the second reading the same cells only grow "
    "stronger."
)
READERS = (
    "attention, convolution",
    "lmm",
    "lmm, gated-deltanet",
    twice.PLAIN,
    "window, convolution",
)
TWICE_ALT = (
    "Bits a word saved at the second reading, over the words between the two readings. Full "
    "attention saves most, the memories several bits nearby and fewer far away, and the window "
    "nothing."
)


def reading() -> tuple[Tensor, tuple[int, ...]]:
    """The memory (frames, letters, pairs) after every letter, and how many it has read.

    It is the reading of chapter 00: one linear memory, write rate 0.8, no forgetting.
    """
    film = read(SENTENCE).film.mT
    return film, tuple(range(len(film)))


def hero(dark: bool = False) -> Picture:
    """The picture, for a light or a dark page."""
    film, times = reading()
    return figures.film_strip(
        film, times, alt=ALT, limit=1.0, most=6, label="{} letters", width=9.0, dark=dark
    )


def second_reading(dark: bool = False) -> Picture:
    """What the first reading of a passage saves at the second, for five models of the record."""
    record = json.loads(twice.RECORD.read_text(encoding="utf-8"))
    models = {name: record["models"][name] for name in READERS}
    return twice_figures.second_reading(record | {"models": models}, alt=TWICE_ALT, dark=dark)


def main(folder: Path = FOLDER) -> list[Path]:
    """Write the pictures, each for a light and a dark page; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {"memory": hero, "twice": second_reading}
    pages = {"": False, "-dark": True}
    return [
        figures.save(draw(dark), folder / f"{name}{page}.png")
        for name, draw in drawn.items()
        for page, dark in pages.items()
    ]


if __name__ == "__main__":
    print(*main(), sep="\n")
