"""A chunk whose memory is formed for every token: the exact form for rules that are no sums.

Two kinds of rules cannot be read through recurrence.py inside a chunk: those whose memory is a
function of what it has gathered at every token, M_t = retain(A_t) (maps.py, at="token"); and
Newton-Schulz, which acts on the momentum of every token (learning.py). Here

    S_t = e_t S_0 - sum_i E_ti theta_i u_i
    A_t = beta_t A_0 + (1 - beta_t) O + sum_i A_ti S_i            or NS(S_i) theta_i
    M_t = retain(A_t)

are made for all t at once, a matrix for every token and layer: exact, and a few times slower.
Taught in chapter 10.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from titans_book.memory import omega
from titans_book.memory.learning import newton_schulz
from titans_book.memory.recurrence import decay_matrix
from titans_book.memory.rule import Rule
from titans_book.memory.state import Layers
from titans_book.memory.surprise import surprise


def wanted(rule: Rule) -> bool:
    """Does the rule need a matrix for every token?"""
    mapped = rule.retention.maps and not at_start(rule)
    return mapped or rule.learning.name == "newton-schulz"


def at_start(rule: Rule) -> bool:
    """Is what is read inside a chunk the memory at its start?"""
    return rule.read == "start" or rule.retention.at == "chunk"


def step(
    rule: Rule, piece: Sequence[Tensor], old: tuple[Layers, ...], origin: Layers | None
) -> tuple[Tensor, Layers, Layers, Tensor]:
    """(y, A_b, S_b, |u_t|^2) of one piece of a chunk; old is (A_0, S_0, anchor, M_0)."""
    *piece, keep, eta = piece
    gathered, momentum, anchor, weights = old
    H, D, theta, felt = surprise(rule, piece, anchor, watch=True)
    mix, decays = decay_matrix(eta), decay_matrix(keep)
    e, beta = eta[:, :1] * mix[..., 0], keep[:, :1] * decays[..., 0]
    if rule.window > 1:
        mix = mix @ omega.band(keep.shape[1], rule.window, keep)
    orthogonal = rule.learning.name == "newton-schulz"
    mix = mix if orthogonal else mix * theta[:, None, :]
    rate = theta[:, -keep.shape[1] :]

    A, S = [], []
    for layer, (h, d) in enumerate(zip(H, D, strict=True)):
        u = h[..., :, None] * d[..., None, :]
        S.append(_rows(e) * momentum[layer][:, None] - torch.einsum("nti,niab->ntab", mix, u))
        step = S[-1]
        if orthogonal:
            step = _rows(rate) * newton_schulz(step, rule.learning.steps)
        kept = _rows(beta) * gathered[layer][:, None]
        if origin is not None:
            kept = kept + _rows(1 - beta) * origin[layer][:, None]
        A.append(kept + torch.einsum("nti,niab->ntab", decays, step))
    y = _read(rule, piece[0], A, anchor, weights)
    last = tuple(s[:, -1].clone() for s in S) if rule.momentum else momentum
    return y, tuple(a[:, -1].clone() for a in A), last, felt


def _read(rule: Rule, q: Tensor, A: list[Tensor], anchor: Layers, weights: Layers) -> Tensor:
    """M_t(q_t) for every token, or M_{t-1}(q_t), or what stood at the chunk's start."""
    if at_start(rule):
        return rule.network.trace(q, lambda layer, g: g @ anchor[layer]).result
    used = [rule.retention.retain(a) for a in A]
    if rule.read == "before":
        used = [
            torch.cat([W[:, None], M[:, :-1]], dim=1) for W, M in zip(weights, used, strict=True)
        ]

    def product(layer: int, g: Tensor) -> Tensor:
        return (g[..., None, :] @ used[layer])[..., 0, :]

    return rule.network.trace(q, product).result


def _rows(numbers: Tensor) -> Tensor:
    """A number for every token, ready to multiply its matrix."""
    return numbers[..., None, None]


def mapped(
    rule: Rule, gathered: Layers, weights: Layers, position: int, more: dict
) -> tuple[Layers, dict]:
    """(M, the groups of the state beside the three), from what has been gathered."""
    if not rule.retention.maps:
        return gathered, more
    ends = position % rule.chunk == 0
    used = weights
    if ends or rule.retention.at == "token":
        used = tuple(map(rule.retention.retain, gathered))
    if ends:
        pairs = zip(gathered, used, strict=True)
        gathered = tuple(rule.retention.settle(A, M) for A, M in pairs)
    return used, {"gathered": gathered, **more}
