"""What a text owes to memory and to attention, token by token: two bars that leave one line.

Memory goes up and attention goes down, so the two can be told apart without colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from titans_book.inspection.relevance import Relevance
from titans_book.lab.pictures import style
from titans_book.lab.pictures.attention_figures import percent
from titans_book.lab.pictures.picture import Picture, picture
from titans_book.lab.pictures.pixels import array, nice_limit
from titans_book.lab.pictures.text import spell

__all__ = ["relevance_bars"]

_LOOKS = {"memory": ("fast", 1), "attention": ("attention", -1)}
MOST = 96  # tokens in one picture: more could not be read


def relevance_bars(
    tokens: Any,
    found: Relevance,
    *,
    alt: str,
    limit: float | int | None = None,
    width: float | int = 8.6,
    dark: bool | None = None,
) -> Picture:
    """How far each block's output moves without its memory (up) and without its attention (down).

    The unit is the block's own step: 1 means that the output moves as far as the block moved it.
    Beside each block stands the memory's mean share of both; with one source there is no share.
    tokens: the text, at most 96 of its tokens are drawn. Raises ValueError for another length.
    """
    pieces = spell(list(tokens) if isinstance(tokens, str) else tokens)
    blocks, time = next(iter(found.moved.values())).shape
    if len(pieces) != time:
        raise ValueError(f"tokens has {len(pieces)} pieces, the relevance is of {time}")
    shown = min(time, MOST)
    bars = {name: array(moved)[:, :shown] for name, moved in found.moved.items()}
    top = nice_limit(np.concatenate(list(bars.values())), 0.99) if limit is None else limit
    with picture(alt, width, 1.15 * blocks + 0.5, dark) as figure:
        grid = figure.subplots(blocks, 1, sharex=True, sharey=True, squeeze=False)[:, 0]
        for block, axes in enumerate(grid):
            _draw(axes, {name: values[block] for name, values in bars.items()}, dark)
            words = f"block {block + 1}\n{_share(found, block)}"
            axes.set_ylabel(words, rotation=0, ha="right", va="center", fontsize=9)
            _letters(axes, pieces[:shown])
        ends = [-top] * ("attention" in bars) + [0] + [top] * ("memory" in bars)
        grid[0].set(xlim=(-0.7, shown - 0.3), ylim=(ends[0], ends[-1]))
        for axes in grid:
            axes.set_yticks(ends, [f"{abs(end):g}" for end in ends])
        handles, labels = grid[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper right", ncols=2, fontsize=8)
    return figure


def _share(found: Relevance, block: int) -> str:
    if len(found.sources) == 1:
        return f"{found.sources[0]} alone"
    return f"memory {percent(found.share()[block].mean())}"


def _draw(axes: Axes, bars: dict[str, np.ndarray], dark: bool | None) -> None:
    for name, values in bars.items():
        role, sign = _LOOKS[name]
        words = f"without {name} ({'up' if sign > 0 else 'down'})"
        places = np.arange(len(values))
        axes.bar(places, sign * values, width=0.8, color=style.colour(role, dark), label=words)
    axes.axhline(0, color=style.colour("persistent", dark), linewidth=0.8)


def _letters(axes: Axes, pieces: Sequence[str]) -> None:
    """The text itself, a piece below each pair of bars."""
    shown = [piece.replace("\n", "¶").replace(" ", "·") for piece in pieces]
    axes.set_xticks(range(len(shown)), shown, fontsize=7, family="DejaVu Sans Mono")
    axes.tick_params(axis="x", length=0, pad=1, labelbottom=True)
