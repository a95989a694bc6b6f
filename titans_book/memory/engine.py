"""Which form of the recurrence runs a rule. Every form is the one of reference.py, only faster.

form          for rules with
limits.py     learning "least-squares" or "kernel": no gradient steps at all
exact.py      one matrix, the L2 objective and chunk = 1, or a gate for every feature of the key
dense.py      a matrix for every token (maps that are read inside a chunk, Newton-Schulz)
one.py        one token, where a call brings no more
chunked.py    all others, and the frame of dense.py
"""

from torch import Tensor

from titans_book.memory import chunked, exact, limits, one
from titans_book.memory.gates import Gates
from titans_book.memory.network import Network
from titans_book.memory.rule import Rule
from titans_book.memory.state import Layers, MemoryState
from titans_book.memory.trace import Recorder


def run(
    rule: Rule,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    gates: Gates,
    state: MemoryState,
    origin: Layers | None = None,
    recompute: int | None = None,
    recorder: Recorder | None = None,
) -> tuple[Tensor, MemoryState]:
    """`memorize` for arguments that are checked and of one dtype; origin is O, None for 0."""
    if rule.network.form == "vector":
        return _apart(rule, q, k, v, gates, state, origin, recompute, recorder)
    if not rule.learning.gradual:
        return limits.run(rule, q, k, v, gates, state, recorder)
    if k.shape[2] == 1 and one.has(rule) and not exact.has(rule):
        return one.run(rule, q, k, v, gates, state, origin, recorder)
    engine = exact if exact.has(rule) else chunked
    return engine.run(rule, q, k, v, gates, state, origin, recompute, recorder)


class _Together:
    """A recorder for features that are apart: it sees them as one memory again."""

    def __init__(self, recorder: Recorder, dim: int) -> None:
        self.recorder, self.dim = recorder, dim

    def add(self, square: Tensor, state: MemoryState) -> None:
        vectors = state.map(lambda W: W[..., 0, 0].unflatten(0, (-1, 1, self.dim)))
        self.recorder.add(square.unflatten(0, (-1, self.dim)).sum(1), vectors)


def _apart(rule, q, k, v, gates, state, origin, recompute, recorder) -> tuple[Tensor, MemoryState]:
    """A vector memory: every feature is a memory of one number, as if it were a head of its own."""
    heads, dim = k.shape[1], k.shape[-1]

    def features(x: Tensor) -> Tensor:  # (B, H, T, d) -> (B, H d, T, 1)
        return x.transpose(-2, -1).flatten(1, 2)[..., None]

    def numbers(W: Tensor) -> Tensor:  # (..., H, 1, d) -> (..., H d, 1, 1)
        return W.flatten(-3)[..., None, None]

    alone, spread = rule.but(network=Network(1)), map(features, (q, k, v))
    gates = gates.map(lambda gate: gate.repeat_interleave(dim, dim=1))
    origin = None if origin is None else tuple(map(numbers, origin))
    seen = None if recorder is None else _Together(recorder, dim)
    y, state = run(alone, *spread, gates, state.map(numbers), origin, recompute, seen)
    y = y[..., 0].unflatten(1, (heads, dim)).transpose(-2, -1)
    return y, state.map(lambda W: W[..., 0, 0].unflatten(1, (heads, 1, dim)))
