"""Masks side by side as still pictures: what is seen is filled, what is heard of has a dot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from matplotlib.colors import ListedColormap

from titans_book.book.ch08.who_sees import heard
from titans_book.lab.pictures import style
from titans_book.lab.pictures.picture import Picture, picture

__all__ = ["masks", "masks_told"]


def masks(
    shown: Mapping[str, Any], *, alt: str, layers: int = 1, dark: bool | None = None
) -> Picture:
    """Masks by their titles, (rows, columns) of bool each. layers: how many, for the dots."""
    with picture(alt, 0.4 + 2.5 * len(shown), 2.9, dark) as figure:
        row = figure.subplots(1, len(shown), squeeze=False)[0]
        for axes, (title, mask) in zip(row, shown.items(), strict=True):
            mask = torch.as_tensor(mask).bool()
            colours = [axes.get_facecolor(), style.colour("attention", dark)]
            grid = mask.int().numpy()
            lines = {"edgecolors": "#8a8a8a", "linewidth": 0.4}
            axes.pcolormesh(grid, cmap=ListedColormap(colours), vmin=0, vmax=1, **lines)
            if layers > 1:
                i, j = (heard(mask, layers) & ~mask).nonzero().unbind(1)
                axes.plot(j + 0.5, i + 0.5, "o", ms=3, color=style.colour("slow", dark))
            axes.invert_yaxis()
            axes.set(xticks=[], yticks=[], xlabel="seen", aspect="equal")
            axes.set_title(title, loc="center", fontsize=9)
        row[0].set_ylabel("looks")
    return figure


def masks_told(shown: Mapping[str, Any], **_: Any) -> str:
    """Each mask by what its rows see."""
    told = []
    for title, mask in shown.items():
        seen = np.asarray(mask).sum(1).tolist()
        told.append(f"{title}: the rows see {', '.join(map(str, seen))} columns")
    return f"Masks, a row for each word that looks. {'; '.join(told)}."
