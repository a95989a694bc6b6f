"""The still pictures of chapter 09: three wirings, masks, maps of influence, and four lengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import FancyBboxPatch

from titans_book.lab.pictures import style
from titans_book.lab.pictures.picture import Picture, picture
from titans_book.lab.pictures.pixels import array

__all__ = ["four_lengths", "influence_maps", "mask_pictures", "wirings"]

# Boxes of a wiring: words, role, x, y; and arrows between boxes by number.
_BOX = tuple[str, str, float, float]
DRAWN: dict[str, tuple[tuple[_BOX, ...], tuple[tuple[int, int], ...]]] = {
    "MAC: a context": (
        (("segment S", "", 0, 0), ("recall: h", "fast", -0.72, 1), ("P ‖ h ‖ S", "", 0, 2),
         ("attention y", "attention", 0, 3), ("memory reads y", "fast", 0.82, 4),
         ("gate", "gates", 0, 5)),
        ((0, 1), (1, 2), (0, 2), (2, 3), (3, 4), (3, 5), (4, 5)),
    ),
    "MAG: a gate": (
        (("P ‖ x", "", 0, 0.5), ("window: y", "attention", -0.62, 2.5),
         ("memory: m", "fast", 0.62, 2.5), ("gate", "gates", 0, 5)),
        ((0, 1), (0, 2), (1, 3), (2, 3)),
    ),
    "MAL: a layer": (
        (("P ‖ x", "", 0, 0.5), ("memory, + x", "fast", 0, 2), ("window, + x", "attention", 0, 3.5),
         ("out", "", 0, 5)),
        ((0, 1), (1, 2), (2, 3)),
    ),
}  # fmt: skip


def wirings(*, alt: str, dark: bool | None = None) -> Picture:
    """MAC, MAG and MAL from below: what reads what."""
    with picture(alt, 7.8, 3.6, dark) as figure:
        for axes, (name, (boxes, arrows)) in zip(figure.subplots(1, 3), DRAWN.items(), strict=True):
            axes.set(xlim=(-1.55, 1.55), ylim=(-0.5, 5.5))
            axes.axis("off")
            axes.set_title(name, fontsize=10)
            ink = axes.xaxis.label.get_color()
            for start, end in arrows:
                (_, _, x, y), (_, _, to_x, to_y) = boxes[start], boxes[end]
                look = {"arrowstyle": "-|>", "color": ink, "lw": 1.1}
                axes.annotate("", (to_x, to_y - 0.28), (x, y + 0.28), arrowprops=look)
            for words, role, x, y in boxes:
                _box(axes, words, style.colour(role, dark) if role else ink, x, y)
    return figure


def _box(axes: Axes, words: str, colour: str, x: float, y: float) -> None:
    half = 0.2 + 0.034 * len(words)
    look = {"boxstyle": "round,pad=0.02", "fc": axes.get_facecolor(), "ec": colour, "lw": 1.8}
    axes.add_patch(FancyBboxPatch((x - half, y - 0.25), 2 * half, 0.5, **look))
    axes.text(x, y, words, ha="center", va="center", fontsize=8.5)


def mask_pictures(
    pictures: Mapping[str, tuple[Any, Sequence[int]]], *, alt: str, dark: bool | None = None
) -> Picture:
    """Who sees whom: bool matrices by name, each with the widths of its blocks P, h and x.

    Two widths stand for P and x. A filled cell is visible; colour and a letter tell the blocks.
    """
    with picture(alt, 7.8, 2.6, dark) as figure:
        for axes, (name, (mask, widths)) in zip(
            np.atleast_1d(figure.subplots(1, len(pictures))), pictures.items(), strict=True
        ):
            names = ["P", "h", "x"] if len(widths) == 3 else ["P", "x"]
            roles = {"P": "persistent", "h": "fast", "x": "attention"}
            kinds = np.repeat(np.arange(1, len(widths) + 1), widths)
            grid = array(mask) * kinds
            colours = [axes.get_facecolor(), *(style.colour(roles[n], dark) for n in names)]
            axes.pcolormesh(
                grid, cmap=ListedColormap(colours), vmin=-0.5, vmax=len(widths) + 0.5,
                edgecolors="#8a8a8a", linewidth=0.4,
            )  # fmt: skip
            axes.invert_yaxis()
            axes.set_aspect("equal")
            axes.set(xticks=[], yticks=[], ylabel="row")
            axes.set_title(name, fontsize=9, loc="center")
            for n, end, width in zip(names, np.cumsum(widths), widths, strict=True):
                axes.text(end - width / 2, len(grid) + 0.25, n, ha="center", va="top", fontsize=9)
    return figure


def influence_maps(
    maps: Mapping[str, Any], *, alt: str, span: int = 0, dark: bool | None = None
) -> Picture:
    """How much output t (down) owes to token s (across), side by side on one logarithmic scale.

    A dot marks what lies above the diagonal and is not 0: the future. span: lines at every so many.
    """
    with picture(alt, 1.95 * len(maps) + 0.4, 2.5, dark) as figure:
        row = np.atleast_1d(figure.subplots(1, len(maps)))
        for axes, (name, values) in zip(row, maps.items(), strict=True):
            grid = array(values)
            shown = np.where(grid > 1e-9, np.log10(np.maximum(grid, 1e-9)), np.nan)
            image = axes.imshow(shown, cmap=style.map_name("magnitude"), vmin=-5, vmax=1)
            axes.set_facecolor("#d8d8d8" if not style.is_dark(dark) else "#2c2c2c")
            for t, s in np.argwhere((grid != 0) & (np.tri(len(grid)) == 0)):  # not even 1e-12
                axes.plot(s, t, "o", color="#D55E00", markersize=3.6, markeredgecolor="#ffffff")
            for border in range(span, len(grid), span or len(grid)):
                axes.axvline(border - 0.5, color="#ffffff", linewidth=0.5)
                axes.axhline(border - 0.5, color="#ffffff", linewidth=0.5)
            axes.set(xticks=[], yticks=[], xlabel="token s")
            axes.set_title(name, fontsize=9, loc="center")
        row[0].set_ylabel("output t")
        bar = figure.colorbar(image, ax=row, fraction=0.05, pad=0.01, shrink=0.9)
        bar.set_ticks([-5, -2, 1], labels=["0.00001", "0.01", "10"])
        bar.outline.set_visible(False)
    return figure


def four_lengths(*, alt: str, dark: bool | None = None) -> Picture:
    """Sequence, segment, window and chunk of one batch of two texts of 32 tokens."""
    rows = (
        ("batch: 2 texts, each with a memory of its own", "slow", 32, 2),
        ("sequence: 32 tokens, read in one call or in many", "slow", 32, 1),
        ("segment C = 16: what MAC's attention sees at once", "attention", 16, 1),
        ("window w = 8 of one token: MAG, MAL", "attention", 8, 1),
        ("chunk b = 4: gradients taken at one memory", "fast", 4, 1),
    )
    with picture(alt, 7.4, 3.0, dark) as figure:
        axes = figure.subplots()
        axes.axis("off")
        axes.set(xlim=(-0.3, 32.3), ylim=(-0.2, 9.3))
        ink, y = axes.xaxis.label.get_color(), 8.6
        for words, role, width, copies in rows:
            colour = style.colour(role, dark)
            for copy in range(copies):
                starts = [17] if width == 8 else range(0, 32, width)
                for start in starts:
                    low = y - 0.55 * (copy + 1)
                    box = FancyBboxPatch((start + 0.08, low), width - 0.16, 0.42,
                                         boxstyle="round,pad=0,rounding_size=0.1", fc=colour,
                                         alpha=0.55, ec=colour, lw=1.4)  # fmt: skip
                    axes.add_patch(box)
            axes.text(0, y + 0.02, words, fontsize=8.5, va="bottom", color=ink)
            y -= 1.25 + 0.55 * copies
    return figure
