"""From the keywords of a layer to its Rule: what is left out is as the rule has it.

Taught in chapter 10.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from titans_book.check import positive, whole
from titans_book.memory import presets
from titans_book.memory.network import Network, named
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


def network_of(
    start: Network, depth: Any, activation: str | None, expansion: Any, chosen: Any = None
) -> Network:
    """The rule's network or the one chosen, of another depth or activation if they are given.

    >>> network_of(Network(2), 1, "tanh", None)
    Traceback (most recent call last):
    ValueError: activation has no effect at depth 1, without a hidden layer: ..., got 'tanh'
    """
    if chosen is not None:
        start = named(chosen) if isinstance(chosen, str) else chosen
        start = Network(**start) if isinstance(start, Mapping) else start
    other = depth is not LEFT_OUT and depth != start.depth
    depth = start.depth if depth is LEFT_OUT else depth
    if expansion is not None:
        whole("expansion", expansion, least=1)
    form = "mlp" if other else start.form  # a gated MLP or a vector has one depth only
    activation_ = start.activation if activation is None else activation
    network = Network(depth, activation_, form, start.signed)
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
    sizes: Sequence[tuple[int, int]],
) -> tuple[Rule, float]:
    """The Rule with this network and these exceptions, and the write rate that stores a pair at once.

    A step of size theta changes a fresh memory's answer by theta |h|^2 of its error, h the input of
    the last layer, times what the retention makes of it; a Newton-Schulz step by theta |h|, whatever
    the error. A clamp among the choices is in units of what a fresh memory feels at a value with
    features of 1.
    """
    made, (rows, columns) = start(rule).but(network=network), sizes[-1]
    if rule is None:
        choices = {"clamp": CLAMP, **choices}
    square = network.spreads(sizes)[-1]
    if choices.get("clamp") is not None:
        positive("clamp", choices["clamp"])
        choices = {**choices, "clamp": choices["clamp"] * (columns * square) ** 0.5}
    made = made.but(**choices)
    if made.learning.name == "newton-schulz":
        return made, (columns / square) ** 0.5
    return made, 1 / (square * made.retention.gain(rows, columns))
