"""What every state has in common: it is a value, made of tensors, that can be handed on.

A state is a frozen dataclass whose fields are tensors, other states, tuples or dicts of these, None
or plain numbers. Whoever inherits State can be moved, cut off from its graph, asked for some rows
of its batch, counted in bytes, and saved in a file, without a line of its own.
Taught in chapter 13.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.utils import _pytree as pytree


@dataclass(frozen=True, repr=False)
class State:
    """The base of all states.

    >>> @dataclass(frozen=True, repr=False)
    ... class Two(State):
    ...     left: Tensor
    ...     right: Tensor | None = None
    >>> two = Two(torch.zeros(3, 2))
    >>> two, two.nbytes
    (Two(left=float32[3, 2]), 24)
    >>> two.rows([0, 0, 2, 1]).left.shape
    torch.Size([4, 2])
    """

    kinds: ClassVar[dict[str, type["State"]]] = {}  # every kind of state, by its name
    names: ClassVar[tuple[str, ...]] = ()  # of the fields
    numbers: ClassVar[tuple[str, ...]] = ()  # of those that hold a whole number

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own = {n: what for n, what in cls.__annotations__.items() if "ClassVar" not in str(what)}
        cls.names = (*cls.names, *own)
        cls.numbers = (*cls.numbers, *(name for name, what in own.items() if what in (int, "int")))
        State.kinds[cls.__name__] = cls
        _known_to_pytorch(cls)

    @classmethod
    def from_parts(cls, parts: Mapping[str, Any]) -> "State":
        """The state with these fields, as a file holds them; the place to take older files."""
        return cls(**parts)

    def parts(self) -> dict[str, Any]:
        """The fields by name."""
        return {name: getattr(self, name) for name in self.names}

    def map(self, function: Callable[[Tensor], Tensor]) -> Any:
        """The same function applied to every tensor."""
        return type(self)(*(_map(part, function) for part in self.parts().values()))

    def detach(self) -> Any:
        """The same numbers, cut off from the graph that made them."""
        return self.map(torch.Tensor.detach)

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """The state on another device or in another dtype, as `torch.Tensor.to`."""
        return self.map(lambda x: x.to(*args, **kwargs))

    def rows(self, which: Tensor | Iterable[int]) -> Any:
        """The state of these sequences of the batch, in this order; one may come several times."""
        index = which if isinstance(which, Tensor) else torch.tensor(list(which))
        return self.map(lambda x: x.index_select(0, index.to(x.device)))

    def tensors(self) -> Iterator[Tensor]:
        """Every tensor of the state."""
        for part in self.parts().values():
            yield from _tensors(part)

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors; one that stands in two places is counted in both."""
        return sum(x.numel() * x.element_size() for x in self.tensors())

    def __repr__(self) -> str:
        parts = {name: part for name, part in self.parts().items() if part is not None}
        return f"{type(self).__name__}({', '.join(f'{n}={_short(p)}' for n, p in parts.items())})"


def _map(part: Any, function: Callable[[Tensor], Tensor]) -> Any:
    if isinstance(part, Tensor):
        return function(part)
    if isinstance(part, State):
        return part.map(function)
    if isinstance(part, tuple):
        return tuple(_map(one, function) for one in part)
    if isinstance(part, Mapping):
        return {name: _map(one, function) for name, one in part.items()}
    return part


def _tensors(part: Any) -> Iterator[Tensor]:
    if isinstance(part, Tensor):
        yield part
    elif isinstance(part, State):
        yield from part.tensors()
    elif isinstance(part, tuple | Mapping):
        for one in part.values() if isinstance(part, Mapping) else part:
            yield from _tensors(one)


def _known_to_pytorch(cls: type[State]) -> None:
    """Let torch.export and torch.func take states in and hand them out; whole numbers stay."""

    def split(state: State) -> tuple[dict[str, Any], tuple]:
        parts = state.parts()
        fixed = {n: part for n, part in parts.items() if part is None or n in cls.numbers}
        inside = {name: part for name, part in parts.items() if name not in fixed}
        return inside, (tuple(inside), tuple(fixed.items()))

    def flatten(state: State) -> tuple[list[Any], tuple]:
        inside, context = split(state)
        return list(inside.values()), context

    def flatten_with_keys(state: State) -> tuple[list[tuple[Any, Any]], tuple]:
        inside, context = split(state)
        return [(pytree.GetAttrKey(name), part) for name, part in inside.items()], context

    def unflatten(values: Iterable[Any], context: tuple) -> State:
        names, fixed = context
        return cls(**dict(zip(names, values, strict=True)), **dict(fixed))

    pytree.register_pytree_node(
        cls,
        flatten,
        unflatten,
        flatten_with_keys_fn=flatten_with_keys,
        serialized_type_name=f"{cls.__module__}.{cls.__qualname__}",
    )


def _short(part: Any) -> str:
    """Dtype and shape in the place of numbers; of alike things the first, and how many."""
    if isinstance(part, Tensor):
        return f"{str(part.dtype).removeprefix('torch.')}{list(part.shape)}"
    if isinstance(part, tuple):
        words = [_short(one) for one in part]
        alike = len(words) > 1 and len(set(words)) == 1
        return f"{len(words)} x {words[0]}" if alike else f"({', '.join(words)})"
    if isinstance(part, Mapping):
        return "{" + ", ".join(f"{name}: {_short(one)}" for name, one in part.items()) + "}"
    return repr(part)
