"""The pictures of chapter 06 and what is guessed in it, by name: words, labels, answers.

The words that describe a picture are made of what is drawn, so they stay true when a learner has
changed a number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from titans_book.book.ch06.chunk_figures import influence_map, stability_map
from titans_book.book.ch06.cuts import cuts, cuts_in_words
from titans_book.lab.learning.guess import Sketch
from titans_book.lab.pictures import figures
from titans_book.lab.pictures.curves import spoken
from titans_book.lab.pictures.picture import Drawing, Picture
from titans_book.lab.pictures.pixels import array
from titans_book.lab.pictures.shades import shaded
from titans_book.lab.pictures.speed_figures import length_scaling

__all__ = ["PICTURES"]

SINCE = "tokens since the write"
TOP = 60  # chunk lengths that are drawn


def _told(what: str, most: int = 7) -> Callable[..., str]:
    """Words for curves: what they are, and then the heights of each at a few places."""

    def words(x: Any, curves: Mapping[str, Any], **_: Any) -> str:
        few = np.unique(np.linspace(0, len(x) - 1, min(most, len(x))).round().astype(int))
        places = array(x)[few]
        heights = {name: array(y)[few].round(2) + 0.0 for name, y in curves.items()}
        told = (f"{name}: {spoken(places, height)}" for name, height in heights.items())
        return f"{what} {'; '.join(told)}."

    return words


def _write_left(n: Any, curves: Mapping[str, Any], *, alt: str, **look: Any) -> Picture:
    """Momentum, memory and both, each in the colour of its role."""
    roles = dict(zip(curves, ("surprise", "gates", "fast"), strict=False))
    return figures.lines(n, curves, alt=alt, roles=roles, **look)


def _apart(b: Any, curves: Mapping[str, Any], *, alt: str, **look: Any) -> Picture:
    roles = dict(zip(curves, ("surprise", "fast"), strict=False))
    return figures.lines(b, curves, alt=alt, roles=roles, **look)


def _short(mask: np.ndarray) -> str:
    return ", ".join(f"{value:.2f}" for value in mask[1:4, 0])


def _masks_told(values: Any, **_: Any) -> str:
    A, E, P = (array(one).astype(float) for one in values)
    return (
        f"Three lower triangular matrices of {len(A)} tokens. From the first column: A is "
        f"{_short(A)} one, two and three rows below its diagonal, E is "
        f"{_short(E)}, and P is {_short(P)}, so P "
        "can grow before it fades. In the last row of the first column are "
        f"{A[-1, 0]:.2f}, {E[-1, 0]:.2f} and {P[-1, 0]:.2f}."
    )


def _who_sees_whom(maps: Mapping[str, Any], **_: Any) -> str:
    told = []
    for name, grid in maps.items():
        ahead = int((np.triu(array(grid), 1) > 1e-9).sum())
        told.append(f"{name}, with {ahead} cells above the diagonal" if ahead else
                    f"{name}, with nothing above the diagonal")  # fmt: skip
    return f"Maps of which token moves which answer: {'; '.join(told)}."


def _longest(likeness: Any, curves: Mapping[str, Any], *, alt: str, **look: Any) -> Picture:
    """The first lengths that explode; where none does there is no point."""
    shown = {name: _gaps(values) for name, values in curves.items()}
    return shaded(likeness, shown, alt=alt, **look)


def _longest_told(likeness: Any, curves: Mapping[str, Any], **_: Any) -> str:
    told = []
    for name, values in curves.items():
        pairs = zip(likeness, values, strict=True)
        told.append(f"{name}: " + ", ".join(f"{b or 'none'} at {x:g}" for x, b in pairs))
    what = "The shortest chunk that explodes, for keys that are more or less alike."
    return f"{what} {'; '.join(told)}."


def _gaps(values: Any) -> np.ndarray:
    heights = np.asarray(values, dtype=float)
    return np.where(heights > 0, heights, np.nan)


def _map_told(error: Any, border: Any, thetas: Any, chunks: Any) -> str:
    rows = []
    for b, row, limit in zip(chunks, array(error), border, strict=True):
        broken = [theta for theta, e in zip(thetas, row, strict=True) if not e < 1]
        first = f"from θ = {broken[0]:g} on" if broken else "nowhere"
        rows.append(f"b = {b}: crosses {first}, line at {float(limit):.2f}")
    return (
        f"A map of the error over write rate and chunk, with a line per chunk. {'; '.join(rows)}."
    )


def _steps(likeness: Any, first: Any) -> tuple[Any, Any]:
    return array(likeness), np.where(array(first) > 0, array(first), TOP)


PICTURES = (
    Drawing(
        "06.write_left",
        _write_left,
        alt=_told("How much of one write is left, against the tokens since."),
        markers=4,
        xlabel=SINCE,
        ylabel="how much is there",
        limits=(0, 3),
    ),
    Drawing(
        "06.masks",
        figures.heatmap,
        alt=_masks_told,
        kind="magnitude",
        limit=2.7,
        width=7.6,
        titles=("A: the memory keeps", "E: momentum keeps", "P = A E: is in the memory"),
        xlabel="token that has written",
        ylabel="token that asks",
    ),
    Drawing("06.influence", influence_map, alt=_who_sees_whom),
    Drawing(
        "06.apart",
        _apart,
        alt=_told("How far a memory is from two others, against the chunk."),
        xlabel="chunk b",
        ylabel="distance, as a share",
        limits=(0, 0.7),
    ),
    Drawing(
        "06.first_explosion",
        _longest,
        alt=_longest_told,
        xlabel="how alike the keys are",
        ylabel="shortest chunk that explodes",
        limits=(0, TOP),
    ),
    Drawing("06.stability", stability_map, alt=_map_told),
    Drawing("06.cuts", cuts, alt=cuts_in_words),
    Drawing(
        "06.length_scaling",
        length_scaling,
        alt="Two panels over the number of tokens, from a thousand to a million, both axes "
        "logarithmic. Left, time a token: level for both memories, rising with the length for "
        "attention, which overtakes the deep memory near eight thousand tokens. Right, memory on "
        "top: level from sixteen thousand tokens on for both memories, proportional to the length "
        "for attention.",
    ),
    Sketch(
        "06.two_filters",
        limits=(0, 4),
        points=6,
        xlabel=SINCE,
        ylabel="how much is in M",
        alt="How much of one write of size 1 is in the memory later on",
    ),
    Sketch(
        "06.where_it_breaks",
        truth=_steps,
        limits=(0, TOP),
        role="surprise",
        xlabel="how alike the keys are",
        ylabel="shortest chunk that explodes",
        alt="The shortest chunk that explodes, for keys that are less or more alike",
    ),
)
