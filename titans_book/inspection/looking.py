"""Look into a model while it reads: what the memory and the attention of every block did.

    seen = look(model, tokens)                one reading, from the beginning of the text
    seen[0].memory.trace.film[0]              the fast weights of block 1, chunk by chunk
    seen[0].attention.weights                 who looked at whom

This is introspection by forward hooks (see watching.py). `Attention.weights` forms the matrix that
the reading itself never forms, so the text should be short: its size is T x T a head. Taught in
chapter 13.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from titans_book.inspection.traces import AttentionTrace
from titans_book.inspection.watching import blocks_of, watch
from titans_book.memory.state import MemoryTrace
from titans_book.memory.trace import size
from titans_book.model.generation import device_of

__all__ = ["AttentionTrace", "BlockLook", "MemoryLook", "changes", "look", "size", "written"]


@dataclass(frozen=True)
class MemoryLook:
    """What one memory did: its trace, its momentum at the same times, and what was written.

    momentum   S_t of every layer, (frames, heads, d_in, d_out), at trace.times.
    keys       k_t after its normalisation: of length 1 (Titans section 4.4).
    values     v_t, of any length.
    """

    trace: MemoryTrace
    momentum: tuple[Float[Tensor, "frames heads _ _"], ...]
    keys: Float[Tensor, "heads time d"]
    values: Float[Tensor, "heads time d"]


@dataclass(frozen=True)
class BlockLook:
    """One block: what its memories and its attentions did, by name."""

    memories: Mapping[str, MemoryLook] = field(default_factory=dict)
    attentions: Mapping[str, AttentionTrace] = field(default_factory=dict)

    @property
    def memory(self) -> MemoryLook | None:
        """The memory, the first of several; None in a block without."""
        return next(iter(self.memories.values()), None)

    @property
    def attention(self) -> AttentionTrace | None:
        """The attention, the first of several; None in a block without."""
        return next(iter(self.attentions.values()), None)


@torch.no_grad()
def look(model: nn.Module, tokens: Integer[Tensor, " time"]) -> tuple[BlockLook, ...]:
    """Let a model read a short text, and tell what every block did.

    model is a TitansLM, or whatever has `blocks` and reads tokens of shape (1, time). Raises
    ValueError for a text without tokens.
    """
    if tokens.dim() != 1 or len(tokens) == 0:
        raise ValueError(
            f"tokens must have shape (time,) with time >= 1, got {tuple(tokens.shape)}"
        )
    with watch(model, closely=True) as seen:
        model(tokens[None].to(device_of(model)))
    blocks = [BlockLook({}, {}) for _ in blocks_of(model)]
    for (number, name), trace in seen.memories.items():
        blocks[number].memories[name] = MemoryLook(trace, trace.S, *trace.pairs)
    for (number, name), trace in seen.attentions.items():
        blocks[number].attentions[name] = trace
    return tuple(blocks)


def written(film: tuple[Tensor, ...]) -> Float[Tensor, "frames heads"]:
    """How far each frame of a film is from the first one, |M_t - M_0|: what the text has written.

    >>> written((torch.tensor([1.0, 4.0, 1.0]).view(3, 1, 1, 1),)).T
    tensor([[0., 3., 0.]])
    """
    return size(tuple(W - W[:1] for W in film))


def changes(film: tuple[Tensor, ...]) -> Float[Tensor, "steps heads"]:
    """How far the memory moved from each frame of a film to the next, |M_t - M_t'|.

    >>> changes((torch.tensor([0.0, 3.0, 3.0]).view(3, 1, 1, 1),))
    tensor([[3.],
            [0.]])
    """
    return size(tuple(W[1:] - W[:-1] for W in film))
