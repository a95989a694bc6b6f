"""MIRAS's four choices as four menus: what a choice is called, and a proof that it is that model.

Every choice is a Rule of the package. The names come from its presets; formulas.py has the models
that bear a name, written out by hand. Both read the same short stream, and `proof` says how far
their answers are apart.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import NamedTuple

import torch
from torch import Tensor

from titans_book.book.ch10.formulas import FORMULAS
from titans_book.memory import Gates, Network, Rule, memorize, presets

__all__ = ["MENUS", "Choice", "Stream", "choices", "example", "named", "proof", "read"]

# what is chosen -> its options, as the reader sees them, and as a Rule takes them
MEMORIES = {"matrix": 1, "MLP": 2}
ERRORS = {
    "dot product": "dot",
    "L2": "l2",
    "p = 3": {"name": "lp", "p": 3.0},
    "Huber": {"name": "huber", "delta": None, "on": "switch"},
}
RETENTIONS = {
    "none": "none",
    "decay": "decay",
    "l_q": {"name": "lq", "q": 4.0},
    "KL": {"name": "kl", "scale": 8.0},
}
RULES = {
    "plain step": {"momentum": False},
    "momentum": {"momentum": True},
    "forget before asking": {"momentum": False, "forget_first": True},
}
MENUS = {
    "memory": tuple(MEMORIES),
    "error": tuple(ERRORS),
    "retention": tuple(RETENTIONS),
    "rule": tuple(RULES),
}
LENGTH, DIM, HIDDEN = 12, 4, 6


class Choice(NamedTuple):
    """One option of each menu."""

    memory: str = "matrix"
    error: str = "dot product"
    retention: str = "none"
    rule: str = "plain step"

    def made(self) -> Rule:
        """The package's Rule; ValueError says why where the choices do not go together.

        >>> Choice(error="L2").made().objective.name
        'l2'
        """
        network = Network(MEMORIES[self.memory], signed=self.retention == "KL")
        bias, gate = ERRORS[self.error], RETENTIONS[self.retention]
        idle = self.retention == "none" or self.error == "dot product"
        first = self.rule == "forget before asking" and idle  # then it is a plain step
        rest = RULES["plain step" if first else self.rule]
        layers = MEMORIES[self.memory]
        return Rule.of(layers, network, objective=bias, retention=gate, chunk=1, **rest)


class Stream(NamedTuple):
    """Twelve tokens, (T, d), and their gates (theta, eta, alpha, delta), (T) each."""

    k: Tensor
    v: Tensor
    gates: tuple[Tensor, ...]


@lru_cache(maxsize=1)
def example() -> Stream:
    """The stream that every proof runs on: random pairs, and gates that change at every token."""
    random = torch.Generator().manual_seed(10)
    k, v = torch.randn(2, LENGTH, DIM, generator=random, dtype=torch.float64)
    theta, eta, alpha, delta = torch.rand(4, LENGTH, generator=random, dtype=torch.float64)
    gates = (0.4 * theta, 0.8 * eta, 0.3 * alpha, 0.5 + delta)
    return Stream(k / k.norm(dim=1, keepdim=True), v, gates)


def _start(rule: Rule) -> list[Tensor]:
    """The memory before the first token; with KL every column is a mixture of its inputs."""
    random, depth = torch.Generator().manual_seed(11), rule.network.depth
    sizes = [(DIM, DIM)] if depth == 1 else [(DIM, HIDDEN), (HIDDEN, DIM)]
    twice = 2 if rule.network.signed else 1
    shapes = [(1, twice * rows, columns) for rows, columns in sizes]
    weights = [torch.randn(shape, generator=random, dtype=torch.float64) / 2 for shape in shapes]
    return [rule.retention.free(W) for W in weights]


def read(choice: Choice, stream: Stream | None = None) -> Tensor:
    """The answers of the memory that this choice makes, after each write: (T, d).

    >>> read(Choice(error="L2")).shape
    torch.Size([12, 4])
    """
    stream, rule = stream or example(), choice.made()
    k, v = stream.k[None, None], stream.v[None, None]
    *gates, delta = (gate[None, None] for gate in stream.gates)
    given = Gates(*gates, delta=delta if rule.objective.needs else None)
    return memorize(k, k, v, given, _start(rule), rule=rule)[0][0, 0]


def named(choice: Choice) -> str | None:
    """The name of the preset that makes these choices, if there is one, for any chunk.

    >>> named(Choice()), named(Choice(error="Huber"))
    ('linear-attention', None)
    """
    made = choice.made()
    return next((name for name in FORMULAS if presets.rule(name, chunk=1) == made), None)


def choices() -> dict[str, Choice]:
    """The simplest choice behind each name, in the order of the formulas."""
    found: dict[str, Choice] = {}
    for options in product(*MENUS.values()):
        try:
            name = named(Choice(*options))
        except ValueError:
            continue
        if name:
            found.setdefault(name, Choice(*options))
    return {name: found[name] for name in FORMULAS}


@lru_cache(maxsize=128)
def proof(choice: Choice) -> float:
    """The largest difference between the answers of this choice and those of the formula."""
    name = named(choice)
    if name is None:
        raise ValueError(f"there is no formula by hand for {choice}: it has no name")
    start = [W[0] for W in _start(choice.made())]
    return float((FORMULAS[name](*example(), *start) - read(choice)).abs().max())
