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
from titans_book.memory.network import Network
from titans_book.memory.network import resolve as network_of
from titans_book.memory.objective import L2, Objective
from titans_book.memory.retention import Decay, Retention


@dataclass(frozen=True)
class Rule:
    """MIRAS's choices, and how they are applied.

    network    what the memory is: a linear map, or a residual MLP.
    objective  what it is trained on while it reads (attentional bias).
    retention  what it lets go, and what it falls back to.
    momentum   whether past surprise is carried on; without it eta has no effect (Titans eq. 8).
    chunk      b: gradients are taken at the weights of the last multiple of b tokens.
    read       "after": y_t = M_t(q_t). "before": y_t = M_{t-1}(q_t).
    clamp      the longest surprise |u_t| that is taken at full length; None is the paper's rule.
    damping    how many alike tokens of a chunk may together correct an error fully; None is the
               paper's rule. See `guards`.

    Raises ValueError or TypeError naming the field.

    >>> Rule.of(1, objective="dot", momentum=False).spec()["objective"]
    {'name': 'dot'}
    """

    network: Network
    objective: Objective = L2()
    retention: Retention = Decay()
    momentum: bool = True
    chunk: int = 16
    read: str = "after"
    clamp: float | None = None
    damping: float | None = None

    def __post_init__(self) -> None:
        kinds = {"network": Network, "objective": Objective, "retention": Retention}
        for name, kind in kinds.items():
            if not isinstance(value := getattr(self, name), kind):
                raise TypeError(
                    f"{name} must be of the class {kind.__name__}, got {value!r}; "
                    "Rule.of takes names as well"
                )
        choose("read", self.read, ("after", "before"))
        whole("chunk", self.chunk, least=1)
        flag("momentum", self.momentum)
        if self.clamp is not None:
            positive("clamp", self.clamp)
        if self.damping is not None:
            positive("damping", self.damping)
            if not self.objective.overshoots:
                raise ValueError(
                    f"damping must be None with objective {self.objective.name!r}: no write can "
                    "overshoot it"
                )
        # As one line, for the compiled operator: made beforehand, since no graph can make it.
        object.__setattr__(self, "line", json.dumps(self.spec()))

    @classmethod
    def of(cls, layers: int, network: Network | str | None = None, **choices: Any) -> "Rule":
        """The Rule for weights of that many layers; the choices are the fields, by name.

        network   "linear" (one layer), "mlp" (two or more), or a Network; None goes by `layers`.
        Objective and retention are given by name, by `spec`, or as they are.

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
        """M_0 in that dtype if the memory falls back to it, None if it falls back to 0."""
        return tuple(W.to(dtype) for W in weights) if self.retention.to_initial else None

    def eta(self, eta: Tensor) -> Tensor:
        """The momentum that this rule takes: eta, or 0 without momentum."""
        return eta if self.momentum else torch.zeros_like(eta)

    def spec(self) -> dict[str, Any]:
        """Plain values for JSON; `Rule.from_spec(spec)` makes the same rule again."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        parts = {"objective": self.objective.spec(), "retention": self.retention.spec()}
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
    """The choices with objective and retention in the place of their names."""
    fields = Rule.__dataclass_fields__
    for name in choices.keys() - fields.keys():
        choose("rule: choice", name, sorted(fields))
    kinds = {"objective": Objective, "retention": Retention}
    return {
        name: kinds[name].of(value) if name in kinds else value for name, value in choices.items()
    }
