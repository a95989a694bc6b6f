"""The book as a whole: its fifteen chapters, the map of them, and the six roles of its colours.

The map is itself a memory. A chapter has a key and a value, and writing it leaves their outer
product in the matrix: one tile. A chapter that is not there yet has the write rate theta = 0, so
its tile stays empty. Taught in chapter 00.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from textwrap import wrap
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from titans_book.lab.pictures import style
from titans_book.lab.pictures.picture import Picture, picture
from titans_book.memory import Gates, memorize

__all__ = ["CHAPTERS", "Chapter", "chapter_map", "memory", "role_key"]

ROWS, COLUMNS = 3, 5
HIGH, WIDE = 7, 13  # cells of one tile
PARTS = ("A memory of one matrix", "Deeper, faster, part of a model", "The family, and the whole")


class Chapter(NamedTuple):
    """One chapter: its number, its title, a short title for the map, and whether it is there."""

    number: str
    title: str
    short: str
    ready: bool = False


CHAPTERS = (
    Chapter("00", "Start here: a memory that learns while you read", "Start here", True),
    Chapter("01", "Memory is a function: associative memory", "Memory is a function", True),
    Chapter("02", "Surprise is a gradient", "Surprise is a gradient", True),
    Chapter("03", "Past surprise: momentum", "Past surprise: momentum", True),
    Chapter("04", "Forgetting", "Forgetting", True),
    Chapter("05", "Deep memory and its cliff", "Deep memory and its cliff", True),
    Chapter("06", "Going parallel, honestly", "Going parallel, honestly", True),
    Chapter("07", "Learning to memorise: the outer loop", "Learning to memorise", True),
    Chapter("08", "Short-term and persistent memory", "Short-term and persistent", True),
    Chapter("09", "MAC, MAG, MAL", "MAC, MAG, MAL", True),
    Chapter("10", "MIRAS: design your own memory", "MIRAS: design your own", True),
    Chapter(
        "11",
        "Optimizers are memories: DGD, delta momentum, DMGD, Muon",
        "Optimizers are memories",
        True,
    ),
    Chapter("12", "Continuum memory and Hope", "Continuum memory and Hope", True),
    Chapter("13", "Train it, watch it think", "Train it, watch it think", True),
    Chapter("14", "Read its memory: needle, length, honesty", "Read its memory", True),
)

# role -> what wears it, in words and in symbols
WEARS = {
    "slow": ("slow weights: an optimizer trains them", r"$W_K,\ W_V,\ W_Q,\ M_0$"),
    "fast": ("fast memory: changes while it reads", r"$M_t,\ S_t$"),
    "gates": ("gates: how much to write, carry on, forget", r"$\theta_t,\ \eta_t,\ \alpha_t$"),
    "surprise": ("surprise: the gradient of the inner loss", r"$u_t$"),
    "attention": ("attention: the short-term memory", r"window $w$, segment $C$"),
    "persistent": ("persistent tokens: the same for every text", r"$p_1, \ldots, p_{N_p}$"),
}


def ready() -> list[str]:
    """The numbers of the chapters that are there.

    >>> ready()[0]
    '00'
    """
    return [chapter.number for chapter in CHAPTERS if chapter.ready]


def _wave(chapter: int, cells: int, turn: float) -> np.ndarray:
    """A pattern of the chapter's own: a cosine, with a pitch and a phase that few others share."""
    place = (np.arange(cells) + 0.5) / cells
    return np.cos(2 * np.pi * (0.5 + chapter % 4 / 2) * place + turn * chapter)


def _rates(written: Iterable[str] | Mapping[str, float]) -> list[float]:
    """The write rate of each chapter, in the book's order."""
    numbers = [chapter.number for chapter in CHAPTERS]
    rates = written if isinstance(written, Mapping) else dict.fromkeys(written, 1.0)
    if unknown := sorted(set(rates) - set(numbers)):
        raise ValueError(f"written={unknown} are no chapters: they are called 00 to 14")
    if wrong := {number: rate for number, rate in rates.items() if not 0 <= rate <= 1}:
        raise ValueError(f"written={wrong} are no write rates: they lie between 0 and 1")
    return [float(rates.get(number, 0.0)) for number in numbers]


def memory(
    written: Iterable[str] | Mapping[str, float],
) -> Float[np.ndarray, "rows columns"]:
    """The matrix after the chapters with these numbers have been written into it.

    M = sum_c theta_c k_c^T v_c, with theta_c = 1 for a chapter that is written and 0 for the
    others: Titans eq. 9 with the dot-product objective. A mapping gives each chapter's theta_c, in
    [0, 1]. The key of a chapter lives in its row of tiles, its value in its column, so the tiles
    do not disturb each other.

    >>> memory([]).shape, float(abs(memory([])).max())
    ((21, 65), 0.0)
    >>> bool(np.allclose(memory({"03": 0.5}), memory(["03"]) / 2))
    True
    """
    rates = _rates(written)
    keys = np.zeros((len(CHAPTERS), ROWS * HIGH))
    values = np.zeros((len(CHAPTERS), COLUMNS * WIDE))
    for index in range(len(CHAPTERS)):
        row, column = divmod(index, COLUMNS)
        keys[index, row * HIGH : (row + 1) * HIGH] = _wave(index, HIGH, 1.3)
        values[index, column * WIDE : (column + 1) * WIDE] = _wave(index + 1, WIDE, 0.7)
    k, v = torch.tensor(keys)[None, None], torch.tensor(values)[None, None]
    theta = torch.tensor([[rates]]).double()
    nothing, empty = torch.zeros_like(theta), torch.zeros(1, k.shape[-1], v.shape[-1]).double()
    gates = Gates(theta=theta, eta=nothing, alpha=nothing)
    _, state = memorize(k, k, v, gates, [empty], objective="dot")
    return state.weights[0][0, 0].numpy()


def chapter_map(
    written: Iterable[str] | None = None,
    *,
    alt: str,
    learned: Mapping[str, float] | None = None,
    dark: bool | None = None,
) -> Picture:
    """The map of the book: 3 x 5 tiles of one memory matrix, one for each chapter.

    written: numbers of the chapters to write, such as ["00", "13"]; None: those that are there.
    learned: write rates for the tiles instead, such as {"04": 0.5}; `written` keeps its captions.
    """
    written = ready() if written is None else list(written)
    matrix = memory(written if learned is None else learned)
    with picture(alt, 7.6, 4.5, dark) as figure:
        axes = figure.subplots()
        axes.set(xlim=(-0.02, COLUMNS), ylim=(ROWS + 0.02, -0.02))
        axes.axis("off")
        for index, chapter in enumerate(CHAPTERS):
            row, column = divmod(index, COLUMNS)
            cells = matrix[row * HIGH : (row + 1) * HIGH, column * WIDE : (column + 1) * WIDE]
            _tile(axes, (column, row + 0.2), cells, dark)
            _caption(axes, (column, row + 0.77), chapter, chapter.number in written)
        for row, part in enumerate(PARTS):
            axes.text(0, row + 0.13, part, fontsize=9, style="italic", alpha=0.8)
    return figure


def _tile(axes: Axes, corner: tuple[float, float], cells: np.ndarray, dark: bool | None) -> None:
    """One tile of the matrix; its left upper corner in tiles."""
    left, top = corner
    extent = (left, left + 0.93, top + 0.44, top)
    look = {"cmap": style.signed_map(dark), "vmin": -1, "vmax": 1, "aspect": "auto"}
    axes.imshow(cells, extent=extent, **look)
    edge = style.colour("persistent", dark)
    axes.add_patch(Rectangle((left, top), 0.93, 0.44, fill=False, ec=edge, lw=0.7))


def _caption(axes: Axes, place: tuple[float, float], chapter: Chapter, there: bool) -> None:
    """Number and title below a tile; a chapter in preparation is in lighter letters."""
    left, top = place
    look = {"alpha": 1.0 if there else 0.72, "fontsize": 8.5}
    axes.text(left, top, chapter.number, **look)
    for line, words in enumerate(wrap(chapter.short, 17)):
        axes.text(left + 0.17, top + 0.12 * line, words, **look)


def role_key(*, alt: str, dark: bool | None = None) -> Picture:
    """The six roles: colour, line style and marker of each, and the symbols that wear them."""
    with picture(alt, 7.0, 2.1, dark) as figure:
        axes = figure.subplots()
        axes.set(xlim=(0, 10), ylim=(len(WEARS) - 0.4, -0.6))
        axes.axis("off")
        for row, (role, (meaning, symbols)) in enumerate(WEARS.items()):
            look = style.line(role, dark, markers=1)
            axes.plot([0.1, 0.7, 1.3], [row] * 3, linewidth=2.2, **look)
            axes.text(1.7, row, meaning, va="center")
            axes.text(7.4, row, symbols, va="center", color=style.colour(role, dark))
    return figure
