"""A film of a memory while it reads: gates, surprise and the weights after every chunk.

Only the first sequence of the batch is kept, detached and on the CPU, so looking costs little and
changes nothing. The lab turns these numbers into pictures.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from titans_book.memory.state import Gates, Layers, MemoryState, MemoryTrace


class Recorder:
    """Collects a MemoryTrace chunk by chunk."""

    def __init__(self, gates: Gates, state: MemoryState) -> None:
        self.gates, self.surprise, self.film, self.times = gates, [], [], []
        self.start, self.heads = state.position, gates.theta.shape[1]
        self._frame(state.map(lambda W: W.flatten(0, 1)))

    def _frame(self, state: MemoryState) -> None:
        self.film.append([self._first(W) for W in state.weights])
        self.times.append(state.position - self.start)

    def add(self, square: Tensor, state: MemoryState) -> None:
        """After a chunk: |u_t|^2 of its tokens, and the state (batch and heads in one)."""
        self.surprise.append(self._first(square.sqrt()))
        self._frame(state)

    def finish(self) -> MemoryTrace:
        layers = tuple(torch.stack(frames) for frames in zip(*self.film, strict=True))
        theta, eta, alpha = (
            self._first(gate.flatten(0, 1))
            for gate in (self.gates.theta, self.gates.eta, self.gates.alpha)
        )
        surprise = torch.cat(self.surprise, dim=-1) if self.surprise else torch.zeros_like(theta)
        return MemoryTrace(theta, eta, alpha, surprise, layers, tuple(self.times))

    def _first(self, x: Tensor) -> Tensor:
        """The heads of the first sequence."""
        return x[: self.heads].detach().cpu().clone()


def join(traces: Sequence[MemoryTrace]) -> MemoryTrace:
    """One film of calls that followed each other: each goes on from the frame the last ended on."""
    first, *others = traces
    for trace in others:
        theta, eta, alpha, surprise = (
            torch.cat([getattr(first, name), getattr(trace, name)], dim=-1)
            for name in ("theta", "eta", "alpha", "surprise")
        )
        films = zip(first.film, trace.film, strict=True)
        film = tuple(torch.cat([before, after[1:]]) for before, after in films)
        times = first.times + tuple(first.times[-1] + t for t in trace.times[1:])
        first = MemoryTrace(theta, eta, alpha, surprise, film, times)
    return first


def squared_surprise(inputs: Layers, errors: Layers) -> Tensor:
    """|u_t|^2 of every token: the gradient of layer l is h_l^T D_l, of norm |h_l| |D_l|."""
    layers = zip(inputs, errors, strict=True)
    return sum(h.square().sum(-1) * D.square().sum(-1) for h, D in layers)
