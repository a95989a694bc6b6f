"""A film of a memory while it reads: gates, surprise and the weights after every chunk.

Only the first sequence of the batch is kept, detached and on the CPU, so looking costs little and
changes nothing. The lab turns these numbers into pictures.
"""

import torch
from torch import Tensor

from titans_book.memory.state import Gates, Layers, MemoryState, MemoryTrace, surprise


class Recorder:
    """Collects a MemoryTrace chunk by chunk."""

    def __init__(self, gates: Gates, state: MemoryState) -> None:
        self.gates, self.surprise, self.film, self.times = gates, [], [], []
        self.start = state.position
        self._frame(state)

    def _frame(self, state: MemoryState) -> None:
        self.film.append([_first(W) for W in state.weights])
        self.times.append(state.position - self.start)

    def add(self, inputs: Layers, errors: Layers, state: MemoryState) -> None:
        """After a chunk: the inputs and errors of its keys, and the state behind it."""
        self.surprise.append(_first(surprise(inputs, errors)))
        self._frame(state)

    def finish(self) -> MemoryTrace:
        layers = tuple(torch.stack(frames) for frames in zip(*self.film, strict=True))
        gates = self.gates.map(_first)
        total = torch.cat(self.surprise, dim=-1) if self.surprise else gates.theta
        return MemoryTrace(gates.theta, gates.eta, gates.alpha, total, layers, tuple(self.times))


def _first(x: Tensor) -> Tensor:
    return x[0].detach().cpu().clone()
