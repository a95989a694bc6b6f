"""The picture at the top of the README: a memory fills while it reads a sentence twice.

    python -m titans_book.book.hero        writes notebooks/images/memory.png and memory-dark.png

Drawn by the same functions as every figure of the book, from the same memory as chapter 00.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from titans_book.lab.pictures import figures
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


def main(folder: Path = FOLDER) -> list[Path]:
    """Write both pictures; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {"memory.png": False, "memory-dark.png": True}
    return [figures.save(hero(dark), folder / name) for name, dark in names.items()]


if __name__ == "__main__":
    print(*main(), sep="\n")
