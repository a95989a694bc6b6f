"""How far answers look, as curves over the distance: the future on the left, the past on the right.

A value of 0 cannot stand on a logarithmic axis, so a curve has a gap where nothing is moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from titans_book.lab.pictures import style
from titans_book.lab.pictures.picture import Picture, picture

__all__ = ["distances", "distances_told"]

WIDEST = 3  # panels in a row


def _back(curve: Any) -> np.ndarray:
    """How far back each number of a curve is, the farthest future first."""
    return np.arange(len(curve)) - len(curve) // 2


def distances(curves: Mapping[str, Any], *, alt: str, dark: bool | None = None) -> Picture:
    """A panel for each curve, (2T - 1,) each, from the farthest future to the farthest past."""
    columns = min(WIDEST, len(curves))
    rows = -(-len(curves) // columns)
    with picture(alt, 7.6, 0.4 + 1.8 * rows, dark) as figure:
        panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for axes in panels.flat[len(curves) :]:
            axes.set_visible(False)
        for axes, (name, curve) in zip(panels.flat, curves.items(), strict=False):
            heights, back = np.asarray(curve, dtype=float), _back(curve)
            heights = np.where(heights > 0, heights, np.nan)
            past, future = back >= 0, back < 0
            known, leak = style.colour("attention", dark), style.colour("surprise", dark)
            axes.axvspan(back[0] - 0.5, -0.5, color=leak, alpha=0.08, lw=0)
            axes.bar(back[past], heights[past], 0.8, color=known)
            axes.bar(back[future], heights[future], 0.8, color=leak, hatch="///")
            axes.set_yscale("log")
            axes.set_title(name, loc="center", fontsize=9)
        for axes in panels[-1]:
            axes.set_xlabel("tokens back (left of 0: the future)", fontsize=8)
        panels[0, 0].set_ylabel("influence", fontsize=9)
    return figure


def distances_told(curves: Mapping[str, Any]) -> str:
    """For each curve how far it looks, back and ahead."""
    told = []
    for name, curve in curves.items():
        back = _back(curve)[np.asarray(curve) > 0]
        ahead = int(max(0, -back.min())) if len(back) else 0
        past = int(max(0, back.max())) if len(back) else 0
        told.append(f"{name}: {past} tokens back and {ahead} ahead")
    return f"How far an answer looks, in a mean over all answers. {'; '.join(told)}."
