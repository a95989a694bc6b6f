"""The oracle: the recurrence token by token, in float64, with autograd. Nothing here is fast.

Every other form of the memory is tested against this one, never against a sibling. It is the line
that the whole book teaches, read aloud (design: one gradient per token, at the last boundary M_t'):

    u_t = gradient at M_t' of loss(M_t'(k_t), v_t)      surprise    Titans eqs. 8, 12, 16
    S_t = eta_t S_{t-1} - theta_t u_t                   momentum    Titans eqs. 10, 14
    M_t = O + keep_t (M_{t-1} - O) + S_t                forgetting  Titans eq. 13, where O = 0
    y_t = M_t(q_t)                                      read        Titans eq. 15
"""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.memory.guards import damp, soften
from titans_book.memory.presets import resolve
from titans_book.memory.rule import Rule
from titans_book.memory.state import Gates, MemoryState, check, resume


def memorize(
    q: Float[Tensor, "batch heads time dim"],
    k: Float[Tensor, "batch heads time dim"],
    v: Float[Tensor, "batch heads time dim_v"],
    gates: Gates,
    weights: Sequence[Tensor],
    *,
    rule: Rule | str | None = None,
    state: MemoryState | None = None,
    **choices: Any,
) -> tuple[Float[Tensor, "batch heads time dim_v"], MemoryState]:
    """The same function as `titans_book.memory.memorize`, one token after the other, in float64.

    Arguments and errors are those of the fast form; y and the state come back in float64, and both
    can be differentiated (the inner gradient keeps its graph).
    """
    check(q, k, v, gates, weights)
    rule = resolve(rule, len(weights), **choices)
    net, loss = rule.network, rule.objective.loss
    q, k, v = q.double(), k.double(), v.double()
    theta, eta = gates.theta.double(), rule.eta(gates.eta.double())
    keep = rule.retention.keep(gates.alpha.double())
    start = resume(state, weights, len(k), torch.float64)
    M, S, anchor, position = start.weights, start.momentum, start.anchor, start.position
    origin = rule.origin(weights, torch.float64) or [torch.zeros_like(m) for m in M]

    answers = []
    for t in range(k.shape[2]):
        if position % rule.chunk == 0:
            anchor = M
        if rule.read == "before":
            answers.append(net(M, q[:, :, t : t + 1]))
        k_t, v_t = k[:, :, t : t + 1], v[:, :, t : t + 1]
        u = _gradient(net, loss, anchor, k_t, v_t)
        shorter = _guards(rule, u, theta[:, :, t], anchor, k_t, v_t)
        u = [shorter * g for g in u]
        S = [_at(eta, t) * s - _at(theta, t) * g for s, g in zip(S, u, strict=True)]
        M = [o + _at(keep, t) * (m - o) + s for m, s, o in zip(M, S, origin, strict=True)]
        if rule.read == "after":
            answers.append(net(M, q[:, :, t : t + 1]))
        position += 1
    y = torch.cat(answers, dim=2) if answers else torch.zeros_like(v)
    return y, MemoryState.of(M, S, anchor, position)


def _at(gate: Tensor, t: int) -> Tensor:
    """The gate of token t, ready to multiply a weight matrix."""
    return gate[:, :, t, None, None]


def _guards(rule: Rule, u, theta, anchor, k, v) -> Tensor:
    """What the guards leave of the surprise, (B, H, 1, 1); all of it by the paper's rule."""
    square, factor = sum(g.square().sum((-2, -1)) for g in u), torch.ones_like(theta)
    if rule.damping is not None:
        error = rule.objective.error(rule.network(anchor, k), v)[:, :, 0]
        factor = factor * damp(theta, square, error, rule.damping)
    if rule.clamp is not None:
        factor = factor * soften(square, rule.clamp)
    return factor[..., None, None]


def _gradient(net, loss, weights, k, v) -> tuple[Tensor, ...]:
    """u_t by autograd. Every sequence and head has weights of its own, so a sum mixes nothing.

    It is differentiated in copies of the weights: k and v may be made from the weights themselves,
    as in MAC, and the surprise at a pair takes the pair as given.
    """
    outer = torch.is_grad_enabled()  # without it every W is a constant of the outer loop
    with torch.enable_grad():
        leaves = [
            W.clone() if outer and W.requires_grad else W.detach().requires_grad_() for W in weights
        ]
        total = loss(net(leaves, k), v).sum()
        return torch.autograd.grad(total, leaves, create_graph=True, materialize_grads=True)
