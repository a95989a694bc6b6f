"""Pictures of write rates: where memories break, and what a rate of one's own does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from titans_book.book.ch05.rating import BROKEN, Read
from titans_book.lab.pictures import style
from titans_book.lab.pictures.picture import Picture, picture
from titans_book.lab.pictures.shades import LINES, shades

__all__ = ["edges", "edges_told", "rates", "rates_told"]

LOW, HIGH = 0.03, 60.0
ROLES = {
    "best constant": ("persistent", ":"),
    "yours": ("gates", "-"),
    "the book's": ("slow", "--"),
}


def _holds(errors: Any) -> int:
    """How many rates lie below the first one that breaks."""
    broken = ~np.isfinite(np.asarray(errors, dtype=float))
    return int(broken.argmax()) if broken.any() else len(broken)


def edges(
    theta: Any,
    curves: Mapping[str, Any],
    *,
    alt: str,
    low: float = LOW,
    dark: bool | None = None,
) -> Picture:
    """The error for every rate; each curve ends with a cross at the last rate that holds."""
    theta = np.asarray(theta, dtype=float)
    with picture(alt, 6.6, 3.4, dark) as figure:
        axes = figure.subplots()
        axes.set(xscale="log", yscale="log", ylim=(low, HIGH))
        looks = zip(shades(len(curves), dark), LINES * len(curves), strict=False)
        for (name, y), (colour, line) in zip(curves.items(), looks, strict=False):
            count = _holds(y)
            if not count:
                continue
            x, y = theta[:count], np.asarray(y, dtype=float)[:count].clip(low, HIGH)
            axes.plot(x, y, color=colour, ls=line, marker=".")
            if count < len(theta):
                axes.plot(x[-1:], y[-1:], color=colour, marker="x", ms=9, mew=2.2, ls="none")
            look = {"textcoords": "offset points", "fontsize": 9, "color": colour}
            look["bbox"] = {"fc": axes.get_facecolor(), "ec": "none", "pad": 1, "alpha": 0.85}
            axes.annotate(name, (x[-1], y[-1]), (6, 8), **look)
        axes.set(
            xlabel="write rate θ, in units of 1/|h|² (×: the last rate that holds)",
            ylabel="error after the last round",
            xlim=(theta[0] * 0.95, theta[-1] * 1.6),
        )
        marks = [rate for rate in (0.05, 0.1, 0.2, 0.5, 1, 2, 4) if theta[0] <= rate <= theta[-1]]
        axes.set_xticks(marks, [f"{mark:g}" for mark in marks])
        axes.set_xticks([], minor=True)
        axes.grid(axis="y")
    return figure


def edges_told(theta: Any, curves: Mapping[str, Any]) -> str:
    """In words: where each memory is best, and how far it holds."""
    told = []
    for name, y in curves.items():
        count, y = _holds(y), np.asarray(y, dtype=float)
        if not count:
            told.append(f"{name} breaks at every rate")
            continue
        best = int(y[:count].argmin())
        told.append(
            f"{name} is best at {theta[best]:.2f}, with {y[best]:.2f}, and holds up to "
            f"{theta[count - 1]:.2f}"
        )
    return f"The error of memories against the write rate, on logarithmic axes. {'; '.join(told)}."


def rates(
    found: Mapping[str, Mapping[str, Read]],
    stream: str,
    *,
    alt: str,
    dark: bool | None = None,
) -> Picture:
    """The rates that were taken in one stream, and below the errors, with their ends."""
    with picture(alt, 7.0, 4.6, dark) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True)
        for place, (name, ways) in enumerate(found.items()):
            one, (role, line) = ways[stream], ROLES[name]
            look = {"color": style.colour(role, dark), "ls": line, "lw": 1.4}
            tokens = np.arange(1, len(one.theta) + 1)
            upper.plot(tokens, np.maximum(one.theta, 1e-6), **look)
            lower.plot(tokens, np.clip(one.error, 1e-4, 1e3), **look)
            words = f"{name}: {_ends(one)}"
            spot = {"transform": lower.transAxes, "ha": "left", "va": "bottom", "fontsize": 9}
            lower.text(0.02 + 0.33 * place, 1.02, words, color=look["color"], **spot)
        upper.set(yscale="log", ylabel="write rate θ")
        upper.set_title(f"the {stream} stream", fontsize=9)
        lower.set(yscale="log", ylabel="error", xlabel="token")
        for axes in (upper, lower):
            axes.grid(axis="y")
    return figure


def _ends(one: Read) -> str:
    return (
        f"broken at token {len(one.theta) + 1}"
        if one.end >= BROKEN
        else f"{one.end:.2f} in the end"
    )


def rates_told(found: Mapping[str, Mapping[str, Read]], stream: str) -> str:
    """In words: the rates of each way, and its error in the end."""
    told = []
    for name, ways in found.items():
        one = ways[stream]
        span = f"{min(one.theta):.2g} to {max(one.theta):.2g}" if one.theta else "none"
        told.append(f"{name}: rates from {span}, error {_ends(one)}")
    return f"Write rates and errors over the tokens of the {stream} stream. {'; '.join(told)}."
