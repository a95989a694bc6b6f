"""From the keywords of a layer to its Rule: what is left out is as the rule has it.

Taught in chapter 10.
"""

from collections.abc import Mapping
from typing import Any

from titans_book.check import positive, whole
from titans_book.memory import presets
from titans_book.memory.network import Network
from titans_book.memory.rule import Rule


class _LeftOut:
    """The default of a keyword that leaves the choice to the rule."""

    def __repr__(self) -> str:
        return "as the rule"


LEFT_OUT: Any = _LeftOut()
DEFAULT = "titans-to-initial"  # the preset that a layer follows unless told otherwise
CLAMP = 4.0  # and its clamp, as a multiple of what a fresh memory feels


def given(**choices: Any) -> dict[str, Any]:
    """Those choices that were made."""
    return {name: value for name, value in choices.items() if value is not LEFT_OUT}


def start(rule: Rule | str | Mapping[str, Any] | None) -> Rule:
    """The rule that the keywords make exceptions to."""
    if isinstance(rule, Rule):
        return rule
    if isinstance(rule, Mapping):
        return Rule.from_spec(rule)
    return presets.rule(DEFAULT if rule is None else rule)


def network_of(start: Network, depth: Any, activation: str | None, expansion: Any) -> Network:
    """The rule's network, of another depth or activation if they are given.

    >>> network_of(Network(2), 1, "tanh", None)
    Traceback (most recent call last):
    ValueError: activation has no effect at depth 1, without a hidden layer: ..., got 'tanh'
    """
    depth = start.depth if depth is LEFT_OUT else depth
    if expansion is not None:
        whole("expansion", expansion, least=1)
    network = Network(depth, start.activation if activation is None else activation)
    for name, value in {"expansion": expansion, "activation": activation}.items():
        if depth == 1 and value is not None:
            raise ValueError(
                f"{name} has no effect at depth 1, without a hidden layer: leave it out, "
                f"got {value!r}"
            )
    return network


def rule_of(
    rule: Rule | str | Mapping[str, Any] | None,
    network: Network,
    choices: Mapping[str, Any],
    felt: float,
) -> Rule:
    """The Rule with this network and these exceptions; `felt` is the unit of a clamp among them."""
    if rule is None:
        choices = {"clamp": CLAMP, **choices}
    if choices.get("clamp") is not None:
        positive("clamp", choices["clamp"])
        choices = {**choices, "clamp": choices["clamp"] * felt}
    return start(rule).but(network=network, **choices)
