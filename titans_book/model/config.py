"""What a model is made of, as plain values that are checked before anything is built.

Each variant has the fields that have an effect on it; the others are refused, so that a setting
never stays without an effect. Taught in chapters 09 and 13.
"""

import inspect
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import nn

from titans_book.attention import Attention
from titans_book.check import choose, plain, whole
from titans_book.memory import Rule
from titans_book.model.variants import VARIANTS

LEFT_OUT = object()  # equal to no value
OWN = ("segment", "window", "persistent", "axial", "memory")


@dataclass(frozen=True)
class TitansConfig:
    """What a model is made of.

    variant     "lmm": the memory alone. "mac", "mag", "mal": memory and attention, as a context, a
                gate or a layer. "hope": memories that modify themselves, and levels that learn at
                their own pace. "attention": no memory; a plain transformer unless a window or a
                segment bounds what a token sees.
    vocab       tokens the model knows; 256 for bytes.
    dim         width of the stream.
    depth       blocks.
    heads       memories and attention heads a block.
    hidden      width of the gated MLP; of hope, of all its levels together.
    segment     C: tokens a segment (mac; attention).
    window      w: tokens that a token sees, itself included (mag, mal; attention).
    persistent  N_p: persistent tokens a block (all but lmm and hope).
    axial       rotary positions by segment and offset, for segments of so many tokens; None: by
                position alone (all but lmm and hope).
    memory      options of NeuralMemory, by name, such as {"chunk": 32, "depth": 1}; of hope, those
                of SelfModifyingMemory.
    options     what only this variant knows, by name: the fields of its block that are none of the
                above.

    A field that is left out gets the variant's own value; one that the variant does not use must be
    left out. Raises ValueError or TypeError naming the field, its value and what is allowed.

    >>> TitansConfig(dim=63)
    Traceback (most recent call last):
    ValueError: dim must be a multiple of heads=4, got 63
    >>> TitansConfig("mac", window=8)
    Traceback (most recent call last):
    ValueError: window has no effect on variant 'mac' (it has one on 'mag', 'mal', 'attention'): ...
    """

    variant: str = "lmm"
    vocab: int = 256
    dim: int = 128
    depth: int = 4
    heads: int = 4
    hidden: int = 256
    memory: Mapping[str, Any] = field(default_factory=dict)
    segment: int | None = None
    window: int | None = None
    persistent: int | None = None
    axial: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__.keys() - {"memory", "options"}:
            object.__setattr__(self, name, plain(getattr(self, name)))
        choose("variant", self.variant, VARIANTS)
        for name in ("vocab", "dim", "depth", "heads", "hidden"):
            whole(name, getattr(self, name), least=1)
        for name in ("memory", "options"):
            if not isinstance(value := getattr(self, name), Mapping):
                raise TypeError(f"{name} must map option names to values, got {value!r}")
        memory = {n: v.spec() if hasattr(v, "spec") else plain(v) for n, v in self.memory.items()}
        object.__setattr__(self, "memory", memory)
        self._only_what_has_an_effect()
        self._fill_options()
        with torch.device("meta"):  # the parts check their own options, without any storage
            VARIANTS[self.variant].build(self)

    def _only_what_has_an_effect(self) -> None:
        for name in OWN:
            value = getattr(self, name)
            if not self.has(name) and value not in (None, {}):
                users = ", ".join(repr(v) for v, block in VARIANTS.items() if name in block.fields)
                raise ValueError(
                    f"{name} has no effect on variant {self.variant!r} (it has one on {users}): "
                    f"leave it out, got {value!r}"
                )
            if value is None and self.has(name):
                object.__setattr__(self, name, VARIANTS[self.variant].fields[name])
        known = set(inspect.signature(self._memory_kind).parameters)
        known |= set(Rule.__dataclass_fields__) if "choices" in known else set()
        known = sorted(known - {"dim", "heads", "choices"})
        for name in self.memory.keys() - {"dim", "heads"}:
            choose("memory: option", name, known)
        if clash := {"dim", "heads"} & set(self.memory):
            raise ValueError(f"memory must not set {sorted(clash)}: set them on the config itself")

    def _fill_options(self) -> None:
        """The variant's own value for what is left out; unknown names are refused."""
        own = VARIANTS[self.variant].fields
        own = {n: value for n, value in own.items() if n not in self.__dataclass_fields__}
        for name in self.options:
            if not own:
                raise ValueError(f"options has no effect on variant {self.variant!r}: got {name!r}")
            choose("options: field", name, own)
        chosen = {n: plain(self.options.get(n, value)) for n, value in own.items()}
        object.__setattr__(self, "options", chosen)

    def has(self, name: str) -> bool:
        """Does the variant use this field?

        >>> TitansConfig("mag").has("window"), TitansConfig("mag").has("segment")
        (True, False)
        """
        common = name in self.__dataclass_fields__ and name not in OWN
        return common or name in VARIANTS[self.variant].fields

    @property
    def _memory_kind(self) -> type[nn.Module]:
        return VARIANTS[self.variant].memory_kind

    def new_memory(self) -> Any:
        """A fresh memory of one block, a NeuralMemory unless the variant has its own kind."""
        kind = self._memory_kind
        try:
            return kind(self.dim, self.heads, **self.memory)
        except (TypeError, ValueError) as error:
            kind(self.dim, self.heads)  # the fault of these two, fields of the config?
            raise type(error)(f"memory: {error}") from None

    def new_attention(self) -> Attention:
        """A fresh attention of one block."""
        places = dict(window=self.window, segment=self.segment, axial=self.axial)
        more = dict(persistent=self.persistent, conv=self.options.get("conv", 1))
        return Attention(self.dim, self.heads, **places, **more)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `TitansConfig(**d)` makes the same config again."""
        values, later = asdict(self), VARIANTS[self.variant].later
        written = {n: v for n, v in values.pop("options").items() if later.get(n, LEFT_OUT) != v}
        return values | ({"options": written} if written else {})  # as it was before there were any


def as_of_format_1(config: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a config that was written when memories forgot towards 0 unless told otherwise.

    >>> as_of_format_1({"variant": "lmm", "memory": {"chunk": 8}})["memory"]
    {'retention': 'decay', 'chunk': 8}
    """
    found = dict(config)
    if "memory" in VARIANTS[found.get("variant", "lmm")].fields:
        old = {"retention": "decay"} | ({"damping": None} if found.get("variant") == "mac" else {})
        found["memory"] = old | dict(found.get("memory") or {})
    return found
