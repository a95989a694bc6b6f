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
is a delta recurrence in W, so a chunk is one triangular solve for every layer, the same for all
memories at once: self_modify. Token by token it is self_modify_reference (self_loop.py). What the
paper leaves open or prints otherwise:

    erase      "once": D is that of -<M(k), v^> (92), so h W is erased once: a delta rule.
               "dgd": D is that of 1/2 |M(k) - v^|^2 (93), which erases h W a second time.
    read       "start": y_t = M of the chunk's start (90). "before": y_t = M_{t-1}(q_t) (86).
    (90)       indexes the end of the token's own chunk, which no token can have read; here it is
               the end of the chunk before.
    (83)       says how rates are made and not how they are bounded: gate, "sigmoid" or "hard",
               clamp(z/4 + 1/2, 0, 1). eta = eta_max gate(z), alpha = gate(z + 6).
    rates      M_eta and M_alpha say d numbers. "mean": z is their mean, one rate a token.
               "channel": z is all of them, and feature j of what the memory says has rates of its
               own: eta_j and alpha_j stand at column j of the last layer. The features of the
               layers before are not those of the memory, and take the mean.
    retention  "decay": alpha keeps, and what is lost is lost (88). "initial": it goes back to M_0,
               W_t = alpha_t W_{t-1} + (1 - alpha_t) W_0 - ...; a deep memory then does not age.
    normalise  v_t is brought to length 1 as k_t is; the paper says it of q and k alone.
    guarded    what a memory is to say is what it says, so it can talk itself up without end. With
               the guard |v^| <= sqrt(d), and eta_t |h_t|^2 <= 2, or 1 where the erasure is double:
               a step may turn the sign of what a layer says, and not make it longer.

Taught in chapter 12.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from titans_book.memory.network import Network
from titans_book.memory.opening import GATES
from titans_book.memory.pieces import lengths_of, split
from titans_book.memory.state import Layers
from titans_book.nested.self_layers import Kept, Reading
from titans_book.nested.self_rules import MEMORIES, OPEN, Options, SelfState, prepared
from titans_book.nested.self_trace import Recorder

__all__ = ["MEMORIES", "SelfState", "self_modify"]


@dataclass(frozen=True)
class Made:
    """What the memories of a chunk's start make of its tokens.

    eta and keep have a tensor for each layer: (B, 1, H, T, 1), for all memories and features, or in
    the last layer (B, 1, H, T, d), for every feature.
    """

    k: Tensor
    v: Tensor
    q: Tensor
    eta: tuple[Tensor, ...]
    keep: tuple[Tensor, ...]


def make(net: Network, at: Layers, x: Tensor, q: Tensor | None, how: Options) -> Made:
    """k, v, q and the rates of every token (eq. 83)."""

    def unit(z: Tensor) -> Tensor:
        return F.normalize(z, dim=-1) if how.normalise else z

    def opened(z: Tensor, more: float = 0.0) -> tuple[Tensor, ...]:
        mean = GATES[how.gate].open_(z.mean(-1, keepdim=True) + more)
        last = GATES[how.gate].open_(z + more) if how.rates == "channel" else mean
        return (mean[:, None],) * (net.layers - 1) + (last[:, None],)

    said = net(tuple(W[:, :-1] for W in at), x[:, None])  # all but the memory itself
    k, v, *asked, eta, alpha = said.unbind(1)
    if q is None:
        q = unit(asked[0])
    rates = tuple(how.eta_max * gate for gate in opened(eta))
    return Made(unit(k), unit(v), q, rates, opened(alpha, OPEN[how.gate]))


def self_modify(
    x: Float[Tensor, "batch heads time dim"],
    q: Float[Tensor, "batch heads time dim"] | None,
    weights: Mapping[str, Sequence[Tensor]],
    *,
    state: SelfState | None = None,
    trace: list | None = None,
    **options: Any,
) -> tuple[Float[Tensor, "batch heads time dim"], SelfState]:
    """Read x with memories that write themselves, chunk by chunk (Nested Learning eqs. 83-93).

    x        tokens; q: what is asked, x W_q in the paper, or None to let M_q make it.
    weights  the initial layers of each memory, by name: MEMORIES, "q" only where q is None. One
             tensor a layer, (H, d_in, d_out) or (B, H, d_in, d_out).
    options  chunk, erase, read, gate, rates, retention, eta_max, activation, normalise, guarded:
             see the top of this file.
    state    where an earlier call stopped; one call equals any split into calls.
    trace    a list that receives a MemoryTrace of each memory, "memory" first: see self_trace.py.

    Returns y and the new state. Raises ValueError or TypeError, naming the argument.
    """
    how, net, first, state = prepared(x, q, weights, state, options)
    lengths = lengths_of(x.shape[2], how.chunk, state.position)
    origin = first if how.retention == "initial" else (None,) * net.layers
    asked = [None] * len(lengths) if q is None else split(q, lengths)
    recorder = None if trace is None else Recorder(state, trace)
    answers = []
    for piece, question in zip(split(x, lengths), asked, strict=True):
        at = state.layers if state.position % how.chunk == 0 else state.anchor
        made = make(net, at, piece, question, how)
        layers, value = _read(net, at, state.layers, made, origin, how)
        answers.append(_answer(net, at, layers, made, how))
        after = tuple(layer.end() for layer in layers)
        state = SelfState(after, at, state.position + piece.shape[2])
        if recorder is not None:
            square = sum(layer.square() for layer in layers)
            shown = (made.eta[-1], made.keep[-1], made.k[:, None], value, square)
            recorder.add(*shown, state)
    if recorder is not None:
        recorder.finish()
    return torch.cat(answers, dim=2) if answers else torch.zeros_like(x), state


def _read(
    net: Network, at: Layers, now: Layers, made: Made, origin: Sequence, how: Options
) -> tuple[list[Reading], Tensor]:
    """Every layer of all memories as it reads and writes the piece, and the values v^ (eq. 84).

    The value is a constant of the inner step; the outer gradient goes through it.
    """
    steps = net.trace(made.k[:, None], lambda layer, h: h @ at[layer])
    value = limited(net(at, made.v[:, None]), how)
    error = -value if how.erase == "once" else steps.result - value  # (92), (93)
    D = net.errors(at, steps, error)
    last = Kept.of(made.keep[-1])
    inside = last if how.rates == "mean" else Kept.of(made.keep[0])
    kept = [inside] * (net.layers - 1) + [last]
    rates = [bounded(eta, h, how) for eta, h in zip(made.eta, steps.inputs, strict=True)]
    layers = zip(kept, rates, steps.inputs, now, D, origin, strict=True)
    return [Reading(*layer) for layer in layers], value


def limited(value: Tensor, how: Options) -> Tensor:
    """v^, no longer than a vector with features of size 1, if guarded."""
    if not how.guarded:
        return value
    return value / (value.norm(dim=-1, keepdim=True) / value.shape[-1] ** 0.5).clamp(min=1)


def bounded(eta: Tensor, h: Tensor, how: Options) -> Tensor:
    """eta_t, no larger than that which turns what a layer says at h_t around, if guarded."""
    if not how.guarded:
        return eta
    most = 2 if how.erase == "once" else 1
    return eta / (eta * h.square().sum(-1, keepdim=True) / most).clamp(min=1)


def _answer(net: Network, at: Layers, layers: list[Reading], made: Made, how: Options) -> Tensor:
    """y_t, of the chunk's start (90) or of what the tokens before have written (86)."""
    if how.read == "start":
        return net(tuple(W[:, -1] for W in at), made.q)
    return net.trace(made.q[:, None], lambda layer, g: layers[layer].ask(g)).result[:, 0]
