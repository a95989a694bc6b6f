"""How a stream was cut: the gauge of each chunk over the tokens, for several ways side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from titans_book.book.ch06 import streams
from titans_book.book.ch06.alike import Text
from titans_book.lab.pictures import style
from titans_book.lab.pictures.picture import Picture, picture
from titans_book.memory.stability import BOUND

__all__ = ["cuts", "cuts_in_words"]

TOP = 4.0  # of the gauge


def _summary(told: Text, lengths: Sequence[int]) -> str:
    error = float(streams.trace(told, lengths)[-1])
    shown = f"{error:.3f}" if error < 10 else "above 10"
    return f"{len(lengths)} steps, error at the end {shown}"


def cuts_in_words(told: Text, ways: Mapping[str, Sequence[int]], **_: Any) -> str:
    """The picture in words."""
    parts = []
    for name, lengths in ways.items():
        found = streams.levels(told, lengths)
        above = sum(level > BOUND for level in found)
        parts.append(f"{name}: {_summary(told, lengths)}, {above} chunks with a gauge above 2")
    return f"The gauge of each chunk over the tokens of a stream, row by row. {'; '.join(parts)}."


def cuts(
    told: Text, ways: Mapping[str, Sequence[int]], *, alt: str, dark: bool | None = None
) -> Picture:
    """A row for each way: a bar for each chunk, as wide as it is long and as high as its gauge."""
    with picture(alt, 7.2, 0.5 + 1.25 * len(ways), dark) as figure:
        rows = figure.subplots(len(ways), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (name, lengths) in zip(rows, ways.items(), strict=True):
            start, ink = 0, axes.xaxis.label.get_color()
            for b, level in zip(lengths, streams.levels(told, lengths), strict=True):
                role = "surprise" if level > BOUND else "gates"
                look = {"color": style.colour(role, dark), "edgecolor": axes.get_facecolor()}
                hatch = "///" if level > BOUND else ""
                axes.bar(
                    start, min(level, TOP), b, align="edge", linewidth=0.8, hatch=hatch, **look
                )
                start += b
            axes.axhline(BOUND, color=ink, linewidth=1.2)
            axes.set(ylim=(0, TOP), xlim=(0, len(told.k)), yticks=[0, 2, 4], ylabel="gauge")
            axes.set_title(f"{name}: {_summary(told, lengths)}", fontsize=9)
        rows[-1].set_xlabel("token")
    return figure
