"""Curves of one role in several shades, each with its name at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb

from titans_book.lab.pictures import style
from titans_book.lab.pictures.picture import Picture, picture

__all__ = ["LINES", "shaded", "shades"]

LINES = ("-", "--", "-.", ":")
APART = 11  # points between two names


def shades(count: int, dark: bool | None, role: str = "fast") -> list[tuple[float, ...]]:
    """From the colour of a role, fast memory's as a rule, towards the page's ink."""
    base = np.array(to_rgb(style.colour(role, dark)))
    ink = np.ones(3) if style.is_dark(dark) else np.zeros(3)
    return [tuple(base + share * (ink - base)) for share in np.linspace(0, 0.75, count)]


def _colours(names: Sequence[str], role: str | Mapping[str, str], dark: bool | None) -> list:
    """A colour for each name: the shades of one role, or of the role that each of them has."""
    roles = [role if isinstance(role, str) else role[name] for name in names]
    left = {one: iter(shades(roles.count(one), dark, one)) for one in set(roles)}
    return [next(left[one]) for one in roles]


def _ends(x: np.ndarray, y: np.ndarray, limits: tuple[float, float] | None) -> int:
    """The last sample of a curve that is in the picture."""
    seen = (y >= limits[0]) & (y <= limits[1]) if limits else np.isfinite(y)
    return int(np.flatnonzero(seen)[-1]) if seen.any() else len(x) - 1


def shaded(
    x: Any,
    curves: Mapping[str, Any],
    *,
    alt: str,
    xlabel: str = "",
    ylabel: str = "",
    limits: tuple[float, float] | None = None,
    levels: Mapping[str, float] | None = None,
    log: str = "",
    markers: bool = True,
    ticks: bool = False,
    whole: bool = False,
    role: str | Mapping[str, str] = "fast",
    dark: bool | None = None,
) -> Picture:
    """Curves by name over the same x, (n,) each; levels are horizontal lines to compare with.

    log: "x", "y" or "xy". ticks: whether every x is named below the axis; whole: only whole
    numbers are. role: whose colour, for all curves or for each name.
    """
    x = np.asarray(x, dtype=float)
    with picture(alt, 6.4, 3.3, dark) as figure:
        axes = figure.subplots()
        axes.set_xscale("log") if "x" in log else None
        axes.set_yscale("log") if "y" in log else None
        looks = zip(_colours(list(curves), role, dark), LINES * len(curves), strict=False)
        for (_, y), (colour, line) in zip(curves.items(), looks, strict=False):
            axes.plot(x, np.asarray(y), color=colour, ls=line, marker="o" if markers else None)
        for words, level in (levels or {}).items():
            axes.axhline(level, color=style.colour("persistent", dark), lw=0.9)
            place = {"xy": (0.005, level), "xycoords": ("axes fraction", "data")}
            axes.annotate(words, xytext=(0, 2), textcoords="offset points", fontsize=8, **place)
        axes.set(xlabel=xlabel, ylabel=ylabel)
        axes.set_ylim(limits) if limits else None
        if ticks:
            axes.set_xticks(x, [f"{value:g}" for value in x])
            axes.set_xticks([], minor=True)
        elif whole:
            axes.locator_params(axis="x", integer=True)
        axes.grid(axis="y")
        _name(axes, x, curves, limits)
    return figure


def _name(axes: Any, x: np.ndarray, curves: Mapping[str, Any], limits: Any) -> None:
    """The name of each curve at its end, one below the other where two curves end alike."""
    scale, taken = 72 / axes.figure.dpi, []
    for line, (name, y) in zip(axes.get_lines(), curves.items(), strict=False):
        heights = np.asarray(y, dtype=float)
        end = _ends(x, heights, limits)
        at = axes.transData.transform((x[end], heights[end])) * scale
        down = 0
        while any(
            abs(at[1] - down - other[1]) < APART and abs(at[0] - other[0]) < 60 for other in taken
        ):
            down += APART
        taken.append((at[0], at[1] - down))
        look = {"textcoords": "offset points", "fontsize": 9, "va": "center"}
        axes.annotate(name, (x[end], heights[end]), (7, -down), color=line.get_color(), **look)
