"""TitansLM: a language model made of blocks, with its whole state as a value.

    tokens (B, T) -> embedding -> blocks, each (x, state) -> (x, state) -> norm -> logits (B, T, V)

Taught in chapter 13.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from titans_book.model import generation
from titans_book.model.block import Block
from titans_book.model.config import TitansConfig
from titans_book.model.embedding import Vocabulary
from titans_book.model.variants import VARIANTS
from titans_book.state import State
from titans_book.values import extremes

WHOLE = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


def new_block(config: TitansConfig) -> Block:
    """One block of the variant, with fresh weights."""
    return VARIANTS[config.variant].build(config)


@dataclass(frozen=True, repr=False)
class ModelState(State):
    """All that a model remembers of what it has read: one state a block.

    Its size is constant, unless the model is a plain transformer, which keeps every token.
    """

    blocks: tuple[State, ...]

    @property
    def position(self) -> int:
        """Tokens read so far."""
        return self.blocks[0].position


class TitansLM(nn.Module):
    """A language model of one of the variants: logits, state = model(tokens, state=None).

    >>> model = TitansLM(TitansConfig(dim=32, depth=1, heads=2, hidden=64))
    >>> logits, state = model(torch.tensor([[72, 105]]))
    >>> logits.shape, state.position
    (torch.Size([1, 2, 256]), 2)
    """

    def __init__(self, config: TitansConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = Vocabulary(config.vocab, config.dim)
        self.blocks = nn.ModuleList(new_block(config) for _ in range(config.depth))
        self.norm = nn.RMSNorm(config.dim)
        self._start()

    def reset_parameters(self) -> None:
        """Draw all weights afresh, whatever they were."""
        for part in (*self.blocks, self.norm):
            part.reset_parameters()
        self._start()

    def _start(self) -> None:
        """Small embeddings (they are the head as well), and quiet outputs in every residual."""
        nn.init.normal_(self.embedding.weight, std=self.config.dim**-0.5)
        outputs = [out for block in self.blocks for out in block.outputs()]
        quiet = len(outputs) ** -0.5  # the sum of all residuals keeps its size
        for out in outputs:
            nn.init.normal_(out.weight, std=quiet * out.in_features**-0.5)

    if TYPE_CHECKING:  # what nn.Module hides from type checkers

        def __call__(
            self, tokens: Tensor, state: ModelState | None = None
        ) -> tuple[Tensor, ModelState]: ...

    def forward(
        self,
        tokens: Integer[Tensor, "batch time"],
        state: ModelState | None = None,
    ) -> tuple[Float[Tensor, "batch time vocab"], ModelState]:
        """Logits of the next token after every token, and the state that has read them all.

        One call equals any split into calls. What happens inside is seen by
        `titans_book.inspection.watch`. Raises ValueError for tokens outside the vocabulary.
        """
        self._check(tokens, state)
        x = self.embedding(tokens if tokens.dtype == torch.int32 else tokens.long())
        before = [None] * len(self.blocks) if state is None else state.blocks
        after = []
        for block, block_state in zip(self.blocks, before, strict=True):
            x, block_state = block(x, block_state)
            after.append(block_state)
        return self.head(x), ModelState(tuple(after))

    def head(self, x: Float[Tensor, "batch time dim"]) -> Float[Tensor, "batch time vocab"]:
        """Logits of the next token from what the last block has written."""
        return self.embedding(self.norm(x))

    def _check(self, tokens: Tensor, state: ModelState | None) -> None:
        if not isinstance(tokens, Tensor):
            raise TypeError(f"tokens must be a torch.Tensor, got {type(tokens).__name__}")
        if state is not None and not isinstance(state, ModelState):
            raise TypeError(f"state must be a ModelState or None, got {type(state).__name__}")
        if tokens.dim() != 2 or tokens.dtype not in WHOLE:
            raise ValueError(
                "tokens must be whole numbers of shape (batch, time), "
                f"got {tokens.dtype} of shape {tuple(tokens.shape)}"
            )
        if seen := extremes(tokens):
            low, high = seen
            if low < 0 or high >= self.config.vocab:
                raise ValueError(
                    f"tokens must lie between 0 and {self.config.vocab - 1}, got {low} to {high}"
                )
        if state is not None and len(state.blocks) != len(self.blocks):
            raise ValueError(
                f"state holds {len(state.blocks)} blocks, this model has {len(self.blocks)}"
            )
        kind = VARIANTS[self.config.variant].state
        if state is not None and not isinstance(state.blocks[0], kind):
            raise ValueError(
                f"state belongs to another model: variant {self.config.variant!r} needs a "
                f"{kind.__name__} a block, got {type(state.blocks[0]).__name__}"
            )

    def generate(
        self, tokens: Integer[Tensor, "batch time"], n: int, **settings: Any
    ) -> Integer[Tensor, "batch total"]:
        """The prompt followed by n new tokens; settings as in `titans_book.model.stream`."""
        return generation.generate(self, tokens, n, **settings)[0]

    def parameter_count(self) -> int:
        """Slow weights: what the outer loop trains, M_0 included."""
        return sum(p.numel() for p in self.parameters())
