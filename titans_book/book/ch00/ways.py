"""Three ways to read a text, in one picture: look back at it all, keep a state, train a memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle

from titans_book.lab.pictures import style
from titans_book.lab.pictures.picture import Picture, picture

__all__ = ["three_ways"]

WIDE, BOX, TOP = 0.9, 0.62, 2.55  # of a word; of its height; where the state begins
CELLS = np.array([[0.9, 0, 0.2, 0], [0, 0.7, 0, 0], [0, 0, 0.8, -0.3], [0.1, 0, 0, 0.6]])


def three_ways(words: Sequence[str], *, alt: str, dark: bool | None = None) -> Picture:
    """The same words, and what each way does at the last of them."""
    with picture(alt, 8.6, 2.9, dark) as figure:
        attention, state, memory = figure.subplots(1, 3)
        for axes in (attention, state, memory):
            axes.set(xlim=(-0.2, len(words) + 0.1), ylim=(-1.6, 4.95))
            axes.axis("off")
        _attention(attention, words, dark)
        _state(state, words, dark)
        _memory(memory, words, dark)
    return figure


def _words(axes: Axes, words: Sequence[str], dark: bool | None, fading: bool = False) -> None:
    """The text, a box for each word; the last one has a frame of ink."""
    ink = axes.xaxis.label.get_color()
    for place, word in enumerate(words):
        last = place == len(words) - 1
        strong = 0.45 + 0.55 * place / (len(words) - 1) if fading else 1.0
        edge = ink if last else style.colour("persistent", dark)
        box = Rectangle((place, 0), WIDE, BOX, fill=False, ec=edge, lw=1.6 if last else 0.8)
        axes.add_patch(box)
        axes.text(place + WIDE / 2, 0.3, word, ha="center", va="center", fontsize=8, alpha=strong)


def _told(axes: Axes, title: str, lines: str) -> None:
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold")
    axes.text(0, -0.35, lines, va="top", fontsize=8.2)


def _arrow(axes: Axes, start: tuple, end: tuple, colour: str, bend: float = 0.0) -> None:
    look = {"arrowstyle": "-|>", "mutation_scale": 9, "lw": 1.5, "shrinkA": 0, "shrinkB": 0}
    bent = f"arc3,rad={bend}"
    axes.add_patch(FancyArrowPatch(start, end, color=colour, connectionstyle=bent, **look))


def _attention(axes: Axes, words: Sequence[str], dark: bool | None) -> None:
    _words(axes, words, dark)
    orange, end = style.colour("attention", dark), len(words) - 1 + WIDE / 2
    for place in range(len(words) - 1):
        start = place + WIDE / 2
        along = np.linspace(0, np.pi, 40)
        middle, reach = (start + end) / 2, (end - start) / 2
        height = 0.55 * reach + 0.7
        axes.plot(
            middle - reach * np.cos(along), BOX + height * np.sin(along), color=orange, lw=1.4
        )
    _told(axes, "Attention", "keeps every word, and looks at\nall of them again for each new one")


def _state(axes: Axes, words: Sequence[str], dark: bool | None) -> None:
    _words(axes, words, dark, fading=True)
    vermilion, ink = style.colour("fast", dark), axes.xaxis.label.get_color()
    shades = np.linspace(0.12, 1, len(words))
    for place, strong in enumerate(shades):
        left, width = 1.2 + 0.62 * place, 0.62
        axes.add_patch(Rectangle((left, TOP), width, 1.5, fc=vermilion, alpha=0.75 * strong, lw=0))
    axes.add_patch(Rectangle((1.2, TOP), 0.62 * len(words), 1.5, fill=False, ec=ink, lw=1.2))
    _arrow(axes, (len(words) - 1 + WIDE / 2, BOX), (0.9 + 0.62 * len(words), TOP), vermilion)
    axes.text(1.2, TOP + 1.68, "state: old words fade", fontsize=8)
    _told(axes, "Recurrent state", "keeps a state of fixed size;\nold words give way to new ones")


def _memory(axes: Axes, words: Sequence[str], dark: bool | None) -> None:
    _words(axes, words, dark)
    ink, side = axes.xaxis.label.get_color(), 2.6
    left = 0.7
    look = {"cmap": style.signed_map(dark), "vmin": -1, "vmax": 1, "aspect": "auto", "zorder": 1}
    axes.imshow(CELLS, extent=(left, left + side, TOP - 0.35, TOP + 1.75), **look)
    axes.add_patch(Rectangle((left, TOP - 0.35), side, 2.1, fill=False, ec=ink, lw=1.2))
    axes.text(left, TOP + 1.93, "memory", fontsize=8)
    vermilion, purple = style.colour("fast", dark), style.colour("surprise", dark)
    end = len(words) - 1 + WIDE / 2
    _arrow(axes, (left + side + 0.05, TOP + 1.0), (end + 0.2, BOX + 0.05), vermilion, bend=-0.3)
    _arrow(axes, (end - 0.3, BOX + 0.05), (left + side - 0.3, TOP - 0.4), purple, bend=0.15)
    axes.text(end - 0.55, TOP + 1.1, "1. it expects", fontsize=8, color=vermilion)
    axes.text(0.7, 1.15, "2. its surprise\n    trains it", fontsize=8, color=purple)
    _told(
        axes,
        "A memory that learns",
        "keeps a memory of fixed size, too,\nand writes what it did not expect",
    )
