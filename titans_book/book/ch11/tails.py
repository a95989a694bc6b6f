"""A linear task with wild gradients, and MLPs in the place of a momentum (Nested Learning eq. 50).

The target is x w plus noise of Student's t with two degrees of freedom: most of it is small, and a
few values are enormous. The optimizer sees one example at a time. `literal` follows eq. 50 as it
is printed, with the value 1; `with_value` gives the memory the gradient itself as its value.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import torch
from torch import Tensor

__all__ = ["SETTINGS", "Tails", "literal", "tails", "train", "tuned"]

D, LENGTH, RUNS, SIZE, HIDDEN = 16, 600, 6, 0.5, 32

Rule = Callable[[Tensor, tuple | None, Tensor], tuple[Tensor, tuple]]
Tails = tuple[Tensor, Tensor, Tensor]


def tails(runs: int = RUNS, wild: bool = True) -> Tails:
    """Inputs (T, runs, 16), targets (T, runs), and the right weights (runs, 16)."""
    found = []
    for seed in range(runs):
        random = torch.Generator().manual_seed(seed)
        x = torch.randn(LENGTH, D, generator=random, dtype=torch.float64) / D**0.5
        w = torch.randn(D, generator=random, dtype=torch.float64)
        noise = torch.randn(LENGTH, generator=random, dtype=torch.float64)
        rest = torch.randn(LENGTH, 2, generator=random, dtype=torch.float64)
        noise = SIZE * noise / (rest.square().mean(1)).sqrt()
        found.append((x, x @ w + (noise if wild else 0), w))
    x, y, w = zip(*found, strict=True)
    return torch.stack(x, 1), torch.stack(y, 1), torch.stack(w)


def _unit(u: Tensor) -> Tensor:
    return u / u.norm(dim=-1, keepdim=True).clamp(min=1e-30)


def sgd(u: Tensor, state: tuple | None, c: Tensor) -> tuple[Tensor, tuple]:
    """Settings: rate."""
    return -c[0] * u, ()


def clipped(u: Tensor, state: tuple | None, c: Tensor) -> tuple[Tensor, tuple]:
    """Settings: rate, and the length at which a gradient is cut."""
    return -c[0] * _unit(u) * torch.minimum(u.norm(dim=-1, keepdim=True), c[1]), ()


def matrix(u: Tensor, state: tuple | None, c: Tensor) -> tuple[Tensor, tuple]:
    """A matrix as momentum: key u / |u|, value -u. Settings: rate, write rate."""
    k, M = _unit(u), torch.zeros(*u.shape, D, dtype=u.dtype) if state is None else state[0]
    error = -u - (k[..., None, :] @ M).squeeze(-2)
    M = M + c[1][..., None] * k[..., :, None] * error[..., None, :]
    return c[0] * (k[..., None, :] @ M).squeeze(-2), (M,)


def _layers(u: Tensor) -> tuple[Tensor, Tensor]:
    """An MLP that answers nothing yet, for every setting and run."""
    random = torch.Generator().manual_seed(0)
    first = torch.randn(D, HIDDEN, generator=random, dtype=u.dtype).expand(*u.shape, HIDDEN)
    return first, torch.zeros(*u.shape[:-1], HIDDEN, D, dtype=u.dtype)


def _mlp(k: Tensor, pull: Callable[[Tensor], Tensor], layers: tuple, rate: Tensor) -> tuple:
    """The layers after a gradient step. pull: the derivative of the inner loss by the answer."""
    first, second = layers
    k, rate = k[..., None, :], rate[..., None]
    h = torch.tanh(k @ first)
    error = pull((h @ second).squeeze(-2))[..., None, :]
    back = error @ second.mT * (1 - h.square())
    return first - rate * k.mT @ back, second - rate * h.mT @ error


def _asked(k: Tensor, layers: tuple) -> Tensor:
    return (torch.tanh(k[..., None, :] @ layers[0]) @ layers[1]).squeeze(-2)


def mlp(u: Tensor, state: tuple | None, c: Tensor) -> tuple[Tensor, tuple]:
    """An MLP as momentum: key u / |u|, value -u. Settings: rate, write rate."""
    k = _unit(u)
    layers = _mlp(k, lambda answer: answer + u, state or _layers(u), c[1])
    return c[0] * _asked(k, layers), layers


def literal(u: Tensor, state: tuple | None, c: Tensor) -> tuple[Tensor, tuple]:
    """Eq. 50 as printed: the key is u, the inner loss <m(u), 1>. Settings: write rate, decay."""
    first, second = state or _layers(u)
    kept = c[1][..., None]
    layers = _mlp(u, torch.ones_like, (kept * first, kept * second), c[0])
    return _asked(u, layers), layers


RATES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
SETTINGS: dict[str, tuple[Rule, tuple[tuple[float, ...], ...]]] = {
    "SGD": (sgd, (RATES,)),
    "a matrix": (matrix, (RATES, (0.05, 0.2, 0.5))),
    "an MLP": (mlp, (RATES, (0.02, 0.05, 0.1))),
    "clipped SGD": (clipped, (RATES, (0.05, 0.2, 0.5))),
}


def train(rule: Rule, settings: list[tuple[float, ...]], given: Tails) -> tuple[Tensor, Tensor]:
    """Error |w - w*|^2 / |w*|^2 and the cosine of step and -gradient: (T, settings, runs) each."""
    X, Y, right = given
    c = torch.tensor(settings, dtype=X.dtype).T[..., None, None]
    w = torch.zeros(len(settings), *right.shape, dtype=X.dtype)
    state, errors, downhill = None, [], []
    for x, y in zip(X, Y, strict=True):
        u = ((w * x).sum(-1) - y)[..., None] * x
        step, state = rule(u, state, c)
        w = w + step
        downhill.append(torch.cosine_similarity(step, -u, dim=-1))
        errors.append((w - right).square().sum(-1) / right.square().sum(-1))
    return torch.stack(errors), torch.stack(downhill)


def tuned(name: str, given: Tails) -> float:
    """The error in the last third of the stream, with the best of its settings."""
    rule, choices = SETTINGS[name]
    errors, _ = train(rule, list(product(*choices)), given)
    return float(errors[-LENGTH // 3 :].mean((0, 2)).nan_to_num(torch.inf).min())
