"""One token: the recurrence as it is written, without the coefficients of a chunk.

    S_t = eta_t S_{t-1} - theta_t h_t^T D_t
    M_t = keep_t M_{t-1} + (1 - keep_t) O + S_t              O: what the memory falls back to
    y_t = M_t(q_t), or M_{t-1}(q_t), or M at the start of the chunk

with h_t and D_t at the anchor, as in every form. This is what generating a text asks for, where a
call brings one token. Taught in chapters 04 and 06.
"""

from __future__ import annotations

import torch
from torch import Tensor

from titans_book.memory.gates import Gates
from titans_book.memory.pieces import flat, sweep
from titans_book.memory.rule import Rule
from titans_book.memory.state import Layers, MemoryState
from titans_book.memory.surprise import surprise
from titans_book.memory.trace import Recorder


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
    q, k, v, theta = map(flat, (q, k, v, theta))
    eta, keep = flat(eta)[..., None], flat(keep)[..., None]
    extra = gates.given()
    piece = (q, k, v, theta, *(flat(extra[name]) for name in rule.objective.needs))
    state = state.map(flat)
    anchor = state.weights if state.position % rule.chunk == 0 else state.anchor
    H, D, theta, felt = surprise(rule, piece, anchor, watch=recorder is not None)
    M, S = [], []
    for layer, (h, d) in enumerate(zip(H, D, strict=True)):
        h, d = _scaled(h, d, -theta[..., None])
        kept = keep * state.weights[layer]
        if origin is not None:
            fallen = origin[layer].expand(*heads, *kept.shape[-2:])
            kept = torch.lerp(flat(fallen), state.weights[layer], keep)
        if rule.momentum:
            S.append((eta * state.momentum[layer]).baddbmm_(h.mT, d))
            M.append(kept.add_(S[-1]))
        else:
            S.append(state.momentum[layer])
            M.append(kept.baddbmm_(h.mT, d))
    M, S = sweep(tuple(M)), sweep(tuple(S)) if rule.momentum else tuple(S)
    y = rule.network({"after": M, "before": state.weights, "start": anchor}[rule.read], q)
    state = MemoryState.of(M, S, anchor, state.position + 1)
    if recorder is not None:
        recorder.add(felt, state)
    return y.view(shape), state.map(lambda W: W.unflatten(0, heads))


def _scaled(h: Tensor, d: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """The factors of an outer product with the weight on the narrow one."""
    return (weight * h, d) if h.shape[-1] <= d.shape[-1] else (h, weight * d)
