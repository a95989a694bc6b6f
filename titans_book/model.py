"""TitansLM: a language model made of blocks, with its whole state as a value.

    tokens (B, T) -> embedding -> blocks, each (x, state) -> (x, state) -> norm -> logits (B, T, V)

Taught in chapter 13.
"""

import inspect
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from titans_book import generation
from titans_book.blocks import LMMBlock
from titans_book.memory import LayerState, NeuralMemory
from titans_book.memory.check import choose, whole

VARIANTS = ("lmm",)


@dataclass(frozen=True)
class TitansConfig:
    """What a model is made of.

    variant   "lmm": the memory alone, without attention.
    vocab     tokens the model knows; 256 for bytes.
    dim       width of the stream.
    depth     blocks.
    heads     memories a block.
    hidden    width of the gated MLP.
    memory    options of NeuralMemory, by name, such as {"chunk": 32, "depth": 1}.

    Raises ValueError or TypeError naming the field, its value and what is allowed.

    >>> TitansConfig(dim=63)
    Traceback (most recent call last):
    ValueError: dim must be a multiple of heads=4, got 63
    """

    variant: str = "lmm"
    vocab: int = 256
    dim: int = 128
    depth: int = 4
    heads: int = 4
    hidden: int = 256
    memory: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        choose("variant", self.variant, VARIANTS)
        for name in ("vocab", "dim", "depth", "heads", "hidden"):
            whole(name, getattr(self, name), least=1)
        if not isinstance(self.memory, Mapping):
            raise TypeError(f"memory must map option names to values, got {self.memory!r}")
        object.__setattr__(self, "memory", dict(self.memory))
        known = sorted(set(inspect.signature(NeuralMemory).parameters) - {"dim", "heads"})
        for name in self.memory.keys() - {"dim", "heads"}:
            choose("memory: option", name, known)
        if clash := {"dim", "heads"} & set(self.memory):
            raise ValueError(f"memory must not set {sorted(clash)}: set them on the config itself")
        with torch.device("meta"):  # the memory checks its own options, without any storage
            self.new_memory()

    def new_memory(self) -> NeuralMemory:
        try:
            return NeuralMemory(self.dim, self.heads, **self.memory)
        except TypeError as error:
            raise TypeError(f"memory: {error}") from None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `TitansConfig(**d)` makes the same config again."""
        return asdict(self)


@dataclass(frozen=True)
class ModelState:
    """All that a model remembers of what it has read: one state a block. Its size is constant."""

    blocks: tuple[LayerState, ...]

    @property
    def position(self) -> int:
        """Tokens read so far."""
        return self.blocks[0].memory.position

    def map(self, function) -> "ModelState":
        """The same function applied to every tensor."""
        return ModelState(tuple(block.map(function) for block in self.blocks))

    def detach(self) -> "ModelState":
        """The same numbers, cut off from the graph that made them."""
        return self.map(torch.Tensor.detach)

    def to(self, *args, **kwargs) -> "ModelState":
        """The state on another device or in another dtype, as `torch.Tensor.to`."""
        return self.map(lambda x: x.to(*args, **kwargs))


class TitansLM(nn.Module):
    """A language model with neural memory: logits, state = model(tokens, state=None).

    >>> model = TitansLM(TitansConfig(dim=32, depth=1, heads=2, hidden=64))
    >>> logits, state = model(torch.tensor([[72, 105]]))
    >>> logits.shape, state.position
    (torch.Size([1, 2, 256]), 2)
    """

    def __init__(self, config: TitansConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab, config.dim)
        self.blocks = nn.ModuleList(
            LMMBlock(config.dim, config.hidden, config.new_memory()) for _ in range(config.depth)
        )
        self.norm = nn.RMSNorm(config.dim)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Small embeddings (they are the head as well), and quiet outputs in every residual."""
        nn.init.normal_(self.embedding.weight, std=self.config.dim**-0.5)
        quiet = (2 * self.config.depth) ** -0.5  # the sum of 2 depth residuals keeps its size
        for block in self.blocks:
            for out in (block.memory.out, block.mlp.down):
                nn.init.normal_(out.weight, std=quiet * out.in_features**-0.5)

    def forward(
        self,
        tokens: Int[Tensor, "batch time"],
        state: ModelState | None = None,
        trace: list | None = None,
    ) -> tuple[Float[Tensor, "batch time vocab"], ModelState]:
        """Logits of the next token after every token, and the state that has read them all.

        One call equals any split into calls. trace: a list that receives one MemoryTrace a block.
        Raises ValueError for tokens outside the vocabulary.
        """
        self._check(tokens, state)
        x = self.embedding(tokens)
        before = [None] * len(self.blocks) if state is None else state.blocks
        after = []
        for block, block_state in zip(self.blocks, before, strict=True):
            x, block_state = block(x, block_state, trace)
            after.append(block_state)
        logits = F.linear(self.norm(x), self.embedding.weight)
        return logits, ModelState(tuple(after))

    def _check(self, tokens: Tensor, state: ModelState | None) -> None:
        if tokens.dim() != 2 or tokens.dtype not in (torch.int32, torch.int64):
            raise ValueError(
                "tokens must be whole numbers of shape (batch, time), "
                f"got {tokens.dtype} of shape {tuple(tokens.shape)}"
            )
        if tokens.device.type == "cpu" and tokens.numel() and not torch.compiler.is_compiling():
            low, high = (x.item() for x in torch.aminmax(tokens))
            if low < 0 or high >= self.config.vocab:
                raise ValueError(
                    f"tokens must lie between 0 and {self.config.vocab - 1}, got {low} to {high}"
                )
        if state is not None and len(state.blocks) != len(self.blocks):
            raise ValueError(
                f"state holds {len(state.blocks)} blocks, this model has {len(self.blocks)}"
            )

    def generate(
        self, tokens: Int[Tensor, "batch time"], n: int, **settings: Any
    ) -> Int[Tensor, "batch total"]:
        """The prompt followed by n new tokens; settings as in `titans_book.generation.stream`."""
        return generation.generate(self, tokens, n, **settings)[0]

    def parameter_count(self) -> int:
        """Slow weights: what the outer loop trains, M_0 included."""
        return sum(p.numel() for p in self.parameters())
