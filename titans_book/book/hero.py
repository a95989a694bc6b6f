"""The README's pictures: a memory that fills while it reads, and what a trained one saves.

    python -m titans_book.book.hero     writes memory.png, twice.png and their dark ones into
                                        notebooks/images

Drawn by the same functions as every figure of the book: the first from the memory of chapter 00,
the second from the record of chapter 13.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from titans_book.book.ch13 import twice
from titans_book.lab.pictures import figures, twice_figures
from titans_book.lab.pictures.picture import Picture
from titans_book.lab.project import ROOT
from titans_book.memory import Gates, memorize

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

    Key: the two letters before; value: the letter itself; both one-hot. One linear memory, write
    rate 0.8, no momentum, no forgetting: the delta rule (Titans eqs. 8 and 12).
    """
    letters = sorted(set(SENTENCE))
    before = [(SENTENCE[-2:] + SENTENCE)[t : t + 2] for t in range(len(SENTENCE))]
    pairs = list(dict.fromkeys(before))
    k = F.one_hot(torch.tensor([pairs.index(pair) for pair in before])).float()[None, None]
    v = F.one_hot(torch.tensor([letters.index(a) for a in SENTENCE])).float()[None, None]
    one, trace = torch.ones(1, 1, len(SENTENCE)), []
    gates = Gates(theta=0.8 * one, eta=0 * one, alpha=0 * one)
    empty = torch.zeros(1, len(pairs), len(letters))
    memorize(k, k, v, gates, [empty], chunk=1, trace=trace)
    return trace[0].film[0][:, 0].mT, trace[0].times


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
