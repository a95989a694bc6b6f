"""Two pictures of chapter 14: what a switch brings back, and what each hunter has found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from titans_book.book.ch14.pictures import cells
from titans_book.book.ch14.suspects import LENGTH, Hunted, cases
from titans_book.lab.pictures import style
from titans_book.lab.pictures.picture import Drawing, Picture, picture

__all__ = ["HUNT"]


def _switches(
    found: Mapping[str, Mapping[str, float]], *, alt: str, dark: bool | None = None
) -> Picture:
    """A row for each model, a column for what was switched off."""
    names = list(next(iter(found.values())))
    with picture(alt, 6.4, 0.9 + 0.55 * len(found), dark) as figure:
        axes = figure.subplots()
        table = np.array([[row[name] for name in names] for row in found.values()])
        cells(axes, table, list(found), names)
        axes.set(xlabel="switched off in the hay that counts")
    return figure


def _switches_told(found: Mapping[str, Mapping[str, float]]) -> str:
    told = [
        f"{name}: " + ", ".join(f"{share:.1f} with {what} off" for what, share in row.items())
        for name, row in found.items()
    ]
    return f"The share of needles found with gates switched off in the hay. {'; '.join(told)}."


def _hunts(found: Mapping[str, Hunted], *, alt: str, dark: bool | None = None) -> Picture:
    """For each text a band where switching off is cheapest, and a bar for each hunter's stretch."""
    texts, looks = cases(), _looks(dark)
    with picture(alt, 7.0, 0.9 + 0.62 * len(texts), dark) as figure:
        axes = figure.subplots()
        ink = axes.xaxis.label.get_color()
        for row, case in enumerate(texts):
            first, last = case.stretch
            axes.barh(row, last - first, 0.86, left=first, color=ink, alpha=0.2)
            for place, (hunter, colour) in enumerate(zip(found.values(), looks, strict=False)):
                (start, stop), score = hunter.stretches[row], hunter.scores[row]
                y = row + 0.6 * ((place + 0.5) / len(found) - 0.5)
                axes.barh(y, max(stop - start, 0.3), 0.13, left=start, color=colour)
                axes.annotate(f"{score:.2f}", (stop, y), (3, 0), textcoords="offset points",
                              va="center", fontsize=7, color=colour)  # fmt: skip
        for name, colour in zip(found, looks, strict=False):
            axes.barh(np.nan, 1, color=colour, label=name)
        axes.barh(np.nan, 1, color=ink, alpha=0.2, label="the cheapest stretch")
        axes.legend(ncols=len(found) + 1, loc="lower center", bbox_to_anchor=(0.5, 1), fontsize=8)
        axes.set_yticks(range(len(texts)), [f"text {row + 1}" for row in range(len(texts))])
        axes.set(xlim=(0, LENGTH + 4), ylim=(len(texts) - 0.45, -0.55), xlabel="token")
    return figure


def _looks(dark: bool | None) -> list[Any]:
    """A colour for each hunter."""
    return [style.colour(role, dark) for role in ("slow", "fast", "attention", "gates")]


def _hunts_told(found: Mapping[str, Hunted]) -> str:
    told = [
        f"{name} switches off " + ", ".join(f"{start} to {stop}" for start, stop in one.stretches)
        for name, one in found.items()
    ]
    best = ", ".join(f"{start} to {stop}" for start, stop in (case.stretch for case in cases()))
    return (
        f"The stretches of four texts that are switched off. Cheapest: {best}. {'; '.join(told)}."
    )


HUNT = (
    Drawing("14.switches", _switches, alt=_switches_told),
    Drawing("14.hunts", _hunts, alt=_hunts_told),
)
