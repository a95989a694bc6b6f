"""Self-modifying Titans token by token, the errors by autograd: the oracle of self_modifying.py.

Taught in chapter 12.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.memory.network import Network
from titans_book.memory.state import Layers
from titans_book.nested.self_modifying import Made, bounded, limited, make
from titans_book.nested.self_rules import Options, SelfState, prepared

__all__ = ["self_modify_reference"]


def self_modify_reference(
    x: Float[Tensor, "batch heads time dim"],
    q: Float[Tensor, "batch heads time dim"] | None,
    weights: Mapping[str, Sequence[Tensor]],
    *,
    state: SelfState | None = None,
    **options: Any,
) -> tuple[Float[Tensor, "batch heads time dim"], SelfState]:
    """The same function, one token after the other, the errors by autograd: the oracle."""
    how, net, first, state = prepared(x, q, weights, state, options)
    now, anchor, position = state.layers, state.anchor, state.position
    answers = []
    for t in range(x.shape[2]):
        if position % how.chunk == 0:
            anchor = now
        at = slice(t, t + 1)
        made = make(net, anchor, x[:, :, at], None if q is None else q[:, :, at], how)
        asked = anchor if how.read == "start" else now
        answers.append(net([W[:, -1] for W in asked], made.q))
        slopes, inputs = _slopes(net, anchor, made, how)
        layers = zip(made.eta, made.keep, now, first, inputs, slopes, strict=True)
        now = tuple(
            keep * W + _back_to(W_0, keep, how) - bounded(eta, h, how) * (h.mT @ (h @ W) + slope)
            for eta, keep, W, W_0, h, slope in layers
        )
        position += 1
    y = torch.cat(answers, dim=2) if answers else torch.zeros_like(x)
    return y, SelfState(now, anchor, position)


def _back_to(W_0: Tensor, keep: Tensor, how: Options) -> Tensor | float:
    """What forgetting puts in the place of what is forgotten."""
    return (1 - keep) * W_0 if how.retention == "initial" else 0.0


def _slopes(net: Network, at: Layers, made: Made, how: Options) -> tuple[Layers, Layers]:
    """The gradient of the inner loss by every layer, by autograd, and the layers' inputs."""
    k, v = made.k[:, None], made.v[:, None]
    with torch.enable_grad():
        leaves = [W.clone() if W.requires_grad else W.detach().requires_grad_() for W in at]
        steps = net.trace(k, lambda layer, h: h @ leaves[layer])
        value = limited(net(at, v), how)  # of the memory itself: a constant of the inner step
        loss = -(steps.result * value).sum()
        if how.erase == "dgd":
            loss = 0.5 * (steps.result - value).square().sum()
        slopes = torch.autograd.grad(loss, leaves, create_graph=True, materialize_grads=True)
    return slopes, net.trace(k, lambda layer, h: h @ at[layer]).inputs
