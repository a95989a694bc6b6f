"""The pictures of chapter 09 and what is guessed in it, by name: words, labels, answers.

The words that describe a picture are made of what is drawn, so they stay true when a learner has
changed a number, and when the recorded comparison is made again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from titans_book.book.ch09 import wiring_figures
from titans_book.book.ch09.distances import distances, distances_told
from titans_book.comparison import interval
from titans_book.lab.learning.guess import Lineup
from titans_book.lab.pictures import comparison_figures, figures
from titans_book.lab.pictures.curves import spoken
from titans_book.lab.pictures.picture import Drawing, Picture

__all__ = ["PICTURES"]

MOST = 6  # heights of a curve that are told


def _places(by_place: Any) -> tuple[Any, dict[str, Any]]:
    """Three curves of the share of coins that is called right, of which one was measured."""
    found = np.asarray(by_place)
    even = np.full(len(found), found.mean())
    growing = np.linspace(0.5, 1, len(found))
    return np.arange(1, len(found) + 1), {"even": even, "borders": found, "growing": growing}


def _ahead(grid: Any) -> int:
    """The cells of a map that are in the future and not 0."""
    return int((np.triu(np.asarray(grid), 1) != 0).sum())


def _maps_told(maps: Mapping[str, Any], **_: Any) -> str:
    told = []
    for name, grid in maps.items():
        far = int((np.tril(np.asarray(grid), -8) > 1e-9).sum())
        told.append(f"{name}: {_ahead(grid)} cells of the future and {far} far back are not 0")
    return f"Maps of who moves whom, a row for each answer. {'; '.join(told)}."


def _masks_told(shown: Mapping[str, Any]) -> str:
    told = []
    for name, (mask, _) in shown.items():
        seen = np.asarray(mask).sum(1).tolist()
        told.append(f"{name}: the rows see {', '.join(map(str, seen))} columns")
    return f"Masks, rows ask and columns answer. {'; '.join(told)}."


def _grids(found: Mapping[str, Any], depths: Any, lengths: Any, *, alt: str) -> Picture:
    """The share found of each model, by depth and length."""
    shares = np.stack([np.asarray(grid) for grid in found.values()])
    cells = ([str(depth) for depth in depths], [str(length) for length in lengths])
    look = {"xlabel": "tokens read", "ylabel": "depth", "cells": cells, "titles": list(found)}
    return figures.heatmap(shares, kind="magnitude", limit=1.0, alt=alt, **look)


def _grids_told(found: Mapping[str, Any], depths: Any, lengths: Any) -> str:
    told = []
    for name, grid in found.items():
        rows = [
            f"depth {depth}: {', '.join(f'{share:.2f}' for share in row)}"
            for depth, row in zip(depths, np.asarray(grid).tolist(), strict=True)
        ]
        told.append(f"{name}: {'; '.join(rows)}")
    return f"The share of needles that are found, for growing lengths. {'. '.join(told)}."


def _guests(curves: Mapping[str, Any], *, alt: str, **look: Any) -> Picture:
    shown = {name: np.asarray(errors) for name, errors in curves.items()}
    at = np.arange(1, len(next(iter(shown.values()))) + 1)
    kinds = ("attention", "fast", "slow", "gates")
    roles = dict(zip(shown, kinds, strict=False))
    return figures.lines(at, shown, roles=roles, markers=6, alt=alt, **look)


def _guests_told(curves: Mapping[str, Any]) -> str:
    told = []
    for name, errors in curves.items():
        errors = np.asarray(errors)
        few = np.unique(np.linspace(0, len(errors) - 1, MOST).round().astype(int))
        told.append(f"{name}: {spoken(few + 1, errors[few].round(2) + 0.0)}")
    return f"The error by how many guests ago somebody came. {'; '.join(told)}."


def _record_told(what: str) -> Callable[..., str]:
    """Words for a comparison: the mean of each model at each length."""

    def words(record: Mapping[str, Any], trial: str) -> str:
        told: dict[str, list[str]] = {}
        for model, length, scores in _all_scores(record, trial):
            middle = interval(scores)[0]
            told.setdefault(model, []).append(f"{middle:.2f} at {length}")
        each = "; ".join(f"{model} {', '.join(values)}" for model, values in told.items())
        return f"{what} {each}."

    return words


def _all_scores(record: Mapping[str, Any], trial: str) -> list[tuple[str, int, list[float]]]:
    rows = [row for row in record["rows"] if row["trial"] == trial]
    models = dict.fromkeys(row["model"] for row in rows)
    lengths = sorted({length for row in rows for length in row["scores"]}, key=int)
    return [
        (model, int(length), [r["scores"][length] for r in rows if r["model"] == model])
        for model in models
        for length in lengths
    ]


PICTURES = (
    Lineup(
        "09.where",
        curves=_places,
        right="borders",
        because={
            "even": "That would be a model that sees the next coin everywhere. This one does not: "
            "in two places it is as blind as you and me.",
            "borders": "At places 8 and 16 it has to guess. There its segment ends, and the next "
            "coin is not in it. So what leaks is something that all rows of a segment share.",
            "growing": "That would be a model that learns from past coins. There is nothing to "
            "learn from them.",
        },
        role="attention",
        limits=(0.4, 1.05),
        xlabel="place",
        ylabel="share right",
        alt="Three curves of the share of coins called right at 16 places, A to C",
    ),
    Drawing(
        "09.wirings",
        wiring_figures.wirings,
        alt="Three diagrams from below. MAC: a segment S, and what the memory recalls for it, go "
        "with P into attention; the memory reads attention's answer y, and its answer gates y. "
        "MAG: P and x go into a window and into the memory, side by side; a gate joins them. "
        "MAL: P and x go into the memory, then into a window, each with the tokens added.",
    ),
    Drawing("09.masks", wiring_figures.mask_pictures, alt=_masks_told),
    Drawing("09.maps", wiring_figures.influence_maps, alt=_maps_told),
    Drawing("09.distances", distances, alt=distances_told),
    Drawing("09.needles", _grids, alt=_grids_told),
    Drawing(
        "09.guests",
        _guests,
        alt=_guests_told,
        limits=(0, 1.6),
        levels={"silence": 1.0},
        xlabel="guests ago",
        ylabel="error",
    ),
    Drawing(
        "09.lengths",
        wiring_figures.four_lengths,
        alt="Stripes over 32 tokens. A batch is two such stripes, each with a memory of its own; a "
        "sequence is one; a segment of MAC is half of it; a window is eight tokens that end at "
        "one token; a chunk is four tokens whose gradients are taken at one memory.",
    ),
    Drawing(
        "09.compared",
        comparison_figures.comparison,
        alt=_record_told("The mean score of each model, by the number of tokens read."),
    ),
    Drawing(
        "09.on_the_way",
        comparison_figures.comparison_curves,
        alt=_record_told("Scores on the way over steps and over seconds; at the end they are:"),
    ),
)
