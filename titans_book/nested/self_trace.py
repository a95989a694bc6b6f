"""A film of every self-modifying memory while it reads, as MemoryTrace has it for a NeuralMemory.

theta is their eta_t, the rate of a write, and alpha what is forgotten, 1 - alpha_t; there is no
momentum, so eta and S are 0. surprise is |h^T E| over all layers: how long a write is before its
rate. keys are |k_t|; values are |v^_t|, what this memory was to say. Taught in chapters 12 and 13.
"""

from __future__ import annotations

import torch
from torch import Tensor

from titans_book.memory.state import MemoryTrace
from titans_book.memory.trace import Closely
from titans_book.nested.self_rules import SelfState

__all__ = ["Recorder"]


def _first(x: Tensor) -> Tensor:
    """The first sequence of the batch, cut off and on the CPU."""
    return x[0].detach().cpu().clone()


class Recorder:
    """Collects a MemoryTrace of every memory, piece by piece. trace: the list they are for."""

    def __init__(self, state: SelfState, trace: list) -> None:
        self.trace, self.start, self.times = trace, state.position, [0]
        self.film = [[_first(W)] for W in state.layers]  # of every layer, (memories, heads, ...)
        memories, heads = self.film[0][0].shape[:2]
        none = torch.zeros(memories, heads, 0)
        self.numbers = {name: [none] for name in ("theta", "alpha", "surprise", "keys", "values")}
        self.pairs: list[list[Tensor]] = []

    def add(
        self, eta: Tensor, keep: Tensor, k: Tensor, value: Tensor, square: Tensor, state: SelfState
    ) -> None:
        """After a piece: the rates, k and v^ of its tokens, |h^T E|^2, and the state."""
        found = {"theta": eta.mean(-1), "alpha": 1 - keep.mean(-1), "keys": k.norm(dim=-1)}
        found |= {"values": value.norm(dim=-1), "surprise": square.sqrt()}
        for name, x in found.items():
            self.numbers[name].append(_first(x).expand_as(_first(square)))
        for film, W in zip(self.film, state.layers, strict=True):
            film.append(_first(W))
        if isinstance(self.trace, Closely):
            self.pairs.append([_first(k).expand_as(_first(value)), _first(value)])
        self.times.append(state.position - self.start)

    def finish(self) -> None:
        """Append the trace of each memory, the last one, which answers, first."""
        numbers = {name: torch.cat(parts, dim=-1) for name, parts in self.numbers.items()}
        film = [torch.stack(frames) for frames in self.film]
        pairs = [torch.cat(parts, dim=-2) for parts in zip(*self.pairs, strict=True)]
        for memory in (len(film[0][0]) - 1, *range(len(film[0][0]) - 1)):
            own = {name: x[memory] for name, x in numbers.items()}
            frames = tuple(layer[:, memory] for layer in film)
            still = tuple(map(torch.zeros_like, frames)) if isinstance(self.trace, Closely) else ()
            self.trace.append(
                MemoryTrace(
                    **own,
                    eta=torch.zeros_like(own["theta"]),
                    film=frames,
                    momentum=frames[0].new_zeros(frames[0].shape[:2]),
                    times=tuple(self.times),
                    pairs=tuple(part[memory] for part in pairs),
                    S=still,
                )
            )
