"""What all blocks share: what a model asks of them, their state, and the gated perceptron."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from titans_book.attention import AttentionState
from titans_book.memory import LayerState, MemoryState, NeuralMemory
from titans_book.state import State

Stream = Float[Tensor, "batch time dim"]


@dataclass(frozen=True, repr=False)
class BlockState(State):
    """Both memories of a block: the short one, and the long one.

    attention   keys and values that later tokens may still see.
    layer       the neural memory after all that has been read.
    before      MAC alone: the memory at the beginning of the open segment, which h is read from.
    """

    attention: AttentionState
    layer: LayerState
    before: LayerState | None = None

    @property
    def position(self) -> int:
        """Tokens of the text read so far; persistent tokens do not count."""
        return self.attention.position

    @property
    def memory(self) -> MemoryState:
        """The fast weights, as in the state of a memory alone."""
        return self.layer.memory


class GatedMLP(nn.Module):
    """(silu(x W_1) * x W_2) W_3, the gated perceptron of Llama (Shazeer 2020, "SwiGLU")."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.up = nn.Linear(dim, 2 * hidden, bias=False)  # W_1 and W_2 side by side
        self.down = nn.Linear(hidden, dim, bias=False)

    def reset_parameters(self) -> None:
        """Draw all weights afresh, whatever they were."""
        self.up.reset_parameters()
        self.down.reset_parameters()

    def forward(self, x: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
        gate, value = self.up(x).chunk(2, dim=-1)
        return self.down(F.silu(gate) * value)


class Block(nn.Module):
    """What a model asks of a block: y, state = block(x, state), one call equal to any split.

    A variant is one class like this and one entry in names.py. It says three things,

    fields   what it is made of beside the sizes, with what each is when left out: fields of
             TitansConfig, and names of its own, which are found in `config.options`.
    state    the kind of state that `forward` takes and gives back; it knows its `position`.
    outputs  which maps write into the stream.
    later    fields of its own that came after others had been saved, each with the value at which
             all is as it was before; at that value they are not written down.

    and builds itself: `build` does it where the parts are one attention and one memory. If its
    memory is no NeuralMemory, `memory_kind` is its class: `config.memory` has options of that.
    """

    fields: ClassVar[Mapping[str, Any]] = {}
    later: ClassVar[Mapping[str, Any]] = {}
    state: ClassVar[type[State]]
    memory_kind: ClassVar[type[nn.Module]] = NeuralMemory

    if TYPE_CHECKING:  # what nn.Module hides from type checkers

        def __call__(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]: ...

    @classmethod
    def build(cls, config: Any) -> "Block":
        """A fresh block as a TitansConfig describes it."""
        parts = {"attention": config.new_attention} if "persistent" in cls.fields else {}
        parts |= {"memory": config.new_memory} if "memory" in cls.fields else {}
        return cls(config.dim, config.hidden, **{name: make() for name, make in parts.items()})

    def memories(self) -> dict[str, nn.Module]:
        """The memories of the block by name; none in a block of attention alone.

        They are what `titans_book.inspection.watch` listens to. A block whose memories are modules
        of another kind names them here: each is called with (x, state, trace=list).
        """
        return {n: part for n, part in self.named_modules() if isinstance(part, NeuralMemory)}

    def outputs(self) -> tuple[nn.Linear, ...]:
        """The maps that write into the stream, one for each residual."""
        raise NotImplementedError(
            f"{type(self).__name__} must say which maps write into the stream"
        )

    def reset_parameters(self) -> None:
        """Draw all weights afresh, whatever they were."""
        for part in self.children():
            part.reset_parameters()
