"""Models that bear a name, each as one Rule: what differs between them is a choice or two.

    from titans_book.memory import presets
    presets.rule("linear-attention")                       the rule
    NeuralMemory(dim=64, heads=2, rule="linear-attention") a layer that follows it

Each equals the formula of its paper, written out by hand in tests/memory/test_presets.py. A preset
of your own is a function that returns a Rule, decorated with `preset`. Taught in chapter 10.
"""

from collections.abc import Callable
from typing import Any

from titans_book.check import choose
from titans_book.memory.rule import Rule

__all__ = ["NAMES", "preset", "resolve", "rule"]

_MADE: dict[str, Callable[[], Rule]] = {}
NAMES = _MADE.keys()  # the names of all presets, those added later included


def preset(function: Callable[[], Rule]) -> Callable[[], Rule]:
    """Make a function that returns a Rule known by its name, with hyphens for underscores."""
    _MADE[function.__name__.replace("_", "-")] = function
    return function


def rule(name: str, **options: Any) -> Rule:
    """The preset of that name, with some choices made otherwise (see `Rule`).

    Raises ValueError for an unknown name or choice.

    >>> rule("deltanet", read="before").chunk
    1
    """
    choose("rule", name, _MADE)
    return _MADE[name]().but(**options)


def resolve(given: Rule | str | None, layers: int, **choices: Any) -> Rule:
    """The Rule for weights of that many layers: a Rule, the name of a preset, or choices alone.

    Raises ValueError if the rule's network has another number of layers.
    """
    if given is None:
        return Rule.of(layers, **choices)
    found = rule(given, **choices) if isinstance(given, str) else given.but(**choices)
    if found.network.depth != layers:
        raise ValueError(
            f"rule has a network of depth {found.network.depth}, but weights has {layers} layers"
        )
    return found


@preset
def titans() -> Rule:
    """Titans eqs. 8-18: a deep memory, momentum, and forgetting towards 0."""
    return Rule.of(2)


@preset
def titans_to_initial() -> Rule:
    """Titans with forgetting towards M_0, the default of our layers: it does not age."""
    return Rule.of(2, retention="initial")


@preset
def linear_attention() -> Rule:
    """Titans eqs. 4-5, Katharopoulos et al. 2020: M_t = M_{t-1} + theta_t k_t^T v_t."""
    return Rule.of(1, objective="dot", retention="none", momentum=False)


@preset
def deltanet() -> Rule:
    """Titans eq. 34, Schlag et al. 2021: M_t = M_{t-1} + theta_t k_t^T (v_t - k_t M_{t-1})."""
    return Rule.of(1, retention="none", momentum=False, chunk=1)


@preset
def ttt_linear() -> Rule:
    """Sun et al. 2024, without its norm: a linear memory, one gradient step a token, in chunks."""
    return Rule.of(1, retention="none", momentum=False)


@preset
def ttt_mlp() -> Rule:
    """Sun et al. 2024, without its norm: the same with a network of two layers."""
    return Rule.of(2, retention="none", momentum=False)
