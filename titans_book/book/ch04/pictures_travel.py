"""Pictures of a journey through worlds: shares, surprise and gates, with the borders drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from titans_book.book.ch04.scoring import opened
from titans_book.book.ch04.travel import Journey, Reading
from titans_book.lab.pictures import style
from titans_book.lab.pictures.picture import Picture, picture
from titans_book.lab.pictures.shades import LINES, shades

__all__ = [
    "gates",
    "gates_told",
    "mixtures",
    "mixtures_told",
    "surprise",
    "surprise_told",
    "worlds",
    "worlds_told",
]

AT_RIGHT = {"ha": "right", "va": "center", "fontsize": 9}


def _borders(axes: Any, trip: Journey, names: bool = True) -> None:
    """A line where a world begins, and the worlds' names above."""
    world = np.asarray(trip.world)
    starts = [0, *(np.flatnonzero(np.diff(world)) + 1), len(world)]
    ink = axes.xaxis.label.get_color()
    for number, (start, end) in enumerate(zip(starts, starts[1:], strict=False), 1):
        if number > 1:
            axes.axvline(start + 0.5, color=ink, lw=0.8, ls=(0, (1, 2)))
        if names:
            place = {"xy": ((start + end) / 2, 1), "xycoords": ("data", "axes fraction")}
            look = {"textcoords": "offset points", "ha": "center", "fontsize": 9}
            axes.annotate(f"world {number}", xytext=(0, 4), **place, **look)
    axes.set_xlim(0, len(world))
    axes.set_xticks(starts)


def _shares(axes: Any, shares: Any, dark: bool | None, names: bool) -> None:
    """A curve for each world, in a shade of its own, with its name at its highest point."""
    shares = np.asarray(shares)
    looks = zip(shades(len(shares), dark), LINES * len(shares), strict=False)
    for number, (curve, (colour, line)) in enumerate(zip(shares, looks, strict=False), 1):
        axes.plot(np.arange(len(curve)), curve, color=colour, ls=line)
        top = int(curve.argmax())
        if names:
            look = {"textcoords": "offset points", "ha": "right", "fontsize": 9, "color": colour}
            axes.annotate(f"of world {number}", (top, curve[top]), (-4, 3), **look)
    axes.set_ylim(min(-0.1, float(shares.min())), max(1.05, float(shares.max()) + 0.1))
    axes.grid(axis="y")


def worlds(trip: Journey, shares: Any, *, alt: str, dark: bool | None = None) -> Picture:
    """How much of each world is in the answers; shares: (worlds, T + 1)."""
    with picture(alt, 7.2, 3.0, dark) as figure:
        axes = figure.subplots()
        _shares(axes, shares, figure.dark, names=True)
        _borders(axes, trip)
        axes.set(xlabel="token", ylabel="share in the answers")
    return figure


def worlds_told(trip: Journey, shares: Any) -> str:
    """The picture of the shares in words."""
    shares, last = np.asarray(shares), len(trip.k)
    tokens = np.unique(np.linspace(0, last, 9).round().astype(int))
    told = (
        f"world {number}: {', '.join(f'{curve[t] + 0.0:.1f} at token {t}' for t in tokens)}"
        for number, curve in enumerate(shares, 1)
    )
    return f"The share of each world in the memory's answers. {'; '.join(told)}."


def mixtures(
    trip: Journey, panels: Mapping[str, Any], *, alt: str, dark: bool | None = None
) -> Any:
    """The shares of the worlds for several memories, a panel each."""
    with picture(alt, 7.2, 0.5 + 1.25 * len(panels), dark) as figure:
        rows = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
        for row, (name, shares) in zip(rows, panels.items(), strict=True):
            _shares(row, shares, figure.dark, names=False)
            _borders(row, trip, names=row is rows[0])
            row.set_ylabel(name, rotation=0, ha="right", va="center")
        rows[-1].set_xlabel("token; a curve for the share of each world")
    return figure


def mixtures_told(trip: Journey, panels: Mapping[str, Any]) -> str:
    """The panels in words: how much of her own world each memory knows."""
    world = np.asarray(trip.world)
    told = []
    for name, shares in panels.items():
        own = np.asarray(shares)[world, np.arange(1, len(world) + 1)].mean()
        told.append(f"{name}: the share of the world she is in is {own:.0%} on average")
    return f"The shares of four worlds in the answers, for several memories. {'; '.join(told)}."


def surprise(
    trip: Journey, size: Any, usual: Any, *, alt: str, dark: bool | None = None
) -> Picture:
    """The surprise at each token, and what was usual before it; (T) each."""
    tokens = np.arange(1, len(size) + 1)
    with picture(alt, 7.2, 2.9, dark) as figure:
        axes = figure.subplots()
        colour = style.colour("surprise", dark)
        axes.plot(tokens, np.asarray(size), color=colour, lw=1.1)
        axes.plot(tokens, np.asarray(usual), color=style.colour("persistent", dark), lw=2)
        look = {"textcoords": "offset points", "fontsize": 9, "va": "center"}
        axes.annotate("usual", (tokens[-1], float(usual[-1])), (4, 0), **look)
        axes.annotate("surprise", (tokens[-1], float(size[-1])), (4, 0), color=colour, **look)
        _borders(axes, trip)
        axes.set(xlabel="token", ylabel="surprise |u|", ylim=(0, None))
    return figure


def surprise_told(trip: Journey, size: Any, usual: Any) -> str:
    """The picture of the surprise in words."""
    size, usual = np.asarray(size, dtype=float), np.asarray(usual, dtype=float)
    borders = np.flatnonzero(np.diff(np.asarray(trip.world))) + 1
    told = (f"at token {t + 1} from a usual {usual[t]:.1f} to {size[t]:.1f}" for t in borders)
    return (
        f"Surprise over {len(size)} tokens, a restless line of {np.median(size):.1f} in the middle "
        f"with its highest peak, {size.max():.1f}, at token {int(size.argmax()) + 1}. Behind each "
        f"border it jumps: {', '.join(told)}."
    )


def gates(
    trip: Journey, readings: Mapping[str, Reading], *, alt: str, dark: bool | None = None
) -> Any:
    """What each gate did, a row each, and below the errors of the memories that they served."""
    count = len(readings)
    with picture(alt, 7.2, 2.2 + 0.8 * count, dark) as figure:
        heights = [*[1] * count, 2.2]
        rows = figure.subplots(count + 1, 1, sharex=True, height_ratios=heights)
        tokens = np.arange(1, len(trip.k) + 1)
        hues = [style.colour(role, dark) for role in ("gates", "slow")]
        looks = zip(hues, ("-", "--"), (0.92, 0.78), strict=False)
        for row, (name, reading), (hue, line, high) in zip(
            rows, readings.items(), looks, strict=False
        ):
            row.vlines(tokens, 0, np.asarray(reading.alpha), color=hue, lw=1.6)
            row.set(ylim=(0, 1.08), yticks=(0, 1))
            row.set_ylabel(f"α, {name}", rotation=0, ha="right", va="center")
            error = np.asarray(reading.error)
            rows[-1].plot(tokens, error, color=hue, ls=line, lw=1.4)
            words = f"{name}: {error.mean():.3f} on average"
            rows[-1].text(0.99, high, words, transform=rows[-1].transAxes, color=hue, **AT_RIGHT)
        for row in rows:
            _borders(row, trip, names=row is rows[0])
        rows[-1].set(xlabel="token", ylabel="recall error", ylim=(0, 2.3))
        rows[-1].grid(axis="y")
    return figure


def gates_told(trip: Journey, readings: Mapping[str, Reading]) -> str:
    """In words: where each gate opens, and the error of its memory."""
    told = []
    for name, reading in readings.items():
        at = opened(reading.alpha)
        few = f"{', '.join(map(str, at[:6]))}{' and more' if len(at) > 6 else ''}" or "no token"
        told.append(
            f"{name} is more than half open at {few}, with mean error {reading.error.mean():.3f}"
        )
    return f"What gates did along the journey, and the recall errors below. {'; '.join(told)}."
