"""Who looked at whom: the attention of every block and head over a short text.

    seen = look(model, tokens)                          # titans_book.inspection.looking
    attention_maps(seen, alt="Diagonals of width 32; the first columns take a third.")

Persistent columns come first, then for MAC what the memory recalled, then the text; a gap sets them
apart. A model without attention is refused, with a ValueError.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from titans_book.inspection.looking import AttentionTrace, BlockLook
from titans_book.lab.pictures import style
from titans_book.lab.pictures.figures import scale
from titans_book.lab.pictures.over_text import Row, over_text
from titans_book.lab.pictures.picture import Picture, picture
from titans_book.lab.pictures.pixels import array, check_limit, nice_limit

__all__ = ["attention_maps", "attention_shares", "percent", "sink_words"]

ROLES = {
    "persistent": "persistent",
    "memory": "fast",
    "text": "attention",
    "first token": "persistent",
    "the rest": "attention",
}
NAMES = {"persistent": "P", "recalled": "memory", "text": "text"}


def _attentions(seen: Sequence[BlockLook]) -> list[AttentionTrace]:
    attentions = [trace for block in seen for trace in block.attentions.values()]
    if not attentions:
        raise ValueError("seen is of a model without attention: look at its memory")
    return attentions


def percent(share: Any) -> str:
    """A share as a reader says it.

    >>> percent(0.0312), percent(0.5)
    ('3 %', '50 %')
    """
    return f"{100 * float(share):.0f} %"


def sink_words(trace: AttentionTrace, head: int) -> str:
    """What one head gives to columns that are no tokens of the text before it.

    Persistent tokens and, for MAC, the memory's columns; for plain attention the first token.
    """
    if not trace.persistent:
        return f"first token {percent(trace.sink()[head])}"
    words = f"P {percent(trace.sink()[head])}"
    if trace.recalled:
        words += f", memory {percent(trace.shares()['recalled'][head].mean())}"
    return words


def _parts(trace: AttentionTrace, head: int) -> list[tuple[str, np.ndarray]]:
    """The map of one head in pieces, by the kind of its columns."""
    weights = array(trace.weights[head])
    edges = (0, trace.persistent, trace.persistent + trace.recalled, weights.shape[1])
    pieces = zip(NAMES.values(), edges[:-1], edges[1:], strict=True)
    return [(name, weights[:, low:high]) for name, low, high in pieces if high > low]


def _map(axes: Axes, trace: AttentionTrace, head: int, limit: float, dark: bool | None) -> Any:
    """One head: its pieces side by side, few columns drawn wide enough to be seen."""
    rows, left, marks = trace.weights.shape[1], 0.0, []
    for name, piece in _parts(trace, head):
        wide = max(piece.shape[1], rows / 16) if name == "P" else piece.shape[1]
        image = axes.imshow(
            piece, extent=(left, left + wide, rows, 0), vmin=0, vmax=limit,
            cmap=style.map_name("magnitude", dark), aspect="auto", interpolation="nearest",
        )  # fmt: skip
        marks.append((left + wide / 2, name))
        left += wide + rows / 24
    axes.set(xlim=(0, left - rows / 24), ylim=(rows, 0), yticks=[])
    axes.set_xticks([at for at, _ in marks], [name for _, name in marks], fontsize=8)
    axes.tick_params(length=0, pad=2)
    axes.spines[:].set_visible(False)
    axes.set_title(f"head {head + 1}: {sink_words(trace, head)}", loc="center", fontsize=8.5)
    return image


def attention_maps(
    seen: Sequence[BlockLook],
    *,
    alt: str,
    limit: float | int | None = None,
    width: float | int = 7.6,
    dark: bool | None = None,
) -> Picture:
    """A map for each block (a row) and head (a column): a row of it is a token that looks.

    Above each map stands the share of its sink: what goes to the persistent tokens (P), and to the
    memory's columns, on the mean over all rows; without persistent tokens, to the first token.
    limit: the end of the scale; weights above it have its colour.
    """
    traces = _attentions(seen)
    heads, time = traces[0].weights.shape[:2]
    sample = np.concatenate([array(trace.weights).ravel() for trace in traces])
    limit = nice_limit(sample[sample > 0], 0.95) if limit is None else check_limit(limit)
    wide = sum(piece.shape[1] for _, piece in _parts(traces[0], 0)) / time
    height = len(traces) * min((width - 1.2) / heads / wide + 0.45, 2.4)
    with picture(alt, width, max(height, 1.6), dark) as figure:
        grid = figure.subplots(len(traces), heads, squeeze=False)
        for block, (places, trace) in enumerate(zip(grid, traces, strict=True)):
            for head, axes in enumerate(places):
                image = _map(axes, trace, head, limit, dark)
            places[0].set_ylabel(f"block {block + 1}\n↓ reader", rotation=0, ha="right", fontsize=9)
        scale(figure, image, grid)
    return figure


def attention_shares(seen: Sequence[BlockLook], *, alt: str, **look: Any) -> Picture:
    """The share of every token's attention that goes to P, to the memory's columns, to the text.

    Without persistent tokens: to the first token, and to the rest of the text.
    """
    shares = [_split(trace) for trace in _attentions(seen)]
    rows = [
        Row(f"share of\n{name}", ROLES[name], None, [share[name] for share in shares])
        for name in shares[0]
    ]
    return over_text(rows, alt=alt, **look)


def _split(trace: AttentionTrace) -> dict[str, Any]:
    """The shares of every row under the names that a reader knows: (heads, T) each."""
    shares = trace.shares()
    if not trace.persistent:
        first = trace.weights[..., trace.recalled]
        return {"first token": first, "the rest": shares["text"] - first}
    memory = {"memory": shares["recalled"]} if trace.recalled else {}
    return {"persistent": shares["persistent"], **memory, "text": shares["text"]}
