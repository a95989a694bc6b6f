"""What self-modifying Titans are made of: memories by name, their state, and the open questions.

The equations, and what the questions mean, are in self_modifying.py. Taught in chapter 12.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.check import choose, flag, positive, whole
from titans_book.memory.network import Network
from titans_book.memory.opening import GATES
from titans_book.memory.state import Layers
from titans_book.state import State
from titans_book.values import finite

__all__ = ["MEMORIES", "OPEN", "Options", "SelfState", "prepared"]

MEMORIES = ("k", "v", "q", "eta", "alpha", "memory")
# added to what M_alpha says, so that memories that say nothing yet forget 0.25 % a token
OPEN = {"sigmoid": 6.0, "hard": 1.99}


@dataclass(frozen=True, repr=False)
class SelfState(State):
    """The memories of self-modifying Titans, now and at the start of the open chunk.

    layers    one tensor a layer, all memories in a row, in the order of MEMORIES.
    anchor    the same at the last chunk boundary, where k, v, the rates and errors are made (90).
    """

    layers: tuple[Float[Tensor, "batch memories heads _ _"], ...]
    anchor: tuple[Float[Tensor, "batch memories heads _ _"], ...]
    position: int = 0

    @property
    def memories(self) -> dict[str, Layers]:
        """The layers of each memory by name, (B, H, d_in, d_out)."""
        several = self.layers[0].shape[1]
        names = [name for name in MEMORIES if name != "q" or several == len(MEMORIES)]
        return {name: tuple(W[:, n] for W in self.layers) for n, name in enumerate(names)}


@dataclass(frozen=True)
class Options:
    """How the open questions of the paper are answered; see the top of self_modifying.py."""

    chunk: int = 16
    erase: str = "once"
    read: str = "start"
    gate: str = "sigmoid"
    rates: str = "mean"
    retention: str = "decay"
    eta_max: float = 1.0
    activation: str = "gelu"
    normalise: bool = True
    guarded: bool = False

    def __post_init__(self) -> None:
        whole("chunk", self.chunk, least=1)
        choose("erase", self.erase, ("once", "dgd"))
        choose("read", self.read, ("start", "before"))
        choose("gate", self.gate, GATES)
        choose("rates", self.rates, ("mean", "channel"))
        choose("retention", self.retention, ("decay", "initial"))
        positive("eta_max", self.eta_max)
        flag("normalise", self.normalise)
        flag("guarded", self.guarded)


def prepared(
    x: Tensor,
    q: Tensor | None,
    weights: Mapping[str, Sequence[Tensor]],
    state: SelfState | None,
    options: Mapping,
) -> tuple[Options, Network, Layers, SelfState]:
    """The options, the network of all memories, M_0, and the state to go on from, all checked."""
    if unknown := options.keys() - Options.__dataclass_fields__:
        known = ", ".join(Options.__dataclass_fields__)
        raise TypeError(f"options are {known}; got {', '.join(sorted(unknown))}")
    how = Options(**options)
    if x.dim() != 4 or not x.is_floating_point():
        raise ValueError(f"x must have shape (batch, heads, time, dim), got {tuple(x.shape)}")
    if q is not None and q.shape != x.shape:
        raise ValueError(f"q must have the shape of x, {tuple(x.shape)}, got {tuple(q.shape)}")
    wanted = [name for name in MEMORIES if q is None or name != "q"]
    if sorted(weights) != sorted(wanted):
        raise ValueError(f"weights must hold {', '.join(wanted)}, got {', '.join(weights)}")
    shapes = {name: [tuple(W.shape[-2:]) for W in weights[name]] for name in wanted}
    if any(shapes[name] != shapes["memory"] for name in wanted):
        raise ValueError(f"weights must have the same layers for all memories, got {shapes}")
    finite(x=x)
    first = _stacked([weights[name] for name in wanted], x)
    net = Network(len(first), how.activation)
    if state is None:
        return how, net, first, SelfState(first, first)
    have, want = ([tuple(W.shape) for W in layers] for layers in (state.layers, first))
    if have != want:
        raise ValueError(f"state belongs to other memories: it has {have}, this call needs {want}")
    return how, net, first, state.to(first[0].dtype)


def _stacked(each: Sequence[Sequence[Tensor]], x: Tensor) -> Layers:
    """Every layer of all memories in one tensor, (B, memories, H, d_in, d_out), as x is."""

    def whole_batch(W: Tensor) -> Tensor:
        return (W if W.dim() == 4 else W.expand(len(x), *W.shape)).to(x.dtype)

    layers = zip(*each, strict=True)
    return tuple(torch.stack([whole_batch(W) for W in layer], dim=1) for layer in layers)
