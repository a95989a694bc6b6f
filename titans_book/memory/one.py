"""One token: the recurrence as it is written, without the coefficients of a chunk.

    S_t = eta_t S_{t-1} - theta_t h_t^T D_t
    M_t = keep_t M_{t-1} + (1 - keep_t) O + S_t              O: what the memory falls back to
    y_t = M_t(q_t), or M_{t-1}(q_t), or M at the start of the chunk

with h_t and D_t at the anchor, as in every form. This is what generating a text asks for, where a
call brings one token. Taught in chapters 04 and 06.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from titans_book import compiling
from titans_book.memory.gates import Gates
from titans_book.memory.pieces import flat, sweep
from titans_book.memory.rule import Rule
from titans_book.memory.state import Layers, MemoryState
from titans_book.memory.surprise import surprise
from titans_book.memory.trace import Recorder

STEP = "the memory's step for one token"  # as the log calls it
SWEEP = 4  # tokens between two sweeps (pieces.py): one costs as much as a layer


def has(rule: Rule) -> bool:
    """Does this file run the rule, where a call brings one token?"""
    apart = rule.retention.maps or rule.retention.channels or rule.forget_first
    return rule.learning.name == "gradient" and rule.window == 1 and not apart


def run(
    rule: Rule,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    gates: Gates,
    state: MemoryState,
    origin: Layers | None = None,
    recorder: Recorder | None = None,
) -> tuple[Tensor, MemoryState]:
    """`memorize` for one token, with arguments that are checked and of one dtype."""
    heads, shape = k.shape[:2], v.shape
    theta, eta, keep = rule.rates(gates)
    extra = gates.given()
    piece = [flat(x) for x in (q, k, v, theta, *(extra[name] for name in rule.objective.needs))]
    if origin is not None:
        origin = tuple(flat(W.expand(*heads, *W.shape[-2:])) for W in origin)
    state = state.map(flat)
    anchor = state.weights if state.position % rule.chunk == 0 else state.anchor
    old, decays = (state.weights, state.momentum, anchor), (flat(eta), flat(keep))
    step = compiling.step(_token, q.device, STEP)
    position, watch = state.position + 1, recorder is not None
    y, M, S, felt = step(rule, piece, decays, old, origin, watch, position % SWEEP == 0)
    state = MemoryState.of(M, S, anchor, position)
    if recorder is not None:
        recorder.add(felt, state)
    return y.view(shape), state.map(lambda W: W.unflatten(0, heads))


def _token(
    rule: Rule,
    piece: Sequence[Tensor],
    decays: tuple[Tensor, Tensor],
    old: tuple[Layers, ...],
    origin: Layers | None,
    watch: bool,
    swept: bool,
) -> tuple[Tensor, Layers, Layers, Tensor | None]:
    """The recurrence of the header: y, M, S and, where it is needed or watched, |u|^2.

    piece is (q, k, v, theta) and the gates of the objective, decays are eta and keep, old is
    (M, S, anchor), origin is O, or None for 0.
    """
    weights, momentum, anchor = old
    H, D, theta, felt = surprise(rule, piece, anchor, watch)
    eta, keep = (x[..., None] for x in decays)
    M, S = [], []
    for layer, (h, d) in enumerate(zip(H, D, strict=True)):
        h, d = _scaled(h, d, -theta[..., None])
        kept = keep * weights[layer]
        if origin is not None:
            kept = kept.addcmul_(1 - keep, origin[layer])
        if rule.momentum:
            S.append((eta * momentum[layer]).baddbmm_(h.mT, d))
            M.append(kept.add_(S[-1]))
        else:
            S.append(momentum[layer])
            M.append(kept.baddbmm_(h.mT, d))
    M, S = tuple(M), tuple(S)
    if swept:
        M, S = sweep(M), sweep(S) if rule.momentum else S
    y = rule.network({"after": M, "before": weights, "start": anchor}[rule.read], piece[0])
    return y, M, S, felt


def _scaled(h: Tensor, d: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """The factors of an outer product with the weight on the narrow one."""
    return (weight * h, d) if h.shape[-1] <= d.shape[-1] else (h, weight * d)
