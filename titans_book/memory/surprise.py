"""The surprise of the tokens of a chunk, as two vectors each: the beginning of every form.

u_t = h_t^T D_t for a layer with input h and error D, both at the anchor: never a matrix. Taught in
chapters 02, 05 and 06.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from titans_book.memory.guards import damp, soften
from titans_book.memory.recurrence import Coefficients
from titans_book.memory.rule import Rule
from titans_book.memory.state import Layers


def surprise(
    rule: Rule, piece: Sequence[Tensor], anchor: Layers, watch: bool
) -> tuple[Layers, Layers, Tensor, Tensor | None]:
    """(H, D, theta, |u_t|^2): u_t = h_t^T D_t at the anchor, theta as the guards leave it."""
    _, k, v, theta, *needs = piece
    net = rule.network
    steps = net.trace(k, lambda layer, h: h @ anchor[layer])
    gates = dict(zip(rule.objective.needs, needs, strict=False))
    H, D = steps.inputs, net.errors(anchor, steps, rule.objective.error(steps.result, v, **gates))
    guarded = rule.damping is not None or rule.clamp is not None
    felt = squared_surprise(H, D) if watch or guarded else None
    if rule.damping is not None:
        theta = theta * damp(theta, felt, D[-1], rule.damping)
    if rule.clamp is not None:
        theta = theta * soften(felt, rule.clamp)
    return H, D, theta, felt


def squared_surprise(inputs: Layers, errors: Layers) -> Tensor:
    """|u_t|^2 of every token: the gradient of layer l is h_l^T D_l, of norm |h_l| |D_l|."""
    layers = zip(inputs, errors, strict=True)
    return sum(h.square().sum(-1) * D.square().sum(-1) for h, D in layers)


def forgotten(anchor: Layers, numbers: Coefficients, origin: Layers | None) -> Layers:
    """keep_t M_{t-1}, the memory before it is written to: of a chunk of one token."""
    keep = numbers.beta[..., -1, None, None]
    if origin is None:
        return tuple(keep * W for W in anchor)
    return tuple(torch.lerp(old, W, keep) for old, W in zip(origin, anchor, strict=True))
