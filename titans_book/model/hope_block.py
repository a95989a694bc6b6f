"""The block of Hope: memories that modify themselves, then levels that learn at their own pace.

    x = x + memory(norm(x))                    self-modifying Titans, Nested Learning eqs. 83-93, 94
    x = level_k(... level_1(x))                the continuum memory system, eqs. 70, 95-97

A level is x + mlp(norm(x)), the perceptron of every other block behind its own norm; side by side
("headwise", eq. 74) they add up, x + mlp_1(norm(x)) + ... + mlp_k(norm(x)). They share the hidden
width of the config. While a model reads, levels stand still and are the feed-forward part of a
transformer; their clocks count where they learn: in steps of training, with
`titans_book.nested.optimizers.build_groups`, and in tokens of a text, with
`titans_book.nested.continuum.read_and_learn`. Taught in chapter 12.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from titans_book.check import choose, whole
from titans_book.model.block import Block, GatedMLP, Stream
from titans_book.nested.continuum import ContinuumMemory
from titans_book.nested.hope import HopeState, SelfModifyingMemory

KINDS = ("chain", "headwise")


class Level(nn.Module):
    """x + mlp(norm(x)); without x where levels stand side by side."""

    def __init__(self, dim: int, hidden: int, residual: bool) -> None:
        super().__init__()
        self.norm, self.mlp, self.residual = nn.RMSNorm(dim), GatedMLP(dim, hidden), residual

    def reset_parameters(self) -> None:
        """Draw all weights afresh, whatever they were."""
        self.norm.reset_parameters()
        self.mlp.reset_parameters()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        said = self.mlp(self.norm(x))
        return x + said if self.residual else said


class HopeBlock(Block):
    """Self-modifying memory and continuum memory, each behind its own norm and residual.

    memory    options of SelfModifyingMemory, by name, in `config.memory`.
    hidden    of all levels together, shared as evenly as it goes.
    periods   C of every level, from the one next to the memory on; None for one without a clock.
    kind      of the continuum memory: "chain" or "headwise".

    >>> block = HopeBlock(16, 32, SelfModifyingMemory(16), periods=(1, 4))
    >>> y, state = block(torch.randn(2, 5, 16))
    >>> y.shape, [level.mlp.down.in_features for level in block.levels.levels]
    (torch.Size([2, 5, 16]), [16, 16])
    """

    fields = {"memory": {}, "periods": (1, 4, 16), "kind": "chain"}
    state = HopeState
    memory_kind = SelfModifyingMemory

    def __init__(
        self,
        dim: int,
        hidden: int,
        memory: SelfModifyingMemory,
        periods: Sequence[int | None],
        kind: str = "chain",
    ) -> None:
        super().__init__()
        choose("kind", kind, KINDS)
        if not isinstance(periods, Sequence) or isinstance(periods, str) or not periods:
            raise TypeError(f"periods must be a list of a number for each level, got {periods!r}")
        size = len(periods)
        whole("hidden", hidden, least=size)
        self.memory_norm, self.memory = nn.RMSNorm(dim), memory
        widths = [hidden // size + (n < hidden % size) for n in range(size)]
        levels = [Level(dim, width, residual=kind == "chain") for width in widths]
        self.levels = ContinuumMemory(levels, periods, kind)

    @classmethod
    def build(cls, config: Any) -> "HopeBlock":
        """A fresh block as a TitansConfig describes it."""
        return cls(config.dim, config.hidden, config.new_memory(), **config.options)

    def memories(self) -> dict[str, nn.Module]:
        """The memory that writes itself; its trace shows the one of its memories that answers."""
        return {"memory": self.memory}

    def outputs(self) -> tuple[nn.Linear, ...]:
        """The maps that write into the stream, one for each residual."""
        return self.memory.out, *(level.mlp.down for level in self.levels.levels)

    def forward(self, x: Stream, state: HopeState | None = None) -> tuple[Stream, HopeState]:
        y, state = self.memory(self.memory_norm(x), state)
        x = x + y
        y = self.levels(x)
        return y if self.levels.kind == "chain" else x + y, state
