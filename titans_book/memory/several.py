"""Several writes for a token: DeltaProduct's pairs, or the same pair in several steps.

A memory with chunk = 1 that reads n pairs in a row has made n steps, each surprised by what the
last one left. So n writes a token are a text n times as long, of which only every n-th answer is
wanted; forgetting happens once a token, at its first write, because the gates say so. Taught in
chapter 10.
"""

from dataclasses import replace

import torch
from torch import Tensor

from titans_book.memory.gates import Gates
from titans_book.memory.rule import Rule
from titans_book.memory.state import MemoryState, MemoryTrace


def spread(
    rule: Rule, q: Tensor, k: Tensor, v: Tensor, gates: Gates
) -> tuple[Tensor, Tensor, Tensor, Gates]:
    """The tokens as single writes: those of `steps` repeated, and every question at its place."""
    n = rule.steps * rule.writes
    if n == 1:
        return q, k, v, gates
    if rule.steps > 1:
        k, v = (x.repeat_interleave(n, dim=2) for x in (k, v))
        first = torch.arange(k.shape[2], device=k.device) % n == 0
        gates = gates.map(lambda gate: gate.repeat_interleave(n, dim=2))
        alpha = gates.alpha * (first[:, None] if gates.alpha.dim() == 4 else first)
        gates = replace(gates, alpha=alpha)
    questions = q.new_zeros(*q.shape[:3], n, q.shape[-1])
    questions[..., _place(rule), :] = q
    return questions.flatten(2, 3), k, v, gates


def times(rule: Rule, state: MemoryState, more: bool) -> MemoryState:
    """The state with its position in writes (more), or in tokens again."""
    n = rule.steps * rule.writes
    if n == 1:
        return state
    return MemoryState(state.layers, state.position * n if more else state.position // n)


def gather(rule: Rule, y: Tensor, shape: tuple[int, ...]) -> Tensor:
    """One answer for every token, of this shape."""
    n = rule.steps * rule.writes
    return y if n == 1 else y.view(*shape[:3], n, shape[-1])[..., _place(rule), :]


def _place(rule: Rule) -> int:
    """Behind a token's last write, or before its first."""
    return 0 if rule.read == "before" else rule.steps * rule.writes - 1


def fold(rule: Rule, trace: MemoryTrace) -> MemoryTrace:
    """One entry for every token again: that of its first write, and the memory behind its last."""
    n = rule.steps * rule.writes
    if n == 1:
        return trace
    tokens = ("theta", "eta", "alpha", "surprise", "keys", "values")
    return replace(
        trace,
        **{name: getattr(trace, name)[:, ::n] for name in tokens},
        film=tuple(layer[::n] for layer in trace.film),
        S=tuple(layer[::n] for layer in trace.S),
        momentum=trace.momentum[::n],
        times=tuple(t // n for t in trace.times[::n]),
        pairs=tuple(x[:, ::n] for x in trace.pairs),
    )
