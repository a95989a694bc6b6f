"""Which choices go together: the ones that do not, each with its reason.

Every other combination is the recurrence of reference.py to the letter. Taught in chapter 10.
"""

from collections.abc import Iterator
from typing import Any

Rule = Any  # a Rule, which asks this file while it is made


def check(rule: Rule) -> None:
    """Raise ValueError for the first choice that does not fit the others, with its reason."""
    for wrong in _wrong(rule):
        raise ValueError(wrong)


def _wrong(rule: Rule) -> Iterator[str]:
    yield from _guards(rule)
    yield from _network(rule)
    yield from _learning(rule)
    yield from _tokens(rule)
    yield from _forgetting(rule)


def _guards(rule: Rule) -> Iterator[str]:
    if rule.damping is not None and not rule.objective.overshoots:
        yield (
            f"damping must be None with objective {rule.objective.name!r}: no write can "
            "overshoot it"
        )
    for name in ("clamp", "damping"):
        if getattr(rule, name) is None:
            continue
        if not rule.learning.gradual or rule.learning.name == "newton-schulz":
            yield f"{name} must be None with learning {rule.learning.name!r}: no such step"
        if rule.window > 1:
            yield f"{name} must be None with a window: it looks at one pair, not at several"
        if rule.split:
            yield f"{name} must be None with split=True: what is written there is no gradient"
        if rule.network.form == "vector":
            yield f"{name} must be None with a vector: its features are apart, the surprise is not"


def _network(rule: Rule) -> Iterator[str]:
    network = rule.network
    if network.form == "vector":
        if not rule.objective.separable:
            yield (
                f"objective must not be {rule.objective.name!r} with a vector: it takes the error "
                "as a whole, and the features of a vector memory are apart"
            )
        if rule.retention.name in ("kl", "lq"):
            yield (
                f"retention must not be {rule.retention.name!r} with a vector: it ties the weights "
                "of a layer together, and those of a vector memory are apart"
            )
        if rule.window > 1 or rule.learning.name == "newton-schulz":
            yield "window and learning must be left alone with a vector: it has no matrix"
    if rule.retention.channels and not network.linear:
        yield "channels must be False with this network: only one matrix has the key's features"
    if rule.retention.channels and rule.read == "start":
        yield "read must be 'after' or 'before' with channels"
    if rule.retention.channels and rule.learning.name == "newton-schulz":
        yield "channels must be False with learning 'newton-schulz'"
    if rule.retention.channels and rule.window > 1:
        yield "channels must be False with a window: each pair would decay by itself"
    if rule.retention.channels and network.signed:
        yield "channels must be False with signed=True: the key's features stand there twice"


def _learning(rule: Rule) -> Iterator[str]:
    if rule.learning.gradual:
        if rule.learning.name == "newton-schulz" and rule.retention.name == "local-global":
            yield "retention must not be 'local-global' with learning 'newton-schulz': it is a step"
        return
    name = rule.learning.name
    if (have := rule.objective.name) != "l2":
        yield f"objective must be 'l2' with learning {name!r}, got {have!r}"
    if name == "kernel" and rule.gate != "sigmoid":
        yield f"gate must be 'sigmoid' with learning {name!r}: it has no gates"
    if name == "kernel" and (have := rule.retention.name) != "none":
        yield f"retention must be 'none' with learning {name!r}, got {have!r}"
    if not rule.network.linear or rule.network.signed:
        yield f"network must be linear with learning {name!r}: it is solved, and not learned"
    for field, off in {"momentum": False, "chunk": 1, "window": 1, "steps": 1, "writes": 1}.items():
        if getattr(rule, field) != off:
            yield f"{field} must be {off} with learning {name!r}: it takes no gradient steps"
    if rule.retention.name not in ("none", "decay") or rule.retention.channels:
        yield f"retention must be 'none' or 'decay', without channels, with learning {name!r}"
    if rule.forget_first or rule.split or rule.read == "start":
        yield f"forget_first, split and read='start' must not be chosen with learning {name!r}"


def _tokens(rule: Rule) -> Iterator[str]:
    anew = {"steps": 1, "writes": 1, "forget_first": False, "split": False}
    for field, off in anew.items():
        if getattr(rule, field) != off and rule.chunk != 1:
            yield (
                f"chunk must be 1 with {field}={getattr(rule, field)}, got {rule.chunk}: in a "
                "longer one the surprise is that of its start, and would not see the last step"
            )
    if rule.steps > 1 and rule.writes > 1:
        yield "steps must be 1 with several writes: each pair is written once"
    if rule.split and (rule.steps > 1 or rule.writes > 1):
        yield "steps and writes must be 1 with split=True: a token has one pair of gates"
    if rule.window > 1 and (rule.steps > 1 or rule.writes > 1 or rule.forget_first):
        yield "window must be 1 with steps, writes or forget_first: it writes several pairs itself"
    if rule.read == "start" and (rule.steps > 1 or rule.writes > 1 or rule.forget_first):
        yield "read must be 'after' or 'before' with steps, writes or forget_first"
    exact = rule.network.linear and not rule.network.signed and rule.objective.name == "l2"
    if rule.split and not (exact and rule.learning.name == "gradient" and not rule.retention.maps):
        yield (
            "split must be False without one matrix, the objective 'l2', gradient steps and a "
            "retention that does not map"
        )


def _forgetting(rule: Rule) -> Iterator[str]:
    retention = rule.retention
    if rule.forget_first and (retention.maps or not retention.gated):
        yield (
            f"forget_first must be False with retention {retention.name!r}: "
            "it has no gate that acts on the memory itself"
        )
    if retention.name == "local-global" and (rule.momentum or rule.steps > 1):
        yield "momentum must be False, and steps 1, with retention 'local-global': it is one step"
    if rule.window > 1 and retention.name == "local-global":
        yield "window must be 1 with retention 'local-global': theta is one number a token there"
    if retention.maps and retention.channels:
        yield "channels must be False with a retention that maps"
