"""A variant as a reader would write it: one class, with two memories that write, and its state."""

from dataclasses import dataclass

from torch import nn

from titans_book.memory import LayerState, NeuralMemory
from titans_book.model.block import Block, GatedMLP
from titans_book.state import State


@dataclass(frozen=True, repr=False)
class FastAndSlow(State):
    """Two memories of one block."""

    fast: LayerState
    slow: LayerState

    @property
    def position(self) -> int:
        return self.fast.position


class FastAndSlowBlock(Block):
    """A variant with two memories that write, the slow one with a chunk of its own."""

    fields = {"memory": {}, "slow_chunk": 16}
    state = FastAndSlow

    def __init__(self, config):
        super().__init__()
        self.norm, self.fast = nn.RMSNorm(config.dim), config.new_memory()
        self.slow = NeuralMemory(config.dim, config.heads, chunk=config.options["slow_chunk"])
        self.mlp = GatedMLP(config.dim, config.hidden)

    @classmethod
    def build(cls, config):
        return cls(config)

    def outputs(self):
        return self.fast.out, self.slow.out, self.mlp.down

    def forward(self, x, state=None):
        z = self.norm(x)
        y, fast = self.fast(z, None if state is None else state.fast)
        m, slow = self.slow(z, None if state is None else state.slow)
        x = x + y + m
        return x + self.mlp(x), FastAndSlow(fast, slow)
