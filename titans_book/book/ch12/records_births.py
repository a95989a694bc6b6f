"""Births a day ahead, as they were forecast beforehand: a table and a map of who says what.

    record["births"]    past, alone, own rates, searched -> way to learn -> error, shares and more

See records.py. Nothing is trained here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from titans_book.book.ch12.records import table
from titans_book.lab.pictures import figures
from titans_book.lab.pictures.picture import Picture, Words

__all__ = ["births_table", "shares_map", "shares_told"]

PARTS = ("week", "year", "trend")
Record = Mapping[str, Any]


def _births(record: Record, rates: str) -> dict[str, Any]:
    parts = record["births"]
    return {**parts["past"], **parts["alone"], **parts[rates]}


def births_table(record: Record, rates: str = "searched", *, alt: str | None = None) -> Words:
    """The error a day ahead, and of a year in which nothing is learned."""
    found = _births(record, rates)
    rows = [
        [name, one["error"], one.get("frozen", ""), one.get("frozen_fast_wiped", "")]
        for name, one in found.items()
    ]
    told = "; ".join(f"{name} {one['error']:.2f}" for name, one in found.items())
    alt = alt or f"Errors of forecasts a day ahead, a row each: {told}."
    head = ["births a day ahead", "error", "1988, nothing learned", "and the fast level wiped"]
    return table(record, head, rows, alt)


def _together(record: Record, rates: str) -> dict[str, np.ndarray]:
    """level x part, how much of it the level says, of every way with several levels."""
    return {name: np.array(one["shares"]) for name, one in record["births"][rates].items()}


def shares_told(record: Record, rates: str = "own rates") -> str:
    """The map of births in words: the level that says most of every part."""
    names = [f"C = {pace}" for pace in record["settings"]["year_paces"]]
    told = []
    for way, shares in _together(record, rates).items():
        most = (f"{part} {names[n]}" for part, n in zip(PARTS, shares.argmax(0), strict=True))
        told.append(f"{way}: {', '.join(most)}")
    return (
        "A matrix for each way to learn, a row for each level and a column for week, year and "
        f"trend: the share of it that the level says. Most of each is said by: {'; '.join(told)}."
    )


def shares_map(
    record: Record, rates: str = "own rates", *, alt: str | None = None, **look: Any
) -> Picture:
    """How much of the week, the year and the trend of the births every level says."""
    ways = _together(record, rates)
    names = [f"C = {pace}" for pace in record["settings"]["year_paces"]]
    return figures.heatmap(
        np.array(list(ways.values())), alt=alt or shares_told(record, rates), limit=1.0,
        titles=list(ways), cells=(names, PARTS), width=7.4, **look,
    )  # fmt: skip
