"""Numbers over a passage, a row each: what the live board can show beside its pictures.

    gates       theta, eta, alpha: how strongly a token is written, carried on, forgotten
    sizes       |M_t - M_0|, |S_t| and |M_t - M_t'|: how much is written, chunk by chunk
    lengths     |k_t| and |v_t|: what the memory was given
    bits        what each token costs the model, and would cost had its memory written nothing
    relevance   how far a block's output moves without its memory, and without its attention

The first three are in every snapshot of a memory. Relevance asks the model itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from titans_book.inspection.looking import changes, written
from titans_book.inspection.relevance import Relevance
from titans_book.lab.live.moments import Moment
from titans_book.lab.pictures.lines import Line, gates
from titans_book.lab.pictures.pixels import array
from titans_book.memory import MemoryTrace

__all__ = ["LINES", "Choice", "owed"]


class Choice(NamedTuple):
    """One choice of rows: its name in the menu, the words above it, and how it is made."""

    name: str
    title: str
    make: Callable[[Any], list[Line]] | None


def _all(memories: Sequence[MemoryTrace], name: str) -> np.ndarray:
    """One row a head: (heads of all memories, n)."""
    return np.concatenate([array(getattr(memory, name)) for memory in memories])


def _gates(memories: Sequence[MemoryTrace]) -> list[Line]:
    return gates(*(_all(memories, name) for name in ("theta", "eta", "alpha")))


def _sizes(memories: Sequence[MemoryTrace]) -> list[Line]:
    times = memories[0].times
    grown = [written(memory.film).T for memory in memories]
    momentum = [memory.momentum.T for memory in memories]
    steps = [changes(memory.film).T for memory in memories]
    return [
        Line("|M−M₀|", "written", "fast", np.concatenate(grown), times),
        Line("|S|", "momentum", "surprise", np.concatenate(momentum), times),
        Line("|ΔM|", "a chunk’s step", "fast", np.concatenate(steps), times[1:]),
    ]


def _lengths(memories: Sequence[MemoryTrace]) -> list[Line]:
    return [
        Line("|k|", "keys", "slow", _all(memories, "keys")),
        Line("|v|", "values", "slow", _all(memories, "values")),
    ]


def _bits(moment: Moment) -> list[Line]:
    lines = [Line("bits", "cost", "slow", np.nan_to_num(moment.bits)[None])]
    if moment.shut is not None:
        lines.append(Line("bits", "gates shut", "fast", np.nan_to_num(moment.shut)[None]))
        saved = np.maximum(np.nan_to_num(moment.shut - moment.bits), 0.0)[None]
        lines.append(Line("bits", "saved", "fast", saved))
    return lines


def owed(found: Relevance, block: int | None = None) -> list[Line]:
    """A row for each source that the blocks have; of one block, or of all."""
    chosen = slice(None) if block is None else slice(block, block + 1)
    roles = {"memory": "fast", "attention": "attention"}
    return [
        Line(source, "without it", roles.get(source, "fast"), found.moved[source][chosen])
        for source in found.sources
    ]


_HEADS = "mean and range of all heads"
LINES = {
    "gates": Choice("gates", f"Gates: {_HEADS}", _gates),
    "sizes": Choice("updates", f"Lengths of memory, momentum and step: {_HEADS}", _sizes),
    "lengths": Choice("key norms", f"Lengths of keys and values: {_HEADS}", _lengths),
    "bits": Choice("bits", "Bits that a token costs, and what the memory saves", _bits),
    "relevance": Choice(
        "memory or attention",
        "How far a block’s output moves without each, in units of its own step: mean and range",
        None,
    ),
}
