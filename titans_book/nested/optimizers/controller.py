"""A network that turns the learning rates while an optimizer works.

    symbol   meaning                                                     identifier
    c        factor on a group's learning rate                           exp(speak(...))
    s        what the network is told of a group, three numbers          heard
    D_t      the step that the group has just taken, W_{t+1} - W_t       moves
    phi      weights of the network                                      network

Taught in chapter 11.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from titans_book.check import whole
from titans_book.nested.optimizers.around import Around
from titans_book.nested.optimizers.base import INFINITY, Closure, evaluated, within

REMEMBERS = 0.9  # of the running means that loss and gradient are compared with
HEARS = 3  # numbers in s


class NestedController(Around):
    """Every group's learning rate times a factor that a small network chooses at every step.

        c = exp(log(bound) tanh(w_2 tanh(W_1 s + b_1) + b_group))      in [1 / bound, bound]
        s = (log loss / its running mean, log |g| / its running mean, cos(g_t, D_{t-1}))

    The network has an objective of its own, the slope of the next loss along the last step: as
    D is proportional to c,  d L_{t+1} / d log c_t = <g_{t+1}, D_t>,  and phi descends

        cos(g_{t+1}, D_t) log c_t(phi) + calm / 2 (log c_t(phi))^2

    with rate `rate`, one step of gradient descent a step. It starts at c = 1. The slope is that of
    one batch and one step ahead, so it knows nothing of what a rate does in the long run: it is
    short-sighted, as all such rules are. Around AdamW on a byte language model it helps where the
    rate is far too low, and changes nothing beyond the spread of seeds where the rate is tuned
    (notebooks/records/optimizers_cpu.json).

    The network is told the loss by a closure, or by `observe(loss)` before the step (the project's
    training does that); without it the first number of s is 0. It keeps one copy of the parameters'
    last step. The groups' own rates are left as they were, so a schedule goes on undisturbed.

    `factors()` says what c was at the last step, for every group.

    Raises ValueError for rate < 0, bound < 1, calm < 0, hidden < 1, TypeError for an inner that is
    no optimizer. Taught in chapter 11.
    """

    def __init__(
        self,
        inner: Optimizer,
        rate: float = 0.02,
        *,
        bound: float = 4.0,
        calm: float = 0.02,
        hidden: int = 8,
        seed: int = 0,
    ) -> None:
        within("rate", rate, 0, INFINITY)
        within("bound", bound, 1, INFINITY)
        within("calm", calm, 0, INFINITY)
        whole("hidden", hidden, least=1)
        whole("seed", seed, least=0)
        super().__init__(inner)
        self.rate, self.bound, self.calm = rate, bound, calm
        drawn = torch.randn(HEARS, hidden, generator=torch.Generator().manual_seed(seed))
        zeros = torch.zeros
        self.network = {
            "W_1": drawn,
            "b_1": zeros(hidden),
            "w_2": zeros(hidden),
            "b": zeros(len(self.param_groups)),
        }
        self.moves: dict[Tensor, Tensor] = {}
        self.heard = zeros(len(self.param_groups), HEARS)
        self.means: list[float | None] = [None] * (1 + len(self.param_groups))  # loss, then |g|
        self.last = [1.0] * len(self.param_groups)
        self._loss: float | None = None

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Refused once the network is made for its groups; add them to the inner one before."""
        if hasattr(self, "network"):
            raise RuntimeError("add groups to the inner optimizer before it is given a controller")
        super().add_param_group(param_group)

    def observe(self, loss: float | Tensor) -> None:
        """Tell the network the loss whose gradients the next step will use."""
        self._loss = float(loss.detach() if isinstance(loss, Tensor) else loss)
        super().observe(loss)

    def factors(self) -> list[float]:
        """What the learning rate of every group was multiplied by at the last step."""
        return list(self.last)

    def speak(self, heard: Tensor, network: dict[str, Tensor] | None = None) -> Tensor:
        """log c of every group, for what was heard of them."""
        n = network or self.network
        hidden = torch.tanh(heard @ n["W_1"] + n["b_1"])
        return math.log(self.bound) * torch.tanh(hidden @ n["w_2"] + n["b"])

    @torch.no_grad()
    def step(self, closure: Closure | None = None) -> float | Tensor | None:
        """Judge the last factors by this gradient, choose new ones, and let `inner` step."""
        loss = evaluated(closure)
        if loss is not None:
            self.observe(loss)
        norms, slopes = self._measured()
        if self.moves:
            self._learn(slopes)
        self.heard = self._listen(norms, slopes)
        self.last = self.speak(self.heard).exp().tolist()
        self._loss = None
        before = {p: p.clone() for p in self._params() if p.grad is not None}
        rates = [group["lr"] for group in self.param_groups]
        try:
            for group, factor in zip(self.param_groups, self.last, strict=True):
                group["lr"] = group["lr"] * factor
            self.inner.step()
        finally:
            for group, rate in zip(self.param_groups, rates, strict=True):
                group["lr"] = rate
        self.moves = {p: p - old for p, old in before.items()}
        return loss

    def _measured(self) -> tuple[list[float], list[float]]:
        """|g| and cos(g, D) of every group."""
        norms, slopes = [], []
        for group in self.param_groups:
            g = [p.grad for p in group["params"] if p.grad is not None]
            both = [(p.grad, self.moves[p]) for p in group["params"]
                    if p.grad is not None and p in self.moves]  # fmt: skip
            norms.append(_length(g))
            inner = sum(((a * b).sum() for a, b in both), torch.zeros(()))
            size = _length([a for a, _ in both]) * _length([b for _, b in both])
            slopes.append(float(inner) / size if size else 0.0)
        return norms, slopes

    def _learn(self, slopes: list[float]) -> None:
        """One step down the objective, for what was said of what was heard."""
        with torch.enable_grad():
            phi = {name: w.clone().requires_grad_() for name, w in self.network.items()}
            said = self.speak(self.heard, phi)
            goal = (torch.tensor(slopes) * said + self.calm / 2 * said.square()).sum()
            slopes_phi = torch.autograd.grad(goal, list(phi.values()))
        for weight, slope in zip(self.network.values(), slopes_phi, strict=True):
            weight.sub_(slope, alpha=self.rate)

    def _listen(self, norms: list[float], slopes: list[float]) -> Tensor:
        """s of every group; the running means take in what is new."""
        news = [self._loss, *norms]
        ratios = [_ratio(new, mean) for new, mean in zip(news, self.means, strict=True)]
        pairs = zip(news, self.means, strict=True)
        self.means = [_mixed(new, mean) for new, mean in pairs]
        rows = [[ratios[0], r, c] for r, c in zip(ratios[1:], slopes, strict=True)]
        return torch.tensor(rows, dtype=torch.float32)

    def _own(self) -> dict[str, Any]:
        moves = {i: self.moves[p] for i, p in enumerate(self._params()) if p in self.moves}
        network = dict(self.network)
        rest = {"means": list(self.means), "last": list(self.last)}
        return {"network": network, "moves": moves, "heard": self.heard, **rest}

    def _take(self, own: dict[str, Any]) -> None:
        params = self._params()
        self.network = {name: own["network"][name].clone() for name in self.network}
        self.moves = {params[i]: move.to(params[i]).clone() for i, move in own["moves"].items()}
        self.heard, self.means, self.last = (
            own["heard"].clone(),
            list(own["means"]),
            list(own["last"]),
        )


def _length(tensors: list[Tensor]) -> float:
    return torch.nn.utils.get_total_norm(tensors).item() if tensors else 0.0


def _ratio(new: float | None, mean: float | None) -> float:
    """log new / mean, between -3 and 3; 0 where there is nothing to compare."""
    if not new or not mean or new < 0 or mean < 0:
        return 0.0
    return max(-3.0, min(3.0, math.log(new / mean)))


def _mixed(new: float | None, mean: float | None) -> float | None:
    if new is None or mean is None:
        return mean if new is None else new
    return REMEMBERS * mean + (1 - REMEMBERS) * new
