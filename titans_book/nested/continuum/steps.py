"""How a level is updated.

    symbol    meaning                                        identifier
    g_i       gradient of token i's loss                     gradients
    C, eta    period and rate                                clock.period, clock.rate
    rho       what an update keeps of what was learned       clock.keep
    W_0       what it falls back to                          origin

    W_{i+1} = W_0 + rho (W_i - W_0) - eta (g_{i-C+1} + ... + g_i)   if C divides i,   else W_i

is Nested Learning eq. 71 with a window of C terms (the paper prints C + 1, one of them counted
twice) and with retention. The gradients are taken at W_i, which has not let go yet.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from titans_book.nested.continuum.clocks import Clock
from titans_book.nested.continuum.state import LevelState, Weights

EPS = 1e-6  # an update moves a level if it changes it by more than this share of its length


def fresh(parameters: Weights, batch: int, moved: Tensor) -> LevelState:
    """A level at its start, which is the same in every row."""
    return LevelState(started(parameters, batch), None, moved)


def started(parameters: Weights, batch: int) -> Weights:
    """The parameters for every row, in float32 at least; under no_grad cut off from them."""
    if not torch.is_grad_enabled():  # a view of a parameter asks for gradients even then
        parameters = {name: p.detach() for name, p in parameters.items()}
    return {
        name: p.to(torch.promote_types(p.dtype, torch.float32)).expand(batch, *p.shape)
        for name, p in parameters.items()
    }


def gathered(window: Weights | None, gradients: Weights) -> Weights:
    """The window with the gradients of more tokens."""
    if window is None:
        return dict(gradients)
    return {name: window[name] + g for name, g in gradients.items()}


def stepped(
    weights: Weights, window: Weights | None, origin: Weights | None, clock: Clock, average: bool
) -> Weights:
    """The weights after an update; origin None is 0."""
    rate = clock.rate / clock.period if average else clock.rate
    after = {}
    for name, W in weights.items():
        if clock.keep == 1:
            kept = W
        elif origin is None:
            kept = clock.keep * W
        else:
            kept = origin[name] + clock.keep * (W - origin[name])
        after[name] = kept if window is None else kept - rate * window[name]
    return after


def updated(level: LevelState, origin: Weights | None, clock: Clock, average: bool) -> LevelState:
    """The level after an update with its window."""
    after = stepped(level.weights, level.window, origin, clock, average)
    moved = level.moved + moves(level.weights, after)
    return replace(level, weights=after, window=None, moved=moved, updates=level.updates + 1)


def length(weights: Weights) -> Tensor:
    """|W| of every row, all parameters together."""
    squares = [W.detach().flatten(1).square().sum(1) for W in weights.values()]
    return torch.stack(squares).sum(0).sqrt()


def moves(before: Weights, after: Weights) -> Tensor:
    """1 for every row that an update changed by more than EPS of its length, else 0."""
    change = length({name: after[name] - W for name, W in before.items()})
    return (change > EPS * length(before)).to(change)


def untouched(module: nn.Module, weights: Weights) -> bool:
    """Whether the weights are the module's own, in every row."""
    own = dict(module.named_parameters())
    return all(bool((own[name].to(W.dtype) == W).all()) for name, W in weights.items())


def shapes(levels: tuple[LevelState, ...]) -> list[dict[str, tuple[int, ...]]]:
    """Names and shapes of all weights, by which a state of another memory is told."""
    return [
        {name: tuple(W.shape) for name, W in level.weights.items()}
        | ({} if level.start is None else {"with a start of its own": ()})
        for level in levels
    ]
