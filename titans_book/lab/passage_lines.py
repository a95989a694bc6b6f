"""Numbers over a passage, a row each: what the live board can show beside its pictures.

    gates       theta, eta, alpha: how strongly a token is written, carried on, forgotten
    sizes       |M_t - M_0|, |S_t| and |M_t - M_t'|: how much is written, chunk by chunk
    lengths     |k_t| and |v_t|: what the memory was given
    relevance   how far a block's output moves without its memory, and without its attention

The first three are in every snapshot of a memory. Relevance asks the model itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from titans_book.lab.pixels import array
from titans_book.looking import changes, written
from titans_book.memory import MemoryTrace
from titans_book.relevance import Relevance

__all__ = ["LINES", "Choice", "Line", "gates", "owed", "places"]


class Line(NamedTuple):
    """One row: (heads, n) numbers or (n,), taken after `times` tokens; None: at every token."""

    symbol: str
    meaning: str
    role: str
    values: Any
    times: Sequence[int] | None = None


class Choice(NamedTuple):
    """One choice of rows: its name in the menu, the words above it, and how it is made."""

    name: str
    title: str
    make: Callable[[Sequence[MemoryTrace]], list[Line]] | None


def places(line: Line) -> np.ndarray:
    """The token at which each number of a line stands, from 0.

    >>> places(Line("|M|", "written", "fast", [0.0, 1.0, 2.0], (0, 16, 32))).tolist()
    [0, 15, 31]
    """
    if line.times is None:
        return np.arange(np.atleast_2d(array(line.values)).shape[1])
    return np.maximum(np.asarray(line.times) - 1, 0)


def gates(theta: Any, eta: Any, alpha: Any) -> list[Line]:
    """theta, eta, alpha: (heads, T) or (T,) (Titans eqs. 9, 10, 13)."""
    return [
        Line("θ", "write rate", "gates", theta),
        Line("η", "momentum", "gates", eta),
        Line("α", "forgetting", "gates", alpha),
    ]


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


def owed(found: Relevance, block: int | None = None) -> list[Line]:
    """A row for each source that the blocks have; of one block, or of all."""
    chosen = slice(None) if block is None else slice(block, block + 1)
    roles = {"memory": "fast", "attention": "attention"}
    return [
        Line(source, "without it", roles[source], found.moved[source][chosen])
        for source in found.sources
    ]


_HEADS = "mean and range of all heads"
LINES = {
    "gates": Choice("gates", f"Gates: {_HEADS}", _gates),
    "sizes": Choice("sizes", f"Lengths of memory, momentum and step: {_HEADS}", _sizes),
    "lengths": Choice("keys and values", f"Lengths of keys and values: {_HEADS}", _lengths),
    "relevance": Choice(
        "memory or attention",
        "How far a block’s output moves without each, in units of its own step: mean and range",
        None,
    ),
}
