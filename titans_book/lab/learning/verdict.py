"""The answer to an attempt: in words for everybody, with three small heatmaps where they help."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from html import escape

import numpy as np

from titans_book.lab.pictures import pixels, style

__all__ = ["OUTCOMES", "Difference", "Verdict"]

# outcome -> the sign before it
OUTCOMES = {
    "open": "○",
    "crashed": "✗",
    "known": "✗",
    "unknown": "✗",
    "slow": "✓",
    "right": "✓",
}
_ROLES = ("persistent", "fast", "gates")  # whose colour an open, a wrong, a right one wears
_WIDEST = 150  # pixels of one panel
_FRAME = "border-left:4px solid {};padding:.3em 0 .3em .9em;margin:.2em 0;max-width:48em"
_EDGES = {sign: style.ROLES[role].colour for sign, role in zip("○✗✓", _ROLES, strict=True)}


@dataclass(frozen=True)
class Difference:
    """The first tensor that differs: at which step, which one, and both versions of it."""

    step: int
    name: str
    yours: np.ndarray
    expected: np.ndarray | None
    unit: str = "step"

    def panels(self) -> dict[str, np.ndarray]:
        """Yours, and if it may be shown the expected one and the difference, as matrices.

        Matrices of a batch stand one below the other.
        """
        found = {"yours": _matrix(self.yours)}
        if self.expected is not None:
            found["expected"] = _matrix(self.expected)
            found["difference"] = found["yours"] - found["expected"]
        return found


@dataclass(frozen=True)
class Verdict:
    """What a check found: the outcome, and sentences that say more.

    >>> print(Verdict("open", "read", ("It is not written yet.",)))
    ○ read: open
      It is not written yet.
    """

    outcome: str
    name: str
    lines: tuple[str, ...] = ()
    difference: Difference | None = None
    printed: str = ""

    @property
    def passed(self) -> bool:
        """Whether the function does what it should."""
        return self.outcome in ("right", "slow")

    @property
    def title(self) -> str:
        """The outcome in a word or two."""
        words = dict.fromkeys(("crashed", "known", "unknown"), "not yet")
        words["slow"] = "right, but slow"
        return words.get(self.outcome, self.outcome)

    def __str__(self) -> str:
        rows = [f"{OUTCOMES[self.outcome]} {self.name}: {self.title}"]
        rows += [f"  {line}" for line in self.lines]
        if self.difference is not None:
            for title, matrix in self.difference.panels().items():
                if matrix.size == 1:
                    rows.append(f"  {title}: {matrix.item():.4g}")
                    continue
                rows.append(f"  {title}:")
                rows += [f"    {row}" for row in _table(matrix)]
        if self.printed:
            rows += ["  it printed:", *(f"    {row}" for row in self.printed.splitlines()[:12])]
        return "\n".join(rows)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        sign = OUTCOMES[self.outcome]
        head = f"<b>{sign} {escape(self.name)}: "
        body = "".join(f'<p style="margin:.25em 0">{_inline(line)}</p>' for line in self.lines)
        if self.printed:
            printed = f"<pre>{escape(self.printed)}</pre>"
            body += f"<details><summary>it printed</summary>{printed}</details>"
        return (
            f'<div role="status" style="{_FRAME.format(_EDGES[sign])}">{head}{self.title}</b>'
            f"{body}{self._pictures()}</div>"
        )

    def _pictures(self) -> str:
        """The panels on one colour scale, each with its words."""
        if self.difference is None:
            return ""
        panels = self.difference.panels()
        if self.difference.yours.size == 1:  # a number is shown as one
            numbers = ", ".join(f"{name} {m.item():.4g}" for name, m in panels.items())
            return f"<p style='margin:.25em 0'>{numbers}</p>"
        limit = pixels.nice_limit(np.concatenate([p.ravel() for p in panels.values()]), 1.0)
        where = f"{self.difference.name} at {self.difference.unit} {self.difference.step}"
        cells = "".join(_figure(title, matrix, limit, where) for title, matrix in panels.items())
        note = f"<small>{escape(where)}; colours from −{limit:g} (blue) to {limit:g} (red)</small>"
        layout = "display:flex;gap:1.2em;flex-wrap:wrap;margin:.5em 0 .2em"
        return f'{style.on_the_page()}<div style="{layout}">{cells}</div>{note}'


def _matrix(values: np.ndarray) -> np.ndarray:
    """Values with any number of axes as the rows of one matrix."""
    return values.reshape(-1, values.shape[-1]) if values.ndim else values.reshape(1, 1)


def _inline(line: str) -> str:
    """Text with `code` in backticks as HTML."""
    parts = escape(line).split("`")
    return "".join(f"<code>{p}</code>" if i % 2 else p for i, p in enumerate(parts))


def _figure(title: str, matrix: np.ndarray, limit: float, where: str) -> str:
    scale = max(2, min(24, _WIDEST // max(matrix.shape)))
    png = b64encode(pixels.palette_png(matrix, limit=limit, scale=scale)).decode()
    alt = f"{title}, {where}: " + "; ".join(_table(matrix, rows=4))
    source = f'src="data:image/png;base64,{png}" alt="{escape(alt)}"'
    return (
        f'<figure style="margin:0"><img class="titans-signed" {source} '
        f'style="image-rendering:pixelated"><figcaption>{title}</figcaption></figure>'
    )


def _table(matrix: np.ndarray, rows: int = 8, columns: int = 8) -> list[str]:
    """A small matrix in numbers; of a large one, its corner."""
    lines = [
        " ".join(f"{value:8.3f}" for value in row[:columns])
        + (" …" if matrix.shape[1] > columns else "")
        for row in matrix[:rows]
    ]
    return [*lines, "…"] if matrix.shape[0] > rows else lines
