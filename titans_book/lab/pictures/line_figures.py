"""Several curves over one axis: what an experiment measured, as a still picture.

Each curve has a line style and a marker of its own, so curves of one role, and so of one colour,
stay apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from titans_book.lab.pictures import style
from titans_book.lab.pictures.picture import Picture, picture
from titans_book.lab.pictures.pixels import array

__all__ = ["lines"]


def _looks(roles: Iterable[str], dark: bool | None) -> Iterator[dict]:
    """A look for each curve: the role's own first; the next one of that role has another's line."""
    seen: Counter[str] = Counter()
    others = [(role.line, role.marker) for role in style.ROLES.values()]
    for role in roles:
        own = (style.role(role).line, style.role(role).marker)
        choice = list(dict.fromkeys([own, *others]))
        line, marker = choice[seen[role] % len(choice)]
        seen[role] += 1
        yield {"color": style.colour(role, dark), "linestyle": line, "marker": marker}


def lines(
    x: Any,
    curves: Mapping[str, Any],
    *,
    alt: str,
    xlabel: str = "",
    ylabel: str = "",
    roles: str | Mapping[str, str] = "fast",
    levels: Mapping[str, float | int] | None = None,
    limits: tuple[float | int, float | int] | None = None,
    log: str = "",
    markers: int = 1,
    width: float | int = 6.2,
    height: float | int = 3.3,
    dark: bool | None = None,
) -> Picture:
    """Curves by name over the same x.

    curves: (n,) each, beside x: (n,). roles: one for all, or one for each name. levels: horizontal
    lines to compare with, by what they mean. limits: of the heights. log: "x", "y" or "xy".
    markers: a marker at every so many points.

    >>> lines([1, 2], {"delta": [0.0, 0.5]}, alt="The error grows.").alt
    'The error grows.'
    """
    x, heights = array(x), {name: array(values) for name, values in curves.items()}
    if wrong := {name: values.shape for name, values in heights.items() if values.shape != x.shape}:
        raise ValueError(f"x has shape {x.shape}, but there are curves of other shapes: {wrong}")
    with picture(alt, width, height, dark) as figure:
        axes = figure.subplots()
        wears = [roles if isinstance(roles, str) else roles[name] for name in heights]
        for (name, values), look in zip(heights.items(), _looks(wears, dark), strict=True):
            axes.plot(x, values, label=name, markevery=markers, **look)
        for words, level in (levels or {}).items():
            axes.axhline(level, color=style.colour("persistent", dark), linewidth=0.9)
            place = {"xy": (0.005, level), "xycoords": ("axes fraction", "data")}
            axes.annotate(words, xytext=(0, 2), textcoords="offset points", fontsize=8, **place)
        axes.set(xlabel=xlabel, ylabel=ylabel)
        axes.set_ylim(limits) if limits else None
        whole = "x" not in log and bool((x % 1 == 0).all())
        axes.locator_params(axis="x", integer=True) if whole else None
        axes.set_xscale("log") if "x" in log else None
        axes.set_yscale("log") if "y" in log else None
        axes.grid(axis="y")
        axes.legend(handlelength=4)
    return figure
