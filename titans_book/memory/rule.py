"""The Rule: all choices that make one memory what it is, as one value that can be handed on.

A Rule is frozen and hashable. `Rule.of` makes one of plain keywords, `spec` and `from_spec` carry
it through JSON: into configs, checkpoints, and the compiled operator. presets.py has those that
bear a name. Taught in chapter 10.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import Tensor

from titans_book.check import choose, flag, positive, whole
from titans_book.memory import combining, maps  # noqa: F401  (maps brings its retentions)
from titans_book.memory.learning import Gradient, Learning
from titans_book.memory.network import Network
from titans_book.memory.network import resolve as network_of
from titans_book.memory.objective import L2, Objective
from titans_book.memory.opening import GATES
from titans_book.memory.retention import Decay, Retention

READS = ("after", "before", "start")
KINDS = {"objective": Objective, "retention": Retention, "learning": Learning}


@dataclass(frozen=True)
class Rule:
    """MIRAS's choices, and how they are applied.

    network    what the memory is: a vector, a linear map, a residual or gated MLP.
    objective  what it is trained on while it reads (attentional bias).
    retention  what it lets go, what it falls back to, and what it makes of what it has gathered.
    learning   what is done with the surprise: a gradient step, or another rule.
    momentum   whether past surprise is carried on; without it eta has no effect (Titans eq. 8).
    chunk      b: gradients are taken at the weights of the last multiple of b tokens.
    read       "after": y_t = M_t(q_t). "before": y_t = M_{t-1}(q_t). "start": y_t = M_t'(q_t), what
               stood at the start of the chunk.
    clamp      the longest surprise |u_t| that is taken at full length; None is the paper's rule.
    damping    how many alike tokens of a chunk may together correct an error fully; None is the
               paper's rule, 1 the implicit step of Longhorn. See `guards`.
    forget_first   the surprise is felt by the memory that has forgotten already, as in Gated
               DeltaNet: u_t at keep_t M_{t-1} instead of M_{t-1} (MIRAS calls the second a cold
               start).
    window     c: every token writes the last c pairs again, the Omega rule of ATLAS (eqs. 8-9),
               each with its own theta.
    steps      how often each pair is written, one gradient step after the other.
    writes     how many pairs a token writes: k, v and the gates have `writes` times the tokens of
               q (DeltaProduct).
    split      the pair has an erase gate on its key and a write gate on its value, gates.erase and
               gates.write, (B, H, T, d), as in Gated DeltaNet-2.
    theta_max  how far a layer's write gate opens, in units of the rate that stores a pair in one
               step: above 1 a write may turn an error's sign (negative eigenvalues).
    gate       how a layer's gates open: "sigmoid", which never quite reaches 0 or 1, or "hard",
               which does (opening.py).

    Raises ValueError or TypeError naming the field, and ValueError for choices that do not go
    together (combining.py has the reasons).

    >>> Rule.of(1, objective="dot", momentum=False).spec()["objective"]
    {'name': 'dot'}
    """

    network: Network
    objective: Objective = L2()
    retention: Retention = Decay()
    learning: Learning = Gradient()
    momentum: bool = True
    chunk: int = 16
    read: str = "after"
    clamp: float | None = None
    damping: float | None = None
    forget_first: bool = False
    window: int = 1
    steps: int = 1
    writes: int = 1
    split: bool = False
    theta_max: float = 1.0
    gate: str = "sigmoid"

    def __post_init__(self) -> None:
        for name, kind in {"network": Network, **KINDS}.items():
            if not isinstance(value := getattr(self, name), kind):
                raise TypeError(
                    f"{name} must be of the class {kind.__name__}, got {value!r}; "
                    "Rule.of takes names as well"
                )
        choose("read", self.read, READS)
        choose("gate", self.gate, GATES)
        for name in ("chunk", "window", "steps", "writes"):
            whole(name, getattr(self, name), least=1)
        for name in ("momentum", "forget_first", "split"):
            flag(name, getattr(self, name))
        positive("theta_max", self.theta_max)
        for name in ("clamp", "damping"):
            if getattr(self, name) is not None:
                positive(name, getattr(self, name))
        combining.check(self)
        # As one line, for the compiled operator: made beforehand, since no graph can make it.
        object.__setattr__(self, "line", json.dumps(self.spec()))

    @classmethod
    def of(cls, layers: int, network: Network | str | None = None, **choices: Any) -> "Rule":
        """The Rule for weights of that many layers; the choices are the fields, by name.

        network   "linear" or "vector" (one layer), "mlp" (two or more), "gated" (three), or a
                  Network; None goes by `layers`.
        Objective, retention and learning are given by name, by `spec`, or as they are.

        >>> Rule.of(2, chunk=4).network.depth
        2
        """
        return cls(network_of(network, layers), **_made(choices))

    def but(self, **choices: Any) -> "Rule":
        """The same rule with other choices, given as for `of`.

        >>> Rule.of(1).but(retention="none").retention.name
        'none'
        """
        return replace(self, **_made(choices)) if choices else self

    def origin(self, weights: Sequence[Tensor], dtype: torch.dtype) -> tuple[Tensor, ...] | None:
        """What the memory falls back to, in that dtype; None if that is 0."""
        if not self.retention.to_initial:
            return None
        return self.retention.start([W.to(dtype) for W in weights])

    def rates(self, gates: Any) -> tuple[Tensor, Tensor, Tensor]:
        """(theta, eta, keep) of every token."""
        theta, keep = self.retention.rates(gates.theta, gates.alpha)
        return theta, self.eta(gates.eta), keep

    @property
    def needs(self) -> tuple[str, ...]:
        """The gates beside theta, eta and alpha that it takes."""
        return (*self.objective.needs, *(("erase", "write") if self.split else ()))

    def eta(self, eta: Tensor) -> Tensor:
        """The momentum that this rule takes: eta, or 0 without momentum."""
        return eta if self.momentum else torch.zeros_like(eta)

    def spec(self) -> dict[str, Any]:
        """Plain values for JSON; `Rule.from_spec(spec)` makes the same rule again."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        parts = {name: getattr(self, name).spec() for name in KINDS}
        return plain | parts | {"network": asdict(self.network)}

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> "Rule":
        """The rule that `spec` describes.

        >>> rule = Rule(Network(2, "tanh"), chunk=4)
        >>> Rule.from_spec(rule.spec()) == rule
        True
        """
        return cls(**_made({**spec, "network": Network(**spec["network"])}))


def _made(choices: Mapping[str, Any]) -> dict[str, Any]:
    """The choices with objective, retention and learning in the place of their names."""
    fields = Rule.__dataclass_fields__
    for name in choices.keys() - fields.keys():
        choose("rule: choice", name, sorted(fields))
    return {
        name: KINDS[name].of(value) if name in KINDS else value for name, value in choices.items()
    }
