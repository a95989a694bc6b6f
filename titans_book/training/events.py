"""What a training tells whoever listens: a step, a look at held-out text, a checkpoint."""

from dataclasses import dataclass
from pathlib import Path

from jaxtyping import Int
from torch import Tensor

from titans_book.inspection.traces import AttentionTrace, ByPlace
from titans_book.inspection.watching import Seen
from titans_book.memory import MemoryTrace

LOOKED_AT = 192  # tokens of a snapshot whose attention is kept: its maps are quadratic


@dataclass(frozen=True)
class Snapshot:
    """What the model saw and did at one step: a row of tokens, and what every block made of it.

    The traces stand in the order of the blocks, one for each memory and each attention, none for
    what a model lacks; `memories.places` says which block and which name in it each is from. Of
    attention, the first 192 tokens are kept.
    """

    tokens: Int[Tensor, " time"]
    memories: tuple[MemoryTrace, ...]
    attentions: tuple[AttentionTrace, ...] = ()

    @classmethod
    def of(cls, tokens: Int[Tensor, " time"], seen: Seen) -> "Snapshot":
        """What was seen while the tokens were read."""
        return cls(tokens.cpu(), ByPlace(seen.memories), ByPlace(seen.attentions))


@dataclass(frozen=True)
class Step:
    """One optimizer step. loss in nats a token; seconds_left is an estimate.

    skipped: float16 overflowed, so nothing was changed; the gradient's norm is inf or NaN then.
    """

    step: int
    steps: int
    loss: float
    learning_rate: float
    gradient_norm: float
    tokens_per_second: float
    seconds_left: float
    snapshot: Snapshot | None = None
    skipped: bool = False


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


Event = Step | Evaluated | Saved
