"""What the memories of a model did while it read a short text: matrices, and numbers over the text.

    seen = look(model, tokens)                          # titans_book.inspection.looking
    memory_maps(seen, alt="Four memories, two of them almost empty.")

Every figure shows all blocks and heads. M_0 is the memory before the text; that of MAG and MAL has
read the persistent tokens by then (Titans eqs. 26 and 29). A model without a memory is refused,
with a ValueError.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from titans_book.inspection.looking import BlockLook, MemoryLook, changes, written
from titans_book.lab.pictures.figures import grid
from titans_book.lab.pictures.over_text import Row, over_text
from titans_book.lab.pictures.picture import Picture
from titans_book.lab.pictures.pixels import nice_limit, stacked

__all__ = ["gate_lines", "key_lengths", "memory_maps", "memory_sizes"]

MAPS = {
    "written": lambda memory, layer: memory.trace.film[layer] - memory.trace.film[layer][:1],
    "weights": lambda memory, layer: memory.trace.film[layer],
    "momentum": lambda memory, layer: memory.momentum[layer],
}


def _memories(seen: Sequence[BlockLook]) -> list[MemoryLook]:
    memories = [memory for block in seen for memory in block.memories.values()]
    if not memories:
        raise ValueError("seen is of a model without a memory: look at its attention")
    return memories


def memory_maps(
    seen: Sequence[BlockLook],
    *,
    alt: str,
    show: str = "written",
    layer: int = 0,
    frame: int = -1,
    limit: float | int | None = None,
    width: float | int = 7.6,
    dark: bool | None = None,
) -> Picture:
    """One matrix of every block (a row) and head (a column), on one scale.

    show: "written" is M_t - M_0, "weights" M_t, "momentum" S_t. layer: of the memory's network.
    frame: which of the times of the trace, the last by default.
    """
    if show not in MAPS:
        raise ValueError(f"show={show!r} is not known: choose one of {', '.join(MAPS)}")
    values = stacked([MAPS[show](memory, layer)[frame] for memory in _memories(seen)])
    limit = nice_limit(values, 0.995) if limit is None else limit
    return grid(values, alt=alt, limit=limit, width=width, dark=dark)


def memory_sizes(seen: Sequence[BlockLook], *, alt: str, **look: Any) -> Picture:
    """How much has been written, how strong the momentum is, and how far each chunk moves M.

    |M_t - M_0|, |S_t| and |M_t - M_t'| with t' the frame before, over all layers of the memory.
    """
    memories = _memories(seen)
    times = memories[0].trace.times
    grown = [written(memory.trace.film).T for memory in memories]
    momentum = [memory.trace.momentum.T for memory in memories]
    steps = [changes(memory.trace.film).T for memory in memories]
    rows = [
        Row("$|M_t - M_0|$\nwritten", "fast", times, grown),
        Row("$|S_t|$\nmomentum", "surprise", times, momentum),
        Row("$|M_t - M_{t'}|$\na chunk's step", "fast", times[1:], steps),
    ]
    return over_text(rows, alt=alt, **look)


def gate_lines(seen: Sequence[BlockLook], *, alt: str, **look: Any) -> Picture:
    """theta, eta, alpha and the surprise of every token, for each block and head."""
    traces = [memory.trace for memory in _memories(seen)]
    rows = [
        Row("$θ$\nwrite rate", "gates", None, [trace.theta for trace in traces]),
        Row("$η$\nmomentum", "gates", None, [trace.eta for trace in traces]),
        Row("$α$\nforgetting", "gates", None, [trace.alpha for trace in traces]),
        Row("$|u_t|$\nsurprise", "surprise", None, [trace.surprise for trace in traces]),
    ]
    return over_text(rows, alt=alt, **look)


def key_lengths(seen: Sequence[BlockLook], *, alt: str, **look: Any) -> Picture:
    """The lengths of keys and values that the memories were given.

    Keys have length 1: the layer makes them so (Titans section 4.4), and the picture is the proof.
    How strongly a token is written is in the length of its value, and in theta.
    """
    memories = _memories(seen)
    rows = [
        Row("$|k_t|$\nkeys", "slow", None, [memory.keys.norm(dim=-1) for memory in memories]),
        Row("$|v_t|$\nvalues", "slow", None, [memory.values.norm(dim=-1) for memory in memories]),
    ]
    return over_text(rows, alt=alt, **look)
