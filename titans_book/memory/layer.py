"""NeuralMemory: the long-term memory of Titans as a layer.

Slow weights (learned by the outer loop) turn each token into a key, a value, a query and three
gates; fast weights (the memory, learned while reading) are started from a learned M_0:

    q, k, v = x W_Q, x W_K, x W_V                      Titans eqs. 1, 11
              causal depthwise convolution of q, k, v  section 4.4 (starts near the identity)
              SiLU and unit length, for q and k        section 4.4
    eta     = sigmoid(x W_eta + ...)                   momentum decay
    theta   = theta_max sigmoid(x W_theta + ...) (1 - eta) / |h|^2      write rate
    alpha   = sigmoid(x W_alpha + ...)                 forgetting; starts small: the memory keeps
    y, state = memorize(q, k, v, gates, M_0)           eqs. 12-18
    out     = (norm(y) * silu(x W_G)) W_O              normalised and gated, section 4.4

The paper leaves the form of the gates open; ours are in gating.py. |h|^2 is explained at
`_start`. Taught in chapters 04-07; chapter 10 has the other rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from titans_book.check import flag, whole
from titans_book.convolution import convolve, start_near_identity
from titans_book.memory import limits
from titans_book.memory.choosing import LEFT_OUT, given, network_of, rule_of, start
from titans_book.memory.first import FirstWeights
from titans_book.memory.gating import Gating
from titans_book.memory.groups import begin, check_state
from titans_book.memory.memorize import memorize
from titans_book.memory.objective import Objective
from titans_book.memory.retention import Retention
from titans_book.memory.rule import Rule
from titans_book.memory.state import MemoryState
from titans_book.state import State
from titans_book.values import fetched, finite

EPS = 1e-5  # of the answer's norm: a fresh memory answers nearly 0, and 1e-5 bounds its slope


@dataclass(frozen=True, repr=False)
class LayerState(State):
    """What a NeuralMemory hands on: the memory, and the last inputs of the convolution."""

    memory: MemoryState
    tail: Float[Tensor, "batch taps channels"]

    @property
    def position(self) -> int:
        """Tokens read so far."""
        return self.memory.position


class NeuralMemory(nn.Module):
    """A memory that learns at test time: y, state = memory(x, state).

    dim         width of x and y, split evenly among the heads.
    heads       independent memories, each on dim / heads features.
    rule        a Rule, its `spec`, or the name of a preset: all choices below at once, to which
                those that are given are exceptions. None: `DEFAULT`, and a clamp of 4. Any other
                field of a Rule may be given by its name as well.
    depth       layers of the memory network: 1 is a linear map, 2 (the default) or more a residual
                MLP.
    expansion   hidden width of the MLP over dim / heads; None: 4. Depth 1 has no hidden layer, and
                there expansion and activation must be left out.
    chunk       b: tokens that share the weights at which their gradients are taken; 16.
    objective   "l2" (the default), "dot", "lp", "huber", "shift", or an Objective: the attentional
                bias.
    retention   "initial" (the default): forget towards M_0. "decay": towards 0, the paper's rule,
                with which a deep memory ages. "none": keep everything. See `retention`.
    momentum    whether eta exists; without it S_t is the momentary surprise alone (eq. 8).
    conv        taps of the causal convolution on q, k, v; 1 for none.
    read        "after" (the default): token t reads what it has just written. "before": what stood
                there. "start": what stood there when the chunk began.
    activation  of the memory network: "gelu" (the default), "silu" or "tanh".
    value_activation   SiLU on v as well, as the paper has it.
    theta_max   the largest write rate a gate can open to, as a multiple of the rate that stores a
                pair in one step; 1 unless the rule says otherwise.
    gate        how the gates open: "sigmoid" (the default) or "hard", which reaches 0 and 1; see
                `opening`. As every other field of a Rule it is given by its name.
    clamp       the longest surprise taken at full length, as a multiple of what a fresh memory
                feels at a value with features of size 1; None for no limit. See `soften`.
    damping     how many alike tokens of a chunk may together correct an error fully: chunk / 2
                keeps every chunk of a linear memory stable, 1 a single token; None (the default)
                for the paper's rule. See `damp`.
    recompute   how many chunks are forgotten together and computed again on the way back: less
                memory in training, more time, the same numbers; None forgets nothing.

    Raises ValueError or TypeError naming the field, its value and what is allowed.

    >>> memory = NeuralMemory(dim=16, heads=2)
    >>> y, state = memory(torch.randn(1, 10, 16))
    >>> y.shape, state.memory.position
    (torch.Size([1, 10, 16]), 10)
    """

    def __init__(
        self,
        dim: int,
        heads: int = 1,
        depth: int = LEFT_OUT,
        expansion: int | None = None,
        chunk: int = LEFT_OUT,
        objective: Objective | str | Mapping[str, Any] = LEFT_OUT,
        retention: Retention | str | Mapping[str, Any] = LEFT_OUT,
        momentum: bool = LEFT_OUT,
        conv: int = 4,
        read: str = LEFT_OUT,
        activation: str | None = None,
        value_activation: bool = False,
        theta_max: float = LEFT_OUT,
        clamp: float | None = LEFT_OUT,
        damping: float | None = LEFT_OUT,
        recompute: int | None = None,
        rule: Rule | str | Mapping[str, Any] | None = None,
        **choices: Any,
    ) -> None:
        super().__init__()
        for name, value in dict(dim=dim, heads=heads, conv=conv).items():
            whole(name, value, least=1)
        if dim % heads:
            raise ValueError(f"dim must be a multiple of heads={heads}, got {dim}")
        if recompute is not None:
            whole("recompute", recompute, least=1)
        flag("value_activation", value_activation)
        choices |= given(chunk=chunk, objective=objective, retention=retention, momentum=momentum)
        choices |= given(read=read, clamp=clamp, damping=damping, theta_max=theta_max)
        network = network_of(
            start(rule).network, depth, activation, expansion, choices.pop("network", None)
        )

        self.dim, self.heads, self.conv = dim, heads, conv
        self.value_activation, self.recompute = value_activation, recompute
        self.sizes = network.sizes(dim // heads, 4 if expansion is None else expansion)
        self.rule, self.stable = rule_of(rule, network, choices, self.sizes)
        pairs = self.rule.writes
        self.project = nn.Linear(dim, (1 + 2 * pairs) * dim, bias=False)  # W_Q, W_K, W_V in a row
        self.taps = nn.Parameter(torch.zeros(conv, (1 + 2 * pairs) * dim))
        self.gates = Gating(self.rule, dim, heads, self.stable)
        self.initial = FirstWeights(self.rule, heads, self.sizes)  # M_0
        self.norm = nn.Parameter(torch.ones(dim))
        self.out_gate = nn.Linear(dim, dim, bias=False)
        self.out = nn.Linear(dim, dim, bias=False)
        self.memorize = memorize  # any function with its signature, the reference for example
        self._start()

    def gates_at_start(self) -> dict[str, float]:
        """How far each gate is open before it looks at x: see `gating.at_start`.

        >>> NeuralMemory(8).gates_at_start()["theta"]
        0.1
        """
        return self.gates.at_start

    def first_weights(self) -> list[Tensor]:
        """M_0, one tensor a layer: what a memory is before its first token."""
        return self.initial()

    def reset_parameters(self) -> None:
        """Draw all slow weights afresh, whatever they were."""
        for part in (self.project, self.out_gate, self.out):
            part.reset_parameters()
        nn.init.ones_(self.norm)
        self._start()

    def _start(self) -> None:
        """Where the convolution begins, near the identity, and the gates and M_0 with it.

        A fresh memory stores a pair in one step at the write rate 1 / |h|^2 with h the input of its
        last layer: `stable` is that rate, 1 for a linear memory.
        """
        start_near_identity(self.taps)
        self.gates.reset_parameters()
        self.initial.reset_parameters()

    @torch.no_grad()
    def start_one_behind(self) -> None:
        """Each token is written under the token before it: W_K = W_Q, and keys look one back.

        Asked with a token, the memory then answers with what came after it when it was last read:
        an induction head, from the first step of the training on. What a layer finds by itself only
        late, or never (chapter 13), it can here refine or unlearn. Raises ValueError if conv is 1,
        with which no key can look back.
        """
        whole("conv", self.conv, least=2)
        dim, keys = self.dim, (1 + self.rule.writes) * self.dim  # behind the queries, before values
        W, taps = self.project.weight, self.taps
        W[dim:keys] = W[:dim].repeat(self.rule.writes, 1)
        taps[-2:, dim:keys] = taps[-2:, dim:keys].flip(0)

    if TYPE_CHECKING:  # what nn.Module hides from type checkers

        def __call__(
            self, x: Tensor, state: LayerState | None = None, trace: list | None = None
        ) -> tuple[Tensor, LayerState]: ...

    def forward(
        self,
        x: Float[Tensor, "batch time dim"],
        state: LayerState | None = None,
        trace: list | None = None,
    ) -> tuple[Float[Tensor, "batch time dim"], LayerState]:
        """Read and write the whole of x; hand the state on to go on later.

        trace: a list that receives one MemoryTrace, see `titans_book.memory.memorize`.
        """
        self._check(x, state)
        q, k, v, tail = self._queries_keys_values(x, state)
        memory = None if state is None else state.memory
        options: dict[str, Any] = {} if self.recompute is None else {"recompute": self.recompute}
        if trace is not None:  # the oracle takes neither
            options["trace"] = trace
        gates, weights = self.gates(x), self.first_weights()
        options |= dict(rule=self.rule, state=memory)
        try:
            y, memory = self.memorize(q, k, v, gates, weights, **options)
        except ValueError:
            finite(x=x)  # if that is the reason, it is the better word
            raise
        return self._answer(y, x), LayerState(memory, tail)

    def read(
        self, x: Float[Tensor, "batch time dim"], state: LayerState | None = None
    ) -> Float[Tensor, "batch time dim"]:
        """y = M*(q): ask the memory as it stands, and write nothing (Titans eq. 15)."""
        return self.recall(x, state)[0]

    def recall(
        self, x: Float[Tensor, "batch time dim"], state: LayerState | None = None
    ) -> tuple[Float[Tensor, "batch time dim"], LayerState]:
        """`read`, and a state of the same memory in which only the convolution has moved on.

        So a stretch of questions may come in several calls, as MAC asks them (Titans eq. 21).
        """
        self._check(x, state)
        fetched(x, taps=self.taps)
        q, _, _, tail = self._queries_keys_values(x, state)
        weights = self.first_weights()
        memory = begin(weights, len(x), self.rule) if state is None else state.memory
        check_state(memory, weights, len(x), self.rule)
        y = limits.ask(self.rule, memory, q.to(memory.weights[0].dtype))
        return self._answer(y, x), LayerState(memory, tail)

    def _check(self, x: Tensor, state: LayerState | None) -> None:
        if x.dim() != 3 or x.shape[-1] != self.dim:
            raise ValueError(f"x must have shape (batch, time, {self.dim}), got {tuple(x.shape)}")
        if state is None:
            return
        if not isinstance(state, LayerState):
            raise TypeError(f"state must be a LayerState or None, got {type(state).__name__}")
        tail = (len(x), self.conv - 1, self.taps.shape[-1])
        if tuple(state.tail.shape) != tail:
            raise ValueError(
                "state belongs to another memory or batch: its tail has shape "
                f"{tuple(state.tail.shape)}, this call needs {tail}"
            )

    def _queries_keys_values(self, x: Tensor, state: LayerState | None):
        """q, k, v as (B, H, T, d), and the inputs that the next call's convolution still needs."""
        z, tail = convolve(self.project(x), self.taps, None if state is None else state.tail)
        pairs = self.rule.writes
        z = rearrange(z, "b t (n h d) -> n b h t d", h=self.heads, d=self.dim // self.heads)
        q, k, v = z[0], *(_in_a_row(x) for x in z[1:].split(pairs))
        eps = max(1e-12, torch.finfo(q.dtype).tiny)  # 1e-12 is 0 in float16
        q, k = (F.normalize(F.silu(part), dim=-1, eps=eps) for part in (q, k))
        if self.rule.learning.name == "kernel":  # likeness as attention measures it
            q, k = q * q.shape[-1] ** 0.5, k * k.shape[-1] ** 0.5
        return q, k, F.silu(v) if self.value_activation else v, tail

    def _answer(self, y: Tensor, x: Tensor) -> Tensor:
        """Normalised per head and gated on the way out (section 4.4)."""
        y = rearrange(F.rms_norm(y, y.shape[-1:], eps=EPS), "b h t d -> b t (h d)").to(x.dtype)
        return self.out(y * self.norm * F.silu(self.out_gate(x)))


def _in_a_row(x: Tensor) -> Tensor:
    """(n, B, H, T, d), the n pairs that each token writes, as (B, H, T n, d)."""
    return x[0] if len(x) == 1 else rearrange(x, "n b h t d -> b h (t n) d")
