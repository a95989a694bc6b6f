"""A film of a memory while it reads: what it was given, gates, surprise, and all chunk by chunk.

Only the first sequence of the batch is kept, detached and on the CPU, so looking costs little and
changes nothing. The lab turns these numbers into pictures.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from titans_book.memory.gates import Gates
from titans_book.memory.state import MemoryState, MemoryTrace


class Closely(list):
    """A list for traces that asks for more: the pairs themselves, and S beside its length."""


class Recorder:
    """Collects a MemoryTrace chunk by chunk. trace: the list that the trace is for."""

    def __init__(
        self, k: Tensor, v: Tensor, gates: Gates, state: MemoryState, trace: list | None = None
    ) -> None:
        self.closely = isinstance(trace, Closely)
        alpha = gates.alpha.mean(-1) if gates.alpha.dim() == 4 else gates.alpha
        tokens = (gates.theta, gates.eta, alpha, k.norm(dim=-1), v.norm(dim=-1))
        self.start, self.heads = state.position, k.shape[1]
        self.tokens = [self._first(x.flatten(0, 1)) for x in tokens]
        self.pairs = tuple(self._first(x.flatten(0, 1)) for x in (k, v)) if self.closely else ()
        self.surprise, self.film, self.momentum, self.S, self.times = [], [], [], [], []
        self._frame(state.map(lambda W: W.flatten(0, 1)))

    def _frame(self, state: MemoryState) -> None:
        self.film.append([self._first(W) for W in state.weights])
        momentum = [self._first(S) for S in state.momentum]
        self.momentum.append(size(momentum))
        if self.closely:
            self.S.append(momentum)
        self.times.append(state.position - self.start)

    def add(self, square: Tensor, state: MemoryState) -> None:
        """After a chunk: |u_t|^2 of its tokens, and the state (batch and heads in one)."""
        self.surprise.append(self._first(square.sqrt()))
        self._frame(state)

    def finish(self) -> MemoryTrace:
        """What was collected."""
        theta, eta, alpha, keys, values = self.tokens
        film, S = (
            tuple(torch.stack(frames) for frames in zip(*layers, strict=True))
            for layers in (self.film, self.S)
        )
        surprise = torch.cat(self.surprise, dim=-1) if self.surprise else torch.zeros_like(theta)
        lengths = (theta, eta, alpha, surprise, keys, values)
        momentum, times = torch.stack(self.momentum), tuple(self.times)
        return MemoryTrace(*lengths, film, momentum, times, self.pairs, S)

    def _first(self, x: Tensor) -> Tensor:
        """The heads of the first sequence."""
        return x[: self.heads].detach().cpu().clone()


def join(traces: Sequence[MemoryTrace]) -> MemoryTrace:
    """One film of calls that followed each other: each goes on from the frame the last ended on."""
    tokens = {
        name: torch.cat([getattr(trace, name) for trace in traces], dim=-1)
        for name in ("theta", "eta", "alpha", "surprise", "keys", "values")
    }
    first, *others = traces
    frames = {
        name: tuple(
            torch.cat([layer[0], *(later[1:] for later in layer[1:])])
            for layer in zip(*(getattr(trace, name) for trace in traces), strict=True)
        )
        for name in ("film", "S")
    }
    pairs = zip(*(trace.pairs for trace in traces), strict=True)
    times = first.times
    for trace in others:
        times += tuple(times[-1] + t for t in trace.times[1:])
    return MemoryTrace(
        **tokens,
        **frames,
        momentum=torch.cat([first.momentum, *(trace.momentum[1:] for trace in others)]),
        pairs=tuple(torch.cat(parts, dim=1) for parts in pairs),
        times=times,
    )


def size(layers: Sequence[Tensor]) -> Tensor:
    """The length of all layers together, as one long vector: |M|, |S| or |M_t - M_0|.

    >>> size([torch.ones(1, 2, 2), torch.full((1, 1, 5), 2.0)])  # sqrt(4 + 20)
    tensor([4.8990])
    """
    return sum(W.square().sum((-2, -1)) for W in layers).sqrt()
