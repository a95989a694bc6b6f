"""SelfModifyingMemory: self-modifying Titans as a layer, the first half of Hope (eqs. 83-97).

    x       = causal depthwise convolution of x          window 4 (starts as the identity)
    q       = x W_q, of length 1                         the only fixed projection (83)
    y       = self_modify(x, q, M_0)                     eqs. 83-93, see self_modifying.py
    out     = (norm(y) * silu(x W_G)) W_O                normalised and gated, as in NeuralMemory

Where M_k and M_v start alike, k = v, every memory already says what it is to say, and nothing is
ever written. So the last layers start apart: small, random, and different. Taught in chapter 12.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from titans_book.check import flag, positive, whole
from titans_book.convolution import convolve, start_near_identity
from titans_book.memory.network import Network
from titans_book.memory.precision import full_precision
from titans_book.nested.self_loop import self_modify_reference
from titans_book.nested.self_modifying import self_modify
from titans_book.nested.self_rules import MEMORIES, Options, SelfState
from titans_book.state import State
from titans_book.values import finite

__all__ = ["HopeState", "SelfModifyingMemory", "self_modify", "self_modify_reference"]

EPS = 1e-5  # of the answer's norm, as in NeuralMemory
APART = 0.2  # the spread of what the last layers say at the start, for a key of length 1


@dataclass(frozen=True, repr=False)
class HopeState(State):
    """What a SelfModifyingMemory hands on: its memories, and the last inputs of the convolution."""

    memory: SelfState
    tail: Float[Tensor, "batch taps dim"]

    @property
    def position(self) -> int:
        """Tokens read so far."""
        return self.memory.position


class SelfModifyingMemory(nn.Module):
    """Memories that make their own keys, values and rates: y, state = memory(x, state).

    dim, heads   width, split evenly among independent heads.
    depth        layers of each memory: 1 for a matrix, 2 (the paper's, eq. 89) or more for an MLP.
    expansion    hidden width of an MLP over dim / heads.
    chunk        C: everything is generated at the memory of the chunk's start (90).
    erase, read, gate, rates, retention, guarded, activation     see self_modifying.py.
    eta_max      how far the rate opens, as a share of 1 / |h|^2, the rate at which one step of a
                 fresh memory erases what it says. Above 1 with "dgd", or 2, an error may turn its
                 sign: negative eigenvalues.
    fixed_q      True (the paper): q = x W_q. False: M_q(x) asks as well.
    conv         taps of the causal convolution; 1 for none.

    Raises ValueError or TypeError naming the field.

    >>> memory = SelfModifyingMemory(dim=16, heads=2)
    >>> y, state = memory(torch.randn(1, 10, 16))
    >>> y.shape, state.position
    (torch.Size([1, 10, 16]), 10)
    """

    def __init__(
        self,
        dim: int,
        heads: int = 1,
        depth: int = 2,
        expansion: int = 4,
        chunk: int = 16,
        erase: str = "dgd",
        read: str = "before",
        gate: str = "sigmoid",
        rates: str = "mean",
        retention: str = "initial",
        guarded: bool = True,
        activation: str = "gelu",
        eta_max: float = 0.5,
        fixed_q: bool = True,
        conv: int = 4,
    ) -> None:
        super().__init__()
        for name, value in dict(dim=dim, heads=heads, expansion=expansion, conv=conv).items():
            whole(name, value, least=1)
        if dim % heads:
            raise ValueError(f"dim must be a multiple of heads={heads}, got {dim}")
        flag("fixed_q", fixed_q)
        network = Network(depth, activation)
        self.sizes = network.sizes(dim // heads, expansion)
        self.spreads = network.spreads(self.sizes)
        self.options = dict(chunk=chunk, erase=erase, read=read, gate=gate, rates=rates)
        self.options |= dict(retention=retention, guarded=guarded, activation=activation)
        self.options["eta_max"] = positive("eta_max", eta_max) / self.spreads[-1]
        Options(**self.options)
        self.dim, self.heads, self.conv = dim, heads, conv
        self.taps = nn.Parameter(torch.zeros(conv, dim))
        self.project = nn.Linear(dim, dim, bias=False) if fixed_q else None  # W_q
        names = [name for name in MEMORIES if name != "q" or not fixed_q]
        self.initial = nn.ModuleDict(
            {n: nn.ParameterList(torch.empty(heads, *size) for size in self.sizes) for n in names}
        )
        self.norm = nn.Parameter(torch.ones(dim))
        self.out_gate = nn.Linear(dim, dim, bias=False)
        self.out = nn.Linear(dim, dim, bias=False)
        self.self_modify = self_modify  # or the reference
        self._start()

    def reset_parameters(self) -> None:
        """Draw all slow weights afresh, whatever they were."""
        for part in (self.project, self.out_gate, self.out):
            if part is not None:
                part.reset_parameters()
        nn.init.ones_(self.norm)
        self._start()

    def _start(self) -> None:
        start_near_identity(self.taps)
        for layers in self.initial.values():
            for W, size in zip(layers[:-1], self.spreads, strict=False):
                nn.init.normal_(W, std=0.5 * size**-0.5)
            wide = self.sizes[-1][1]
            nn.init.normal_(layers[-1], std=APART * (self.spreads[-1] * wide) ** -0.5)

    if TYPE_CHECKING:  # what nn.Module hides from type checkers

        def __call__(
            self, x: Tensor, state: HopeState | None = None, trace: list | None = None
        ) -> tuple[Tensor, HopeState]: ...

    def forward(
        self,
        x: Float[Tensor, "batch time dim"],
        state: HopeState | None = None,
        trace: list | None = None,
    ) -> tuple[Float[Tensor, "batch time dim"], HopeState]:
        """Read and write the whole of x; hand the state on to go on later.

        trace: a list that receives a MemoryTrace of every memory, the one that answers first.
        """
        self._check(x, state)
        z, tail = convolve(x, self.taps, None if state is None else state.tail)
        q = None if self.project is None else self._heads(self.project(z))
        options: dict[str, Any] = {} if trace is None else {"trace": trace}  # not the oracle's
        options["state"] = None if state is None else state.memory
        full = torch.promote_types(x.dtype, torch.float32)
        with full_precision(x.device):
            weights = {name: [W.to(full) for W in layers] for name, layers in self.initial.items()}
            q = None if q is None else F.normalize(q.to(full), dim=-1)
            told = self._heads(z).to(full)
            y, memory = self.self_modify(told, q, weights, **options, **self.options)
            y = rearrange(F.rms_norm(y, y.shape[-1:], eps=EPS), "b h t d -> b t (h d)").to(x.dtype)
        out = self.out(y * self.norm * F.silu(self.out_gate(x)))
        return out, HopeState(memory, tail)

    def _check(self, x: Tensor, state: HopeState | None) -> None:
        if x.dim() != 3 or x.shape[-1] != self.dim:
            raise ValueError(f"x must have shape (batch, time, {self.dim}), got {tuple(x.shape)}")
        if state is not None and not isinstance(state, HopeState):
            raise TypeError(f"state must be a HopeState or None, got {type(state).__name__}")
        tail = (len(x), self.conv - 1, self.dim)
        if state is not None and tuple(state.tail.shape) != tail:
            raise ValueError(
                "state belongs to another memory or batch: its tail has shape "
                f"{tuple(state.tail.shape)}, this call needs {tail}"
            )
        finite(x=x)

    def _heads(self, z: Tensor) -> Tensor:
        return rearrange(z, "b t (h d) -> b h t d", h=self.heads)
