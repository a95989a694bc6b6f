"""How much a model has to carry: the bytes of its state, and what they hold.

Taught in chapters 09 and 14.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from torch import Tensor

from titans_book.attention import AttentionState
from titans_book.memory import LayerState
from titans_book.nested.hope import HopeState
from titans_book.nested.self_rules import SelfState

# For each kind of state, the fields that hold something of a name of its own.
NAMES = {
    (AttentionState, "keys"): "cache",
    (AttentionState, "values"): "cache",
    (LayerState, "tail"): "convolution",
    (HopeState, "tail"): "convolution",
    (SelfState, "layers"): "weights",
    (SelfState, "anchor"): "anchor",
}
GROUPS = ("weights", "momentum", "anchor")  # of a memory's layers, by their own names


@dataclass(frozen=True)
class StateBytes:
    """Bytes of a state, for the whole batch.

    weights      M_t, what the memories have learned.
    momentum     S_t.
    anchor       M_t', the weights at the last chunk boundary.
    cache        keys and values that attention may still look at.
    convolution  the last inputs of the convolution.
    other        what is none of these: everything, for a state that is not one of ours.
    """

    weights: int = 0
    momentum: int = 0
    anchor: int = 0
    cache: int = 0
    convolution: int = 0
    other: int = 0

    @property
    def total(self) -> int:
        """All of it, as a file would hold it."""
        return sum(getattr(self, field.name) for field in fields(self))


def state_bytes(state: Any) -> StateBytes:
    """The bytes that a state holds, by what they are: any nest of dataclasses, tuples and dicts.

    A tensor that stands in two places is counted in both, as a file holds it.

    >>> import torch
    >>> state_bytes(AttentionState(torch.zeros(1, 2, 1, 8, 4), torch.zeros(1, 2, 1, 8, 4))).cache
    512
    """
    sizes: dict[str, int] = {}
    for name, size in _walk(state, "other"):
        sizes[name] = sizes.get(name, 0) + size
    return StateBytes(**sizes)


def _walk(value: Any, name: str) -> Iterator[tuple[str, int]]:
    """Every tensor in the value: what it holds, and its bytes."""
    if isinstance(value, Tensor):
        yield name, value.numel() * value.element_size()
    elif is_dataclass(value):
        for field in fields(value):
            yield from _walk(getattr(value, field.name), NAMES.get((type(value), field.name), name))
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _walk(part, key if key in GROUPS else name)
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for part in value:
            yield from _walk(part, name)
