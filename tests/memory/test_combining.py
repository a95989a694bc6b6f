"""The choices of MIRAS combine freely: a combination is the oracle, or refused with a reason."""

import itertools
import random

import pytest
import torch
import torch.nn.functional as F

from tests.memory.cases import assert_equal
from titans_book.memory import Gates, Rule, memorize, reference
from titans_book.memory.network import Network

B, H, T, D = 2, 2, 9, 3
NETWORKS = [
    Network(1),
    Network(2),
    Network(3, "silu"),
    Network(2, "tanh", form="gated"),
    Network(1, form="vector"),
    Network(1, signed=True),
    Network(2, signed=True),
]
OBJECTIVES = [
    "l2",
    "dot",
    {"name": "lp", "p": 3.0},
    {"name": "lp", "p": 1.0, "sharp": 3.0},
    {"name": "lp", "p": 1.5},
    {"name": "huber", "delta": 0.5},
    {"name": "huber", "delta": None, "on": "norm"},
    {"name": "huber", "delta": None, "on": "switch"},
    {"name": "shift", "delta": 0.3},
]
RETENTIONS = [
    "decay",
    "initial",
    "none",
    {"name": "decay", "channels": True},
    {"name": "initial", "channels": True},
    {"name": "local-global", "strength": 0.3},
    "lq",
    {"name": "lq", "map": "printed", "toward": "initial", "q": 3.0, "at": "token"},
    {"name": "kl", "scale": 2.0},
    {"name": "kl", "at": "token", "toward": "initial"},
    "elastic-net",
    {"name": "elastic-net", "form": "proximal", "at": "token"},
    "sigmoid",
]
OTHERS = [
    {"chunk": 4},
    {"chunk": 4, "momentum": False, "read": "start"},
    {"chunk": 1, "momentum": False},
    {"chunk": 1, "forget_first": True},
    {"chunk": 4, "read": "before"},
    {"chunk": 4, "learning": "newton-schulz"},
    {"chunk": 3, "window": 3},
    {"chunk": 3, "window": 6, "read": "before", "learning": "newton-schulz"},
    {"chunk": 1, "steps": 2},
    {"chunk": 1, "writes": 3, "read": "before"},
    {"chunk": 1, "split": True, "forget_first": True},
    {"chunk": 1, "split": True, "read": "before"},
    {"chunk": 1, "damping": 1.0},
    {"chunk": 4, "damping": 2.0, "clamp": 1.0},
    {"chunk": 1, "momentum": False, "learning": "least-squares"},
    {"chunk": 1, "momentum": False, "learning": "least-squares", "read": "before"},
    {"chunk": 1, "momentum": False, "learning": "kernel"},
    {"chunk": 1, "momentum": False, "learning": "kernel", "read": "before"},
]
ALL = list(itertools.product(NETWORKS, OBJECTIVES, RETENTIONS, OTHERS))


def made(network, objective, retention, others):
    """The rule, or the words with which it is refused."""
    try:
        return Rule(network).but(objective=objective, retention=retention, **others), None
    except ValueError as error:
        return None, str(error)


def problem(rule):
    """q, k, v, the gates that the rule takes, M_0, and all of these as leaves. Rates are low."""
    generator = torch.Generator().manual_seed(0)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    def open_(*shape):
        return torch.rand(*shape, generator=generator, dtype=torch.float64)

    n = T * rule.writes
    q, k, v = normal(B, H, T, D), F.normalize(normal(B, H, n, D), dim=-1), normal(B, H, n, D)
    gates = {"theta": 0.02 * open_(B, H, n), "eta": 0.6 * open_(B, H, n)}
    gates["alpha"] = 0.3 * (open_(B, H, n, D) if rule.retention.channels else open_(B, H, n))
    shapes = {"delta": (B, H, n), "erase": (B, H, n, D), "write": (B, H, n, D)}
    gates |= {name: 0.2 + 0.8 * open_(*shapes[name]) for name in rule.needs}
    W = [rule.retention.free(0.4 * normal(H, *size)) for size in rule.network.sizes(D, 2)]
    leaves = [x.requires_grad_() for x in (q, k, v, *gates.values(), *W)]
    return q, k, v, gates, W, leaves


def part(problem, rule, start, stop):
    q, k, v, gates, W, _ = problem
    n = rule.writes
    cut = {name: gate[:, :, n * start : n * stop] for name, gate in gates.items()}
    pairs = (x[:, :, n * start : n * stop] for x in (k, v))
    return q[:, :, start:stop], *pairs, Gates(**cut), W


def check(rule):
    """Values, states and outer gradients are the oracle's, whatever the split into calls."""
    told = problem(rule)
    found = []
    for function in (memorize, reference.memorize):
        y, state = function(*part(told, rule, 0, T), rule=rule)
        total = y.sin().sum() + sum(W.cos().sum() for W in state.weights)
        ends = torch.autograd.grad(total, told[-1], materialize_grads=True)
        found.append((y, *state.tensors(), *ends))
    for have, want in zip(*found, strict=True):
        assert_equal(have, want, 1e-11)
    first, middle = memorize(*part(told, rule, 0, 4), rule=rule)
    last, state = memorize(*part(told, rule, 4, T), rule=rule, state=middle)
    assert_equal(torch.cat([first, last], dim=2), found[0][0])
    assert state.position == T


@pytest.mark.parametrize("others", OTHERS, ids=str)
def test_a_sample_of_all_combinations_is_the_oracle_or_refused_with_a_reason(others):
    every = list(itertools.product(*PARTS))
    sample = random.Random(str(others)).sample(every, len(every))  # all of them, in some order
    done = 0
    for network, objective, retention in sample:
        rule, words = made(network, objective, retention, others)
        if rule is None:
            assert " must be " in words or " must not be " in words, words
        elif done < 8:
            check(rule)
            done += 1
    assert done, "the sample holds no rule that is allowed"


PARTS = (NETWORKS, OBJECTIVES, RETENTIONS)


@pytest.mark.parametrize("n", range(4), ids=["network", "objective", "retention", "others"])
def test_every_choice_is_allowed_somewhere_and_changes_what_comes_out(n):
    """With all else alike, no two choices of one kind give the same answers."""
    usual = [Network(2), "l2", "decay", {"chunk": 4}]
    linear = [Network(1), "l2", "decay", {"chunk": 1}]
    kinds = (*PARTS, OTHERS)
    answers = []
    for choice in kinds[n]:
        for base in (usual, linear):
            rule, _ = made(*base[:n], choice, *base[n + 1 :])
            if rule is not None:
                answers.append(
                    (base is usual, memorize(*part(problem(rule), rule, 0, T), rule=rule)[0])
                )
                break
        else:
            assert made(Network(1), "l2", "none", choice if n == 3 else {})[0] is not None, choice
    for (same, one), (as_well, other) in itertools.combinations(answers, 2):
        assert same != as_well or one.shape != other.shape or (one - other).abs().max() > 1e-9


@pytest.mark.parametrize(
    "words, choices",
    [
        (
            "objective must not be 'shift' with a vector",
            {"network": "vector", "objective": "shift"},
        ),
        ("retention must not be 'kl' with a vector", {"network": "vector", "retention": "kl"}),
        ("chunk must be 1 with forget_first", {"forget_first": True, "chunk": 4}),
        ("chunk must be 1 with steps=2, got 16", {"steps": 2}),
        ("damping must be None with a window", {"window": 2, "damping": 1.0}),
        ("only one matrix has the key's", {"retention": {"name": "decay", "channels": True}}),
        ("momentum must be False", {"retention": "local-global"}),
        (
            "momentum must be False with learning",
            {"learning": "kernel", "retention": "none", "chunk": 1},
        ),
        ("split must be False without one matrix", {"split": True, "chunk": 1}),
        ("no write can overshoot", {"objective": "dot", "damping": 1.0}),
        (
            "forget_first must be False with retention 'kl'",
            {"retention": "kl", "forget_first": True, "chunk": 1},
        ),
        ("depth must be 2 with form 'gated'", {"network": {"depth": 3, "form": "gated"}}),
        ("q must be above 1, got 1.0", {"retention": {"name": "lq", "q": 1.0}}),
        ("p must be at least 1", {"objective": {"name": "lp", "p": 0.5}}),
        (
            "sharp has an effect at p = 1 only",
            {"objective": {"name": "lp", "p": 3.0, "sharp": 5.0}},
        ),
        ("on must be one of", {"objective": {"name": "huber", "on": "vector"}}),
    ],
)
def test_what_does_not_go_together_is_refused_by_name(words, choices):
    network = choices.pop("network", "mlp")
    single = network == "vector" or choices.get("learning") == "kernel"
    with pytest.raises(ValueError, match=words):
        if isinstance(network, dict):
            Network(**network)
        Rule.of(1 if single else 2, network=network if network == "vector" else None, **choices)


def test_a_gate_without_effect_is_refused_and_a_missing_one_named():
    learned = Rule(Network(2)).but(objective={"name": "huber", "delta": None})
    q, k, v, gates, W, _ = problem(learned)
    with pytest.raises(ValueError, match="gates.delta has no effect with this rule"):
        memorize(q, k, v, Gates(**gates), W)
    del gates["delta"]
    with pytest.raises(ValueError, match="gates.delta must be given with this rule"):
        memorize(q, k, v, Gates(**gates), W, rule=learned)
    rows = {**gates, "alpha": gates["alpha"][..., None].expand(-1, -1, -1, D)}
    with pytest.raises(ValueError, match="gates.alpha must have the shape"):
        memorize(q, k, v, Gates(**rows), W)


def test_a_state_of_another_rule_is_refused():
    windowed, plain = Rule(Network(2), window=3), Rule(Network(2))
    told = problem(plain)
    _, state = memorize(*part(told, plain, 0, T), rule=plain)
    with pytest.raises(ValueError, match="its window have shapes"):
        memorize(*part(told, plain, 0, T), rule=windowed, state=state)
