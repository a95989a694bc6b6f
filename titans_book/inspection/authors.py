"""Which token wrote this number? The memory as a sum of what every token has put into it.

Gradients are taken at the start of a chunk, so every write is known as two vectors, and momentum
and forgetting only multiply it by a number later (Titans eqs. 13-18; sums.py has the equation):

    M_t = what is left of the beginning + sum_{i<=t} m_ti h_i^T D_i         m_ti = -P_ti theta_i

`Authors` holds h, D and m, so a number of M_t is what is left of the beginning, plus one entry for
each token. An entry says what a write has added, given what
the others made of the memory. What the memory would be without a token is another question: the
later tokens would have been other surprises (switching.py). An answer as a sum is in ledger.py.

Taught in chapter 13.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.inspection.sums import adds_up
from titans_book.memory import MemoryTrace, NeuralMemory, Rule
from titans_book.memory.recurrence import Coefficients, coefficients
from titans_book.memory.surprise import surprise

__all__ = ["Authors", "authors"]

CLOSE = 1e-3  # of the largest number written: how far the sum may be from the memory itself


@dataclass(frozen=True)
class Authors:
    """What every token has written into one memory, layer by layer.

    inputs, errors   h_i and D_i: the write of token i is h_i^T D_i in that layer.
    factors          m_ti: how much of it stands in the memory after t + 1 tokens; 0 for i > t.
    """

    inputs: tuple[Float[Tensor, "heads time _"], ...]
    errors: tuple[Float[Tensor, "heads time _"], ...]
    factors: Float[Tensor, "heads time time"]

    def entries(
        self, layer: int, head: int, row: int, column: int, time: int
    ) -> Float[Tensor, " time"]:
        """What each of the first `time` tokens has put into one number of the memory."""
        h = self.inputs[layer][head, :time, row]
        D = self.errors[layer][head, :time, column]
        return self.factors[head, time - 1, :time] * h * D if time else h

    def written(self, layer: int, time: int) -> Float[Tensor, "heads _ _"]:
        """What all entries of the first `time` tokens add up to."""
        h, D = self.inputs[layer], self.errors[layer]
        return (h * self.factors[:, time - 1, :, None]).mT @ D


@torch.no_grad()
def authors(
    memory: NeuralMemory, x: Float[Tensor, "1 time dim"], trace: MemoryTrace
) -> Authors | None:
    """The authors of a memory that has read x; None for a rule that does not add up.

    trace: what it did, seen closely (`titans_book.inspection.watch(closely=True)`). If the
    entries do not add up to the memory in the trace, the answer is None as well, never a wrong one.
    Raises ValueError for a trace without pairs.
    """
    if not trace.pairs:
        raise ValueError("trace must hold the pairs: watch the model with closely=True")
    rule = memory.rule
    if not adds_up(rule) or len(trace.times) < 2:
        return None
    gates = memory.gates(x).map(lambda gate: gate.cpu())
    first = [W.cpu() for W in memory.first_weights()]
    origin = rule.origin(first, trace.film[0].dtype)
    theta, eta, keep = (rate[0] for rate in rule.rates(gates))
    numbers = coefficients(keep, eta)
    more = [gates.given()[name][0] for name in rule.objective.needs]
    tokens = [trace.pairs[0], *trace.pairs, theta, *more, keep]
    for before in dict.fromkeys((0, rule.chunk - trace.times[1])):  # tokens before this text
        if not _fits(trace, rule.chunk, before):
            continue
        H, D, rate = _surprises(rule, tokens, trace, (first, origin), before)
        found = Authors(H, D, -numbers.P * rate[:, None])
        if _balances(found, trace, numbers, origin):
            return found
    return None


def _fits(trace: MemoryTrace, chunk: int, before: int) -> bool:
    """Was the memory filmed at every border of its chunks, if `before` tokens came first?"""
    return set(range(-before % chunk, trace.times[-1], chunk)) <= set(trace.times)


def _surprises(
    rule: Rule, tokens: Sequence[Tensor], trace: MemoryTrace, starts: tuple, before: int
) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...], Tensor]:
    """(H, D, theta) of all tokens, each at the memory where its chunk began."""
    first, origin = starts
    parts: dict[int, list] = {}
    for start, end in zip(trace.times, trace.times[1:], strict=False):
        begin = (before + start) // rule.chunk * rule.chunk - before
        film = first if begin < 0 else [layer[trace.times.index(begin)] for layer in trace.film]
        parts.setdefault(end - start, []).append((start, film))
    found = []
    for n, same in parts.items():
        piece = [torch.cat([x[:, start : start + n] for start, _ in same]) for x in tokens]
        anchor = [torch.cat(layer) for layer in zip(*(film for _, film in same), strict=True)]
        if rule.forget_first:
            anchor = _faded(anchor, piece[-1], origin)
        H, D, theta, _ = surprise(rule, piece[:-1], tuple(anchor), watch=False)
        columns = [x.chunk(len(same)) for x in (*H, *D, theta)]
        found += [(start, [x[i] for x in columns]) for i, (start, _) in enumerate(same)]
    rows = zip(*(row for _, row in sorted(found, key=lambda pair: pair[0])), strict=True)
    *both, theta = (torch.cat(parts, dim=1) for parts in rows)
    layers = len(both) // 2
    return tuple(both[:layers]), tuple(both[layers:]), theta


def _faded(anchor: list[Tensor], keep: Tensor, origin: Sequence[Tensor] | None) -> list[Tensor]:
    """keep_t M_{t-1}, for chunks of one token."""
    keep = keep[:, -1, None, None]
    if origin is None:
        return [keep * W for W in anchor]
    again = [old.repeat(len(W) // len(old), 1, 1) for old, W in zip(origin, anchor, strict=True)]
    return [torch.lerp(old, W, keep) for old, W in zip(again, anchor, strict=True)]


def _balances(
    found: Authors, trace: MemoryTrace, numbers: Coefficients, origin: Sequence[Tensor] | None
) -> bool:
    beta, c = (x[:, -1, None, None] for x in (numbers.beta, numbers.c))
    time = trace.times[-1]
    for layer, (film, S) in enumerate(zip(trace.film, trace.S, strict=True)):
        left = beta * film[0] if origin is None else torch.lerp(origin[layer], film[0], beta)
        off = left + c * S[0] + found.written(layer, time) - film[-1]
        if not off.abs().max() <= CLOSE * (film[-1] - film[0]).abs().max() + 1e-6:
            return False
    return True
