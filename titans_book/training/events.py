"""What a training tells whoever listens: a step, a look at held-out text, a checkpoint."""

from dataclasses import dataclass
from pathlib import Path

from jaxtyping import Int
from torch import Tensor

from titans_book.inspection.looking import AttentionTrace
from titans_book.memory import MemoryTrace

LOOKED_AT = 192  # tokens of a snapshot whose attention is kept: its maps are quadratic


@dataclass(frozen=True)
class Snapshot:
    """What the model saw and did at one step: a row of tokens, and one trace a block.

    A model without memory has no traces of one, a model without attention no traces of that; of
    attention, the first 192 tokens are kept.
    """

    tokens: Int[Tensor, " time"]
    memories: tuple[MemoryTrace, ...]
    attentions: tuple[AttentionTrace, ...] = ()


@dataclass(frozen=True)
class Step:
    """One optimizer step. loss in nats a token; seconds_left is an estimate."""

    step: int
    steps: int
    loss: float
    learning_rate: float
    gradient_norm: float
    tokens_per_second: float
    seconds_left: float
    snapshot: Snapshot | None = None


@dataclass(frozen=True)
class Evaluated:
    """Bits a token on text that is never trained on (for bytes of ASCII: bits per character)."""

    step: int
    bits_per_token: float


@dataclass(frozen=True)
class Saved:
    """A checkpoint is safely on the disk."""

    step: int
    path: Path
