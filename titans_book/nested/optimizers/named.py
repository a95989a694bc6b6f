"""Optimizers by their names: a model, a rate and a weight decay in, an optimizer out.

    adamw            AdamW, betas (0.9, 0.95)
    momentum         the heavy ball (eq. 33)
    delta-momentum   the buffer learns by the delta rule (eqs. 48-49)
    dgd              delta gradient descent (eqs. 56-57), with erase 0.01
    dmgd             a network in the place of the buffer (eq. 50), kind "gradient"
    muon             torch.optim.Muon on the matrices inside, AdamW at 0.4 of the rate on the rest
    m3               Algorithm 1 with means in the place of sums, without the division
    m3-printed       Algorithm 1 as printed
    continuum        AdamW; embeddings and the rest every fourth step, memories at every one; of
                     hope, the levels at their own periods, and all else at every one
    controller       AdamW, with a network that turns its rates

dgd and dmgd take ten times the rate: a heavy ball of 0.9 adds up ten gradients as well. Weight
decay is on matrices alone and decoupled, so a step takes away lr times weight_decay. As the rates
are of different sizes, it is divided by the optimizer's first rate over AdamW's: at their first
rates all take away the same. Taught in chapter 11.
"""

from collections.abc import Callable

import torch
from torch import nn
from torch.optim import Optimizer

from titans_book.check import choose
from titans_book.nested.names import OPTIMIZERS
from titans_book.nested.optimizers.around import Together
from titans_book.nested.optimizers.continuum import ContinuumOptimizer
from titans_book.nested.optimizers.controller import NestedController
from titans_book.nested.optimizers.dgd import DGD
from titans_book.nested.optimizers.dmgd import DMGD
from titans_book.nested.optimizers.groups import build_groups, decaying
from titans_book.nested.optimizers.m3 import M3
from titans_book.nested.optimizers.momentum import DeltaMomentum, Momentum


def adamw(model: nn.Module, lr: float, weight_decay: float) -> torch.optim.AdamW:
    """AdamW for all slow weights; weight decay on those with two axes or more."""
    return torch.optim.AdamW(decaying(model, weight_decay), lr=lr, betas=(0.9, 0.95))


def muon(model: nn.Module, lr: float, weight_decay: float) -> Together:
    """torch.optim.Muon on every matrix that is no embedding, AdamW on all the rest."""
    groups = build_groups(model)
    inside = [p for g in groups if g["role"] != "embeddings" for p in g["params"] if p.dim() == 2]
    chosen = set(inside)
    rest = [p for p in model.parameters() if p not in chosen]
    decay = [{"params": [p for p in rest if p.dim() >= 2], "weight_decay": weight_decay},
             {"params": [p for p in rest if p.dim() < 2], "weight_decay": 0.0}]  # fmt: skip
    others = torch.optim.AdamW(decay, lr=0.4 * lr, betas=(0.9, 0.95))
    return Together([torch.optim.Muon(inside, lr=lr, weight_decay=weight_decay), others])


def continuum(model: nn.Module, lr: float, weight_decay: float) -> ContinuumOptimizer:
    """AdamW on groups by role, of which some wait for several gradients."""
    groups = build_groups(model)
    if not any("period" in group for group in groups):  # no clocks of its own
        groups = build_groups(model, embeddings={"period": 4}, rest={"period": 4})
    split = [
        {**group, "params": params, "weight_decay": decay}
        for group in groups
        for decay, params in (
            (weight_decay, [p for p in group["params"] if p.dim() >= 2]),
            (0.0, [p for p in group["params"] if p.dim() < 2]),
        )
        if params
    ]
    return ContinuumOptimizer(torch.optim.AdamW(split, lr=lr, betas=(0.9, 0.95)), average=True)


_MAKERS: dict[str, Callable[[nn.Module, float, float], Optimizer]] = {
    "adamw": adamw,
    "momentum": lambda model, lr, wd: Momentum(decaying(model, wd), lr=lr),
    "delta-momentum": lambda model, lr, wd: DeltaMomentum(decaying(model, wd), lr=lr),
    "dgd": lambda model, lr, wd: DGD(
        model, lr=10 * lr, erase=0.01, params=decaying(model, wd / 10)
    ),
    "dmgd": lambda model, lr, wd: DMGD(decaying(model, wd / 10), lr=10 * lr),
    "muon": muon,
    "m3": lambda model, lr, wd: M3(decaying(model, wd), lr=lr, ema=True, divide=False),
    "m3-printed": lambda model, lr, wd: M3(decaying(model, wd), lr=lr),
    "continuum": continuum,
    "controller": lambda model, lr, wd: NestedController(adamw(model, lr, wd)),
}


def named(
    name: str, model: nn.Module, lr: float | None = None, weight_decay: float = 0.0
) -> Optimizer:
    """The optimizer of that name for all parameters of the model; see the top of this file.

    lr: None for the one that `titans_book.nested.names.OPTIMIZERS` has for it. Raises ValueError
    for an unknown name.

    >>> named("momentum", nn.Linear(2, 2)).param_groups[0]["momentum"]
    0.9
    """
    choose("optimizer", name, OPTIMIZERS)
    first = OPTIMIZERS[name]
    decay = weight_decay * OPTIMIZERS["adamw"] / first
    return _MAKERS[name](model, first if lr is None else lr, decay)
