"""From a token to its gates: how much a layer writes, carries on and forgets.

    eta     = sigmoid(x W_eta + ...)                                    momentum decay
    theta   = theta_max sigmoid(x W_theta + ...) (1 - eta) / |h|^2      write rate
    alpha   = sigmoid(x W_alpha + ...)                                  forgetting
    delta   = 2 start sigmoid(x W_delta + ...)                          Yaad: where large begins
    erase, write = sigmoid(x W + ...)                                   Gated DeltaNet-2

The papers leave their form open; these are ours. Momentum repeats a write 1 + eta + eta^2 + ... =
1 / (1 - eta) times, so theta carries the factor (1 - eta): momentum then spreads a write over time
and does not enlarge it, and a gate that opens wide cannot push the memory over the edge of
stability. A rule without a use for a gate has none. With gate="hard" every sigmoid but delta's,
which must stay above 0, is the hard gate of opening.py. Taught in chapters 04, 07, 10 and 12.
"""

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from titans_book.memory.gates import Gates
from titans_book.memory.opening import GATES, Gate
from titans_book.memory.rule import Rule

# theta in units of the stable write rate, alpha for each layer of the network
START = {"theta": 0.2, "eta": 0.5, "alpha": 0.0025}


def at_start(rule: Rule) -> dict[str, float]:
    """How far each gate is open before it looks at x.

    theta   in long chunks lower: a chunk of alike tokens takes away 1.6 times their error; from
            twice on it would grow (stability.py). The hidden layers of a network deeper than two
            learn as well, and add to it. A window writes each pair so many times. Of an Lp
            objective above p = 2 large errors move the memory far: it starts at a tenth for each
            step of p.
    alpha   the deeper, the more: what a deep memory holds gets in the way of what comes.

    >>> at_start(Rule.of(2))["theta"]
    0.1
    """
    depth, together = rule.network.depth, rule.chunk + rule.window - 1
    theta = min(START["theta"], 3.2 / (together * max(2, depth))) / rule.window
    theta *= 0.1 ** max(0.0, getattr(rule.objective, "p", 2.0) - 2)
    halves = {"delta": 0.5, "erase": 0.5, "write": 0.5}
    return {**halves, **START, "theta": theta, "alpha": START["alpha"] * depth}


class Steady(nn.Module):
    """A gate that does not look at x: one number a head, learned or as it began."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        return x.new_zeros(*x.shape[:-1], 1) + self.bias


class Gating(nn.ModuleDict):
    """gates = gating(x): those that the rule takes, for every token and head.

    dim, heads   of the layer. stable: the write rate that stores a pair in one step.
    """

    def __init__(self, rule: Rule, dim: int, heads: int, stable: float) -> None:
        super().__init__()
        self.rule, self.heads, self.stable, self.at_start = rule, heads, stable, at_start(rule)
        self.unit = _bend(rule, dim // heads)
        for name, width in _widths(rule, dim, heads):
            self[name] = self._gate(name, width, dim)

    def _gate(self, name: str, width: int, dim: int) -> nn.Module:
        steady = name == "alpha" and self.rule.retention.steady
        return Steady(width) if steady else nn.Linear(dim, width)

    def reset_parameters(self) -> None:
        """As far open as `at_start` says, and nearly blind to x."""
        for name, gate in self.items():
            if isinstance(gate, nn.Linear):
                nn.init.normal_(gate.weight, std=0.02)
            nn.init.constant_(gate.bias, self._opening(name).closed(self.at_start[name]))

    def forward(self, x: Float[Tensor, "batch time dim"]) -> Gates:
        n = self.rule.writes
        opened = {
            name: self._opening(name).open_(self._heads(name, gate(x)))
            for name, gate in self.items()
        }
        none = x.new_zeros(len(x), self.heads, n * x.shape[1])
        eta = opened.pop("eta", none)
        open_ = opened.pop("theta", 1.0)  # a rule with two gates writes as they say
        theta = self.rule.theta_max * self.stable * (1 - eta) * open_
        alpha = opened.pop("alpha", none[:, :, ::n])
        if n > 1:  # a token forgets once, at its first write
            once = torch.arange(n * x.shape[1], device=x.device) % n == 0
            alpha = alpha.repeat_interleave(n, dim=2)
            alpha = alpha * (once[:, None] if alpha.dim() == 4 else once)
        if "delta" in opened:
            opened["delta"] = 2 * self.unit * opened["delta"]
        return Gates(theta, eta, alpha, **opened)

    def _opening(self, name: str) -> Gate:
        return GATES["sigmoid" if name == "delta" else self.rule.gate]

    def _heads(self, name: str, z: Tensor) -> Tensor:
        """(B, T, ...) as (B, H, T), or (B, H, T, d) for a gate with features."""
        if name in ("erase", "write") or (name == "alpha" and self.rule.retention.channels):
            return rearrange(z, "b t (h d) -> b h t d", h=self.heads)
        if z.shape[-1] == self.heads:
            return z.mT
        return rearrange(z, "b t (h n) -> b h (t n)", h=self.heads)


def _bend(rule: Rule, dim: int) -> float:
    """Where a threshold starts, as a multiple of what a value with features of 1 is long.

    "switch" starts far out. Beyond its threshold the error is a sign, and the slope of a sign is 0:
    what the outer loop would say to a value stops there. A layer that starts closer learns badly.
    """
    on = getattr(rule.objective, "on", None)
    return {"norm": 1.0, "switch": 4.0}.get(on, dim**-0.5) * dim**0.5


def _widths(rule: Rule, dim: int, heads: int) -> list[tuple[str, int]]:
    """The gates of the rule, and how many numbers a token has of each."""
    found = []
    if rule.learning.name != "kernel" and not rule.split:
        found.append(("theta", heads * rule.writes))
    if rule.momentum:
        found.append(("eta", heads * rule.writes))
    if rule.retention.gated:
        found.append(("alpha", dim if rule.retention.channels else heads))
    return found + [(name, heads * rule.writes if name == "delta" else dim) for name in rule.needs]
