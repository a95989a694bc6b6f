"""Curves in a frame, as a few kilobytes of SVG: what predictions are drawn with.

Text and axes take the colour of the page, so the same string serves light and dark.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from titans_book.lab.pictures import style
from titans_book.lab.pictures.traces import number, points

__all__ = ["Frame", "curve", "dashes", "spoken"]

_MOST = 240  # samples that are drawn
_DASHES = {"-": "", "--": "8 4", ":": "2 3.5", "-.": "8 3.5 2 3.5"}
_FONT = "font:12px var(--jp-ui-font-family,system-ui,sans-serif);fill:currentColor"


def curve(x: Any, y: Any, limits: tuple[float | int, float | int]) -> tuple[np.ndarray, np.ndarray]:
    """x and y as float64 arrays, or ValueError: a curve that cannot be drawn within the limits.

    x must grow from sample to sample; y must be finite and lie within limits = (low, high).
    """
    x, y = (np.asarray(v.detach().cpu() if hasattr(v, "detach") else v, float) for v in (x, y))
    if x.ndim != 1 or len(x) < 2 or not np.isfinite(x).all() or (np.diff(x) <= 0).any():
        raise ValueError("x must be two or more numbers, each larger than the one before")
    if y.shape != x.shape:
        raise ValueError(f"the curve has shape {y.shape}, but x has {x.shape}")
    low, high = limits
    if not low < high:
        raise ValueError(f"limits={limits}: the first must be smaller than the second")
    if not (np.isfinite(y).all() and y.min() >= low and y.max() <= high):
        span = f"from {number(y.min())} to {number(y.max())}"
        raise ValueError(f"limits={limits} do not hold the curve: it goes {span}")
    return x, y


def dashes(role: str) -> str:
    """The SVG dash pattern of a role's line style.

    >>> dashes("fast")
    '8 4'
    """
    return _DASHES[style.role(role).line]


def spoken(x: Any, y: Any) -> str:
    """A curve in words, for who cannot see it.

    >>> spoken([0, 2], [1.0, 0.5])
    '1 at 0, 0.5 at 2'
    """
    return ", ".join(f"{number(float(b))} at {number(float(a))}" for a, b in zip(x, y, strict=True))


def _ticks(low: float, high: float, most: int) -> list[float]:
    ticks = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    slack = 1e-9 * (high - low)
    return [float(tick) + 0.0 for tick in ticks if low - slack <= tick <= high + slack]


@dataclass(frozen=True)
class Frame:
    """The field that curves are drawn in; sizes in pixels, x and y as (first, last)."""

    x: tuple[float, float]
    y: tuple[float, float]
    width: int = 540
    height: int = 300
    left: int = 52
    right: int = 20
    top: int = 34
    bottom: int = 52
    ticks: int = 5

    @property
    def room(self) -> int:
        """The height of the field itself."""
        return self.height - self.top - self.bottom

    def across(self, x: Any) -> np.ndarray:
        """Pixels from the left edge."""
        share = (np.asarray(x, float) - self.x[0]) / (self.x[1] - self.x[0])
        return np.asarray(self.left + share * (self.width - self.left - self.right))

    def down(self, y: Any) -> np.ndarray:
        """Pixels from the upper edge."""
        share = (np.asarray(y, float) - self.y[0]) / (self.y[1] - self.y[0])
        return np.asarray(self.height - self.bottom - share * self.room)

    def line(self, x: np.ndarray, y: np.ndarray, colour: str, dash: str = "") -> str:
        """A curve."""
        keep = np.unique(np.linspace(0, len(x) - 1, min(len(x), _MOST)).round().astype(int))
        path = points(self.across(x[keep]), self.down(y[keep]))
        return (
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.4"'
            f' stroke-linejoin="round" stroke-dasharray="{dash}"/>'
        )

    def key(self, entries: list[tuple[str, str, str]]) -> str:
        """The legend, from the right edge: (words, colour, dash pattern) of each curve."""
        right, parts = self.width - self.right, []
        for words, colour, dash in reversed(entries):
            parts.append(f'<text x="{right}" y="16" text-anchor="end">{escape(words)}</text>')
            right -= 7 * len(words) + 10
            parts.append(
                f'<line x1="{right - 30:.0f}" x2="{right:.0f}" y1="12" y2="12" stroke="{colour}"'
                f' stroke-width="2.4" stroke-dasharray="{dash}"/>'
            )
            right -= 50
        return "".join(parts)

    def svg(
        self, body: str, *, alt: str, xlabel: str = "", ylabel: str = "", drag: bool = False
    ) -> str:
        """The whole drawing: axes, their names, and the curves in `body`.

        drag: whether the pointer moves the sliders of `draggable`.
        """
        middle = (self.left + self.width - self.right) / 2
        names = (
            f'<text x="4" y="16" opacity=".85">{escape(ylabel)}</text><text x="{middle:.0f}"'
            f' y="{self.height - 6}" text-anchor="middle" opacity=".85">{escape(xlabel)}</text>'
        )
        return (
            f'<svg viewBox="0 0 {self.width} {self.height}" width="{self.width}"'
            f' height="{self.height}" style="display:block;{_FONT}" role="img"'
            f' aria-label="{escape(alt)}"{self._field() if drag else ""}>'
            f"{names}{self._grid()}{body}</svg>"
        )

    def _field(self) -> str:
        """For drag.js: the corners of the field, in pixels and in the units of the axes."""
        corners = (self.left, self.top, self.width - self.right, self.height - self.bottom)
        units = (self.x[0], self.y[0], self.x[1], self.y[1])
        return f' data-drag="{" ".join(f"{value:g}" for value in (*corners, *units))}"'

    def _grid(self) -> str:
        right, base = self.width - self.right, self.height - self.bottom
        parts = []
        for tick in _ticks(*self.y, self.ticks):
            y, faint = float(self.down(tick)), 0.6 if tick in (0, self.y[0]) else 0.16
            parts.append(
                f'<line x1="{self.left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"'
                f' stroke="currentColor" stroke-opacity="{faint}"/><text x="{self.left - 13}"'
                f' y="{y + 4:.1f}" text-anchor="end" opacity=".85">{number(tick)}</text>'
            )
        for tick in _ticks(*self.x, self.ticks):
            parts.append(
                f'<text x="{float(self.across(tick)):.1f}" y="{base + 24}" text-anchor="middle"'
                f' opacity=".85">{number(tick)}</text>'
            )
        return "".join(parts)
