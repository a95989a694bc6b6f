"""Lines in a few kilobytes of SVG: numbers over a passage, the loss over training.

SVG text takes the colour of the page, so the same string serves light and dark. Curves are drawn
once; revealing them up to a token only moves the edge of a clipping rectangle.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from titans_book.lab.pictures import style
from titans_book.lab.pictures.lines import Line, places
from titans_book.lab.pictures.pixels import array

__all__ = ["LineDrawing", "loss_drawing", "number", "points"]

_DASHES = ("", "7 3", "1.5 3")
_FONT = "font:11px var(--jp-ui-font-family,system-ui,sans-serif);fill:currentColor"


def number(value: float | int) -> str:
    """A number in three significant digits, without an exponent where a reader needs none.

    >>> number(0.01234), number(12345.6), number(0.0)
    ('0.0123', '12,346', '0')
    """
    if value != value or value in (float("inf"), float("-inf")):
        return "not a number" if value != value else "infinite"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def points(x: np.ndarray, y: np.ndarray) -> str:
    """Coordinates as the `points` of an SVG polyline.

    >>> points(np.array([0.0, 1.0]), np.array([2.0, 0.5]))
    '0.0,2.0 1.0,0.5'
    """
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))


def _thin(length: int, most: int = 120) -> np.ndarray:
    """Positions of at most `most` samples, the last one among them."""
    return np.unique(np.linspace(0, length - 1, min(length, most)).round().astype(int))


def _open(width: int, height: int, alt: str, more: str = "") -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" width="100%" style="max-width:{width}px;{_FONT}"'
        f' role="img" aria-label="{escape(alt)}"{more}>'
    )


def _axis(left: float | int, right: float | int, y: float | int) -> str:
    return (
        f'<line x1="{left}" x2="{right}" y1="{y}" y2="{y}" stroke="currentColor"'
        ' stroke-opacity=".25"/>'
    )


def _words(
    x: float | int, y: float | int, words: str, *, quiet: bool = False, anchor: str = "start"
) -> str:
    look = ' opacity=".7"' if quiet else ""
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}"{look}>{words}</text>'


class LineDrawing:
    """Numbers over the tokens of a passage, a row for each line; the band holds all heads.

    Each row runs from 0 to the largest value in it. length: of the passage, in tokens.
    """

    def __init__(
        self,
        lines: Sequence[Line],
        length: int,
        *,
        width: int = 360,
        row: int = 54,
        alt: str = "",
    ):
        self.lines, self.length = list(lines), length
        self.width, self.row, self.alt = width, row, alt
        self.left, self.right = 88, width - 80  # room for "not a number"
        self._values = [np.atleast_2d(array(line.values)) for line in self.lines]
        self._places = [places(line) for line in self.lines]
        rows = [self._row(index) for index in range(len(self.lines))]
        self._back = "".join(back for back, _ in rows)
        self._curves = "".join(curve for _, curve in rows)

    def _x(self, tokens: np.ndarray) -> np.ndarray:
        return self.left + (self.right - self.left) * tokens / max(1, self.length - 1)

    def _base(self, index: int) -> int:
        return (index + 1) * self.row - 8

    def _row(self, index: int) -> tuple[str, str]:
        """The fixed part of a row, and its curve."""
        line, values = self.lines[index], np.nan_to_num(self._values[index], nan=0.0)
        top = float(values.max(initial=0.0)) or 1.0
        base, room = self._base(index), self.row - 16
        symbol = f'<tspan font-style="italic" font-size="14">{line.symbol}</tspan>'
        back = (
            _axis(self.left, self.right, base)
            + _words(0, base - 15, symbol)
            + _words(0, base, line.meaning, quiet=True)
            + _words(self.left - 6, base - room + 8, number(top), quiet=True, anchor="end")
        )
        if not values.size:
            return back, ""
        keep = _thin(values.shape[1])
        x = self._x(self._places[index][keep])
        edges = (values.max(0)[keep], values.min(0)[keep], values.mean(0)[keep])
        high, low, mean = (base - room * edge / top for edge in edges)
        band = points(np.concatenate([x, x[::-1]]), np.concatenate([high, low[::-1]]))
        colour, dashes = style.ROLES[line.role].colour, _DASHES[index % len(_DASHES)]
        curve = (
            f'<polygon points="{band}" fill="{colour}" fill-opacity=".18"/>'
            f'<polyline points="{points(x, mean)}" fill="none" stroke="{colour}" stroke-width="1.8"'
            f' stroke-linejoin="round" stroke-dasharray="{dashes}"/>'
        )
        return back, curve

    def _value(self, index: int, token: int) -> str:
        """The mean of a row at one token; nothing before or after its line."""
        where = self._places[index]
        at = int(np.searchsorted(where, token, side="right")) - 1
        known = at >= 0 and token <= where[-1]
        return number(float(self._values[index][:, at].mean())) if known else ""

    def _values_at(self, token: int, moving: bool) -> str:
        """The numbers at the right end of the rows: at one token, and for a script at all."""
        texts = []
        for index in range(len(self.lines)):
            words = [self._value(index, other) for other in range(self.length)] if moving else []
            more = f' data-values="{"|".join(words)}"' * moving
            texts.append(
                f'<text x="{self.right + 6}" y="{self._base(index)}"{more}>'
                f"{self._value(index, token)}</text>"
            )
        return "".join(texts)

    def svg(
        self, upto: int | None = None, name: str = "titans-traces", *, moving: bool = False
    ) -> str:
        """The drawing up to token `upto` (all of it when None); `name` must be unique on a page.

        moving: with all that a script needs to move the edge: where it runs, and every number.
        """
        last = self.length if upto is None else max(1, min(upto, self.length))
        edge = float(self._x(np.array([last - 1.0]))[0])
        height = self.row * len(self.lines)
        cursor = (
            f'<line class="edge" x1="{edge:.1f}" x2="{edge:.1f}" y1="0" y2="{height}"'
            ' stroke="currentColor" stroke-opacity=".45"/>'
        )
        span = f' data-span="{self.left} {self.right} {self.length}"' * moving
        return (
            f"{_open(self.width, height, self.alt, span)}"
            f'<clipPath id="{name}"><rect x="0" y="0" width="{edge + 0.5:.1f}" height="{height}"/>'
            f'</clipPath>{self._back}<g clip-path="url(#{name})">{self._curves}</g>'
            f"{'' if upto is None and not moving else cursor}"
            f"{self._values_at(last - 1, moving)}</svg>"
        )


def loss_drawing(
    steps: Sequence[int],
    losses: Sequence[float | int],
    evaluations: Sequence[tuple[int, float | int]] = (),
    *,
    level: tuple[str, float | int] | None = None,
    width: int = 360,
    height: int = 130,
    alt: str = "",
) -> str:
    """The loss over training as SVG; evaluations are diamonds, a level to beat is a dashed line.

    >>> loss_drawing([1, 2], [5.0, 4.0], alt="Loss").count("<polyline")
    1
    """
    head = _open(width, height, alt)
    known = [(s, v) for s, v in zip(steps, losses, strict=True) if np.isfinite(v)]
    if not known:
        return head + _words(0, 20, "no step yet", quiet=True) + "</svg>"
    x, y = (np.array(column, dtype=float) for column in zip(*known, strict=True))
    marks = [value for _, value in evaluations] + ([] if level is None else [level[1]])
    low, high = min([y.min(), *marks]), max([y.max(), *marks])
    left, right, top, base = 50, width - 10, 8, height - 20
    x_scale = (right - left) / max(1.0, x[-1] - x[0])
    y_scale = (base - top) / ((high - low) or 1.0)
    keep, blue = _thin(len(x)), style.ROLES["slow"].colour
    line = points(left + x_scale * (x[keep] - x[0]), base - y_scale * (y[keep] - low))
    diamonds = "".join(
        f'<path d="M{left + x_scale * (step - x[0]):.1f} {base - y_scale * (value - low) - 4:.1f}'
        f'l4 4l-4 4l-4 -4z" fill="{style.ROLES["fast"].colour}"/>'
        for step, value in evaluations
    )
    labels = (
        _words(left - 6, top + 8, number(high), quiet=True, anchor="end")
        + _words(left - 6, base, number(low), quiet=True, anchor="end")
        + _words(left, height - 5, f"step {int(x[0])}", quiet=True)
        + _words(right, height - 5, f"step {int(x[-1])}", quiet=True, anchor="end")
    )
    return (
        f'{head}{_axis(left, right, base)}{labels}<polyline points="{line}" fill="none"'
        f' stroke="{blue}" stroke-width="1.6" stroke-linejoin="round"/>{diamonds}'
        f"{'' if level is None else _level(left, right, base - y_scale * (level[1] - low), level)}"
        "</svg>"
    )


def _level(left: float, right: float, y: float, level: tuple[str, float | int]) -> str:
    """A dashed line across, with its name above its right end."""
    line = (
        f'<line x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="currentColor"'
        ' stroke-opacity=".7" stroke-dasharray="5 3"/>'
    )
    return line + _words(right, y - 4, escape(level[0]), quiet=True, anchor="end")
