"""Self-modifying Titans: memories that make their own keys, values and rates (Nested Learning).

    symbol    meaning                                     equation   identifier
    x_t       a token, (B, H, T, d)                       -          x
    M_box     six memories: k, v, q, eta, alpha, memory   83, 88     weights["k"], ...
    k_t       M_k(x_t), brought to length 1               83         k
    v_t       M_v(x_t)                                    83         v
    q_t       x_t W_q, handed in, or M_q(x_t)             83         q
    eta_t     rate, from M_eta(x_t)                       83         eta
    alpha_t   what is kept, from M_alpha(x_t)             83         keep
    v^_box,t  M_box(v_t), the value of each memory        84         value
    h         input of a layer, for k_t                   89         H[layer]
    D         error at its output, for k_t and v^         85         D[layer]

Every memory is written at k_t, to say v^ from now on, by delta gradient descent on every layer:

    W_t = alpha_t W_{t-1} - eta_t h_t^T (h_t W_{t-1} + D_t)          eqs. 88, 93, in row vectors

All that is generated, and all D, is measured at the memory of the chunk's start (90). What is left
is a delta recurrence in W, so a chunk is one triangular solve for every layer: self_modify. Token
by token it is self_modify_reference (self_loop.py). What the paper leaves open or prints otherwise:

    erase    "once": D is that of -<M(k), v^> (92), so h W is erased once: a delta rule.
             "dgd": D is that of 1/2 |M(k) - v^|^2 (93), which erases h W a second time.
    read     "start": y_t = M of the chunk's start (90). "before": y_t = M_{t-1}(q_t) (86).
    (90)     indexes the end of the token's own chunk, which no token can have read; here it is the
             end of the chunk before.
    (83)     rates are not bounded in print; here eta = eta_max gate(mean of M_eta(x)), alpha =
             gate(mean of M_alpha(x) + 6), gate a sigmoid, or "hard": clamp(z/4 + 1/2, 0, 1).
    v_t      is brought to length 1 as k_t is: nothing else keeps the memories finite.

Taught in chapter 12.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from titans_book.check import choose, flag, positive, whole
from titans_book.memory.network import Network
from titans_book.memory.opening import GATES
from titans_book.memory.pieces import flat, lengths_of, together
from titans_book.memory.recurrence import Weighted, coefficients
from titans_book.memory.state import Layers
from titans_book.state import State
from titans_book.values import finite

__all__ = ["MEMORIES", "SelfState", "self_modify"]

MEMORIES = ("k", "v", "q", "eta", "alpha", "memory")
# added to what M_alpha says, so that memories that say nothing yet forget 0.25 % a token
OPEN = {"sigmoid": 6.0, "hard": 1.99}


@dataclass(frozen=True, repr=False)
class SelfState(State):
    """The memories of self-modifying Titans, by name, now and at the start of the open chunk."""

    memories: dict[str, Layers]
    anchor: dict[str, Layers]
    position: int = 0


@dataclass(frozen=True)
class Options:
    """How the open questions of the paper are answered; see the top of this file."""

    chunk: int = 16
    erase: str = "once"
    read: str = "start"
    gate: str = "sigmoid"
    eta_max: float = 1.0
    activation: str = "gelu"
    normalise: bool = True

    def __post_init__(self) -> None:
        whole("chunk", self.chunk, least=1)
        choose("erase", self.erase, ("once", "dgd"))
        choose("read", self.read, ("start", "before"))
        choose("gate", self.gate, GATES)
        positive("eta_max", self.eta_max)
        flag("normalise", self.normalise)


@dataclass(frozen=True)
class Made:
    """What the memories of a chunk's start make of its tokens."""

    k: Tensor
    v: Tensor
    q: Tensor
    eta: Tensor
    keep: Tensor


def make(net: Network, at: Mapping[str, Layers], x: Tensor, q: Tensor | None, how: Options) -> Made:
    """k, v, q and the rates of every token (eq. 83)."""

    def unit(z: Tensor) -> Tensor:
        return F.normalize(z, dim=-1) if how.normalise else z

    gate = GATES[how.gate].open_
    eta = how.eta_max * gate(net(at["eta"], x).mean(-1))
    keep = gate(net(at["alpha"], x).mean(-1) + OPEN[how.gate])
    asked = unit(net(at["q"], x)) if q is None else q
    return Made(unit(net(at["k"], x)), unit(net(at["v"], x)), asked, eta, keep)


def _errors(
    net: Network, at: Layers, made: Made, how: Options
) -> tuple[Layers, tuple[Tensor, ...]]:
    """(H, D) of one memory at k_t, for the value that it gives itself (eqs. 84-85, 92-93).

    The value is a constant of the inner step; the outer gradient goes through it.
    """
    steps = net.trace(made.k, lambda layer, h: h @ at[layer])
    value = net(at, made.v)
    error = -value if how.erase == "once" else steps.result - value
    return steps.inputs, net.errors(at, steps, error)


def self_modify(
    x: Float[Tensor, "batch heads time dim"],
    q: Float[Tensor, "batch heads time dim"] | None,
    weights: Mapping[str, Sequence[Tensor]],
    *,
    state: SelfState | None = None,
    **options,
) -> tuple[Float[Tensor, "batch heads time dim"], SelfState]:
    """Read x with memories that write themselves, chunk by chunk (Nested Learning eqs. 83-93).

    x        tokens; q: what is asked, x W_q in the paper, or None to let M_q make it.
    weights  the initial layers of each memory, by name: MEMORIES, "q" only where q is None. One
             tensor a layer, (H, d_in, d_out) or (B, H, d_in, d_out).
    options  chunk, erase, read, gate, eta_max, activation, normalise: see the top of this file.
    state    where an earlier call stopped; one call equals any split into calls.

    Returns y and the new state. Raises ValueError or TypeError, naming the argument.
    """
    how, net, state = prepared(x, q, weights, state, options)
    heads, lengths = x.shape[:2], lengths_of(x.shape[2], how.chunk, state.position)
    asked = [None] * len(lengths) if q is None else flat(q).split(lengths, dim=1)
    state, answers = state.map(flat), []
    for piece, question in zip(
        flat(x).split(lengths, dim=1) if lengths else (), asked, strict=True
    ):
        at = state.memories if state.position % how.chunk == 0 else state.anchor
        made = make(net, at, piece, question, how)
        after, y = {}, None
        for name, old in state.memories.items():
            H, D = _errors(net, at[name], made, how)
            after[name], written = _write(old, H, D, made)
            if name == "memory" and how.read == "before":
                y = _read_before(net, old, H, written, made)
        if y is None:
            y = net(at["memory"], made.q)
        answers.append(y)
        state = SelfState(after, at, state.position + piece.shape[1])
    y = together(answers).view(x.shape) if answers else torch.zeros_like(x)
    return y, state.map(lambda W: W.unflatten(0, heads))


def _write(old: Layers, H: Layers, D: Layers, made: Made) -> tuple[Layers, list[Tensor]]:
    """Every layer at the end of the piece, and what each token wrote, d_t: a solve a layer."""
    numbers = coefficients(made.keep, torch.zeros_like(made.keep))
    after, before = Weighted(numbers, False), Weighted(numbers.before(), False)
    eye = torch.eye(made.keep.shape[1], dtype=made.keep.dtype, device=made.keep.device)
    layers, written = [], []
    for W, h, d in zip(old, H, D, strict=True):
        missing = -d - before.answers(h, W, None, None)
        triangle = eye + before.scores(h, h) * made.eta[..., None, :]
        E = torch.linalg.solve_triangular(triangle, missing, upper=False, unitriangular=True)
        written.append(made.eta[..., None] * E)
        beta, P = after.last(numbers.beta), after.rows(numbers.P[..., -1, :])
        layers.append(beta * W + (h * P).mT @ written[-1])
    return tuple(layers), written


def _read_before(net: Network, old: Layers, H: Layers, written: list[Tensor], made: Made) -> Tensor:
    """y_t = M_{t-1}(q_t), through what the tokens before it wrote (eq. 86)."""
    before = Weighted(coefficients(made.keep, torch.zeros_like(made.keep)).before(), False)

    def product(layer: int, g: Tensor) -> Tensor:
        new = before.scores(g, H[layer]) @ written[layer]
        return before.answers(g, old[layer], None, None) + new

    return net.trace(made.q, product).result


def prepared(x, q, weights, state, options) -> tuple[Options, Network, SelfState]:
    """The options, the network that all memories have, and the state to go on from, checked."""
    try:
        how = Options(**options)
    except TypeError:
        known = ", ".join(Options.__dataclass_fields__)
        raise TypeError(f"options are {known}; got {', '.join(options)}") from None
    if x.dim() != 4 or not x.is_floating_point():
        raise ValueError(f"x must have shape (batch, heads, time, dim), got {tuple(x.shape)}")
    if q is not None and q.shape != x.shape:
        raise ValueError(f"q must have the shape of x, {tuple(x.shape)}, got {tuple(q.shape)}")
    wanted = [name for name in MEMORIES if q is None or name != "q"]
    if sorted(weights) != sorted(wanted):
        raise ValueError(f"weights must hold {', '.join(wanted)}, got {', '.join(weights)}")
    depths = {name: len(layers) for name, layers in weights.items()}
    if len(set(depths.values())) != 1:
        raise ValueError(f"weights must have one depth for all memories, got {depths}")
    finite(x=x)
    net = Network(next(iter(depths.values())), how.activation)
    fresh = {
        name: tuple((W if W.dim() == 4 else W.expand(len(x), *W.shape)).to(x.dtype) for W in layers)
        for name, layers in ((name, weights[name]) for name in wanted)
    }
    if state is None:
        return how, net, SelfState(fresh, fresh)
    have = {n: [tuple(W.shape) for W in layers] for n, layers in state.memories.items()}
    want = {n: [tuple(W.shape) for W in layers] for n, layers in fresh.items()}
    if have != want:
        raise ValueError(f"state belongs to other memories: it has {have}, this call needs {want}")
    return how, net, state
