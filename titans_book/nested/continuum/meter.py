"""Which levels of a model are alive while it is trained: which move, and which say something.

Taught in chapter 12; the board of chapter 13 shows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from titans_book.nested.continuum.memory import ContinuumMemory
from titans_book.nested.continuum.steps import EPS

__all__ = ["Meter", "Pulse"]


@dataclass(frozen=True)
class Pulse:
    """What was heard of a level: of the levels at one place in all blocks, taken together.

    period   its name, C; None for one without a clock. steps: of the training, so far.
    moves    steps that changed it by more than one in a million of its length.
    change   |W - W'| / |W'| of the last of them, 0 before there was one.
    energy   its share of all that levels said, sum |said|^2, NaN before anything was said.
    cosine   between all that it said and what the loss wanted of it, -dL/d said: for a squared
             error the residual; NaN before a gradient came.
    """

    period: int | None
    steps: int
    moves: int
    change: float
    energy: float
    cosine: float


class Meter:
    """Listens to the levels of every ContinuumMemory in a model, step by step.

        with (meter := Meter(model)).listening():
            for event in train(model, data, settings):
                meter.step()
        meter.pulses()

    A model without such levels, or None, has no pulses. Raises ValueError where the memories of a
    model do not have the same periods.
    """

    def __init__(self, model: nn.Module | None) -> None:
        parts = [] if model is None else model.modules()
        self.memories = [part for part in parts if isinstance(part, ContinuumMemory)]
        kinds = {memory.periods for memory in self.memories}
        if len(kinds) > 1:
            raise ValueError(f"model must have the same periods in all memories, got {kinds}")
        self.periods = next(iter(kinds), ())
        self.steps, self.moves = 0, [0] * len(self.periods)
        self.change = [0.0] * len(self.periods)
        self.said: list[Tensor | float] = [0.0] * len(self.periods)
        self.wanted: list[Tensor | float] = [0.0] * len(self.periods)  # said.a, |said|^2, |a|^2
        self.before = self._weights()

    @contextmanager
    def listening(self) -> Iterator[Meter]:
        """Inside the block, what levels say is heard."""
        self.before = self._weights()
        hooks = [
            level.register_forward_hook(partial(self._hear, n, memory.kind))
            for memory in self.memories
            for n, level in enumerate(memory.levels)
        ]
        try:
            yield self
        finally:
            for hook in hooks:
                hook.remove()

    def step(self) -> None:
        """A step of the training has been made: which levels has it moved?"""
        if not self.periods:
            return
        self.steps += 1
        now = self._weights()
        for n, (old, new) in enumerate(zip(self.before, now, strict=True)):
            if old is None or new is None:
                continue
            change = ((new - old).norm() / old.norm().clamp_min(torch.finfo(old.dtype).tiny)).item()
            if change > EPS:
                self.moves[n] += 1
                self.change[n] = change
        self.before = now

    def pulses(self) -> tuple[Pulse, ...]:
        """One a level, in the order in which they read."""
        said = torch.tensor([float(one) for one in self.said], dtype=torch.float64)
        shares = (said / said.sum()).tolist()
        rows = zip(self.periods, self.moves, self.change, shares, self._cosines(), strict=True)
        return tuple(Pulse(period, self.steps, *rest) for period, *rest in rows)

    def _cosines(self) -> list[float]:
        sums = [torch.as_tensor(one, dtype=torch.float64).expand(3) for one in self.wanted]
        return [(agreed / (said * wanted).sqrt()).item() for agreed, said, wanted in sums]

    @torch.no_grad()
    def _hear(self, n: int, kind: str, level: nn.Module, given: tuple, answer: Tensor) -> None:
        if torch.compiler.is_compiling():
            return
        said = answer if kind == "headwise" else answer - given[0]
        said = said.detach().float()
        self.said[n] = self.said[n] + said.square().sum()
        if answer.requires_grad:
            answer.register_hook(partial(self._told, n, said))

    @torch.no_grad()
    def _told(self, n: int, said: Tensor, slope: Tensor) -> None:
        wanted = -slope.detach().float()
        products = (said * wanted).sum(), said.square().sum(), wanted.square().sum()
        self.wanted[n] = self.wanted[n] + torch.stack(products).double()

    @torch.no_grad()
    def _weights(self) -> list[Tensor | None]:
        """The weights of every level in one line, those of all blocks together."""
        found: list[Tensor | None] = []
        for n in range(len(self.periods)):
            parts = [p.flatten() for memory in self.memories for p in memory.levels[n].parameters()]
            found.append(torch.cat(parts) if parts else None)
        return found
