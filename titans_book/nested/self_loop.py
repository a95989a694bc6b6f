"""Self-modifying Titans token by token, the errors by autograd: the oracle of self_modifying.py.

Taught in chapter 12.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.memory.network import Network
from titans_book.memory.state import Layers
from titans_book.nested.self_modifying import Made, Options, SelfState, make, prepared

__all__ = ["self_modify_reference"]


def self_modify_reference(
    x: Float[Tensor, "batch heads time dim"],
    q: Float[Tensor, "batch heads time dim"] | None,
    weights: Mapping[str, Sequence[Tensor]],
    *,
    state: SelfState | None = None,
    **options,
) -> tuple[Float[Tensor, "batch heads time dim"], SelfState]:
    """The same function, one token after the other, the errors by autograd: the oracle."""
    how, net, state = prepared(x, q, weights, state, options)
    now, anchor, position = dict(state.memories), dict(state.anchor), state.position
    answers = []
    for t in range(x.shape[2]):
        if position % how.chunk == 0:
            anchor = dict(now)
        at = slice(t, t + 1)
        made = make(net, anchor, x[:, :, at], None if q is None else q[:, :, at], how)
        answers.append(net(anchor["memory"] if how.read == "start" else now["memory"], made.q))
        eta, keep = made.eta[..., None], made.keep[..., None]
        for name, old in now.items():
            slopes, inputs = _slopes(net, anchor[name], made, how)
            now[name] = tuple(
                keep * W - eta * (h.mT @ (h @ W) + slope)
                for W, h, slope in zip(old, inputs, slopes, strict=True)
            )
        position += 1
    y = torch.cat(answers, dim=2) if answers else torch.zeros_like(x)
    return y, SelfState(now, anchor, position)


def _slopes(net: Network, at: Layers, made: Made, how: Options) -> tuple[Layers, Layers]:
    """The gradient of the inner loss by every layer, by autograd, and the layers' inputs."""
    with torch.enable_grad():
        leaves = [W.clone() if W.requires_grad else W.detach().requires_grad_() for W in at]
        steps = net.trace(made.k, lambda layer, h: h @ leaves[layer])
        value = net(at, made.v)  # of the memory itself: a constant of the inner step
        loss = -(steps.result * value).sum()
        if how.erase == "dgd":
            loss = 0.5 * (steps.result - value).square().sum()
        slopes = torch.autograd.grad(loss, leaves, create_graph=True, materialize_grads=True)
    inputs = net.trace(made.k, lambda layer, h: h @ at[layer]).inputs
    return slopes, inputs
