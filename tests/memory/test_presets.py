"""Every preset by name is the formula of its paper, written out by hand; and a rule is a value."""

import json
from dataclasses import dataclass
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F

from tests.memory.cases import assert_equal
from titans_book.memory import Gates, NeuralMemory, Objective, Rule, memorize, presets, reference

T, D = 12, 4


def tokens(seed=0):
    generator = torch.Generator().manual_seed(seed)
    q, k, v = torch.randn(3, T, D, generator=generator, dtype=torch.float64)
    gates = torch.rand(3, T, generator=generator, dtype=torch.float64) * 0.5
    return q, F.normalize(k, dim=-1), v, gates


def weights(depth, seed=1):
    generator = torch.Generator().manual_seed(seed)
    widths = [D, *[2 * D] * (depth - 1), D]
    return [
        0.5 * torch.randn(1, *size, generator=generator, dtype=torch.float64)
        for size in pairwise(widths)
    ]


def step(name, W0, grad, W, S, theta, eta, alpha):
    """The formula of the paper for one token: the weights and the momentum after it."""
    match name:
        case "titans":
            S = [eta * s - theta * g for s, g in zip(S, grad, strict=True)]
            return [(1 - alpha) * w + s for w, s in zip(W, S, strict=True)], S
        case "titans-to-initial":
            S = [eta * s - theta * g for s, g in zip(S, grad, strict=True)]
            left = [w0 + (1 - alpha) * (w - w0) for w, w0 in zip(W, W0, strict=True)]
            return [w + s for w, s in zip(left, S, strict=True)], S
        case _:
            return [w - theta * g for w, g in zip(W, grad, strict=True)], S


def by_hand(name, q, k, v, gates, start):
    """The model token by token; its gradients by autograd, at the weights of its own chunk."""
    rule = presets.rule(name)
    theta, eta, alpha = gates
    W, S, answers = start, [torch.zeros_like(w) for w in start], []

    def network(W, x):
        return x @ W[0] if len(W) == 1 else x + F.gelu(x @ W[0]) @ W[1]

    def loss(*W):
        return (
            -(network(W, k[t]) * v[t]).sum()
            if name == "linear-attention"
            else (0.5 * (network(W, k[t]) - v[t]).square().sum())
        )

    for t in range(T):
        if t % rule.chunk == 0:
            anchor = W
        leaves = [w.detach().requires_grad_() for w in anchor]
        grad = torch.autograd.grad(loss(*leaves), leaves)
        W, S = step(name, start, grad, W, S, theta[t], eta[t], alpha[t])
        answers.append(network(W, q[t]))
    return torch.stack(answers)


@pytest.mark.parametrize("name", presets.NAMES)
@pytest.mark.parametrize("function", [memorize, reference.memorize])
def test_a_preset_is_the_formula_of_its_paper(name, function):
    q, k, v, gates = tokens()
    rule = presets.rule(name)
    start = weights(rule.network.depth)
    want = by_hand(name, q, k, v, gates, [W[0] for W in start])
    lead = (x[None, None] for x in (q, k, v))
    y, _ = function(*lead, Gates(*gates[:, None, None]), start, rule=rule)
    assert_equal(y[0, 0], want)
    y, _ = function(
        *(x[None, None] for x in (q, k, v)), Gates(*gates[:, None, None]), start, rule=name
    )
    assert_equal(y[0, 0], want)


@pytest.mark.parametrize("name", presets.NAMES)
def test_a_layer_follows_a_preset_by_name(name):
    memory = NeuralMemory(8, heads=2, rule=name)
    assert memory.rule == presets.rule(name)
    assert NeuralMemory(8, heads=2, rule=presets.rule(name)).rule == memory.rule
    assert NeuralMemory(8, heads=2, rule=memory.rule.spec()).rule == memory.rule
    y, state = memory(torch.randn(2, 20, 8))
    y.sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in memory.parameters())
    assert state.position == 20


def test_what_a_layer_is_told_beside_a_rule_is_an_exception_to_it():
    memory = NeuralMemory(8, rule="deltanet", chunk=4, objective="dot")
    assert memory.rule == presets.rule("deltanet").but(chunk=4, objective="dot")
    assert NeuralMemory(8).rule == NeuralMemory(8, retention="initial", clamp=4.0).rule
    assert NeuralMemory(8, clamp=None).rule == presets.rule("titans-to-initial")


def test_an_unknown_preset_or_choice_is_named():
    with pytest.raises(ValueError, match="rule must be one of 'titans', .* got 'mamba'"):
        presets.rule("mamba")
    with pytest.raises(ValueError, match="rule: choice must be one of .* got 'chunks'"):
        presets.rule("titans", chunks=4)
    with pytest.raises(ValueError, match="rule has a network of depth 1, but weights has 2 layers"):
        q, k, v, gates = tokens()
        lead = (x[None, None] for x in (q, k, v))
        memorize(*lead, Gates(*gates[:, None, None]), weights(2), rule="deltanet")


@pytest.mark.parametrize("name", presets.NAMES)
def test_a_rule_is_a_value_that_goes_through_json(name):
    rule = presets.rule(name, chunk=8, read="before")
    assert Rule.from_spec(json.loads(json.dumps(rule.spec()))) == rule
    assert hash(rule) == hash(presets.rule(name, chunk=8, read="before"))
    assert rule != presets.rule(name)


def test_a_reader_adds_an_objective_with_a_parameter_and_a_preset():
    """One class and one function in a notebook: then they are chosen, saved and differentiated."""

    @dataclass(frozen=True)
    class Smooth(Objective, name="smooth"):
        width: float = 1.0

        def loss(self, answer, value):
            return (self.width**2 * (1 + ((answer - value) / self.width) ** 2).sqrt()).sum(-1)

    @presets.preset
    def softly():
        return Rule.of(1, objective=Smooth(0.5), chunk=4)

    try:
        q, k, v, gates = tokens()
        start, lead = weights(1), [x[None, None].requires_grad_() for x in (q, k, v)]
        found = [
            function(*lead, Gates(*gates[:, None, None]), start, rule="softly")[0]
            for function in (memorize, reference.memorize)
        ]
        assert_equal(*found)
        slopes = [torch.autograd.grad(y.sin().sum(), lead) for y in found]
        for have, want in zip(*slopes, strict=True):
            assert_equal(have, want)
        rule = NeuralMemory(8, rule="softly").rule
        assert rule.objective == Smooth(0.5) and Rule.from_spec(rule.spec()) == rule
        other = {"name": "smooth", "width": 2.0}
        assert NeuralMemory(8, rule="softly", objective=other).rule.objective.width == 2
        with pytest.raises(TypeError, match="objective 'smooth' has the parameters: width; got p"):
            NeuralMemory(8, objective={"name": "smooth", "p": 3})
    finally:
        del Objective.known["smooth"]
        del presets._MADE["softly"]
