"""Every preset by name is the formula of its paper, written out by hand; and a rule is a value."""

import json
from dataclasses import dataclass

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from tests.memory.cases import assert_equal
from titans_book.memory import Gates, NeuralMemory, Objective, Rule, memorize, presets, reference

T, D = 12, 4


def problem(rule, seed=0):
    """q, k, v, the gates that the rule takes, M_0, and all as leaves; one sequence and head."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    def open_(*shape):
        return torch.rand(*shape, generator=generator, dtype=torch.float64)

    n = T * rule.writes
    q, k, v = normal(T, D), F.normalize(normal(n, D), dim=-1), normal(n, D)
    gates = {"theta": 0.5 * open_(n), "eta": 0.5 * open_(n)}
    gates["alpha"] = 0.5 * open_(n, D) if rule.retention.channels else 0.5 * open_(n)
    shapes = {"delta": (n,), "erase": (n, D), "write": (n, D)}
    gates |= {name: 0.2 + 0.8 * open_(*shapes[name]) for name in rule.needs}
    W = [rule.retention.free(0.5 * normal(*size)) for size in rule.network.sizes(D, 2)]
    leaves = [x.requires_grad_() for x in (q, k, v, *gates.values(), *W)]
    return q, k, v, gates, W, leaves


def lead(x):
    return x[None, None]


def run(function, rule, q, k, v, gates, W):
    given = Gates(**{name: lead(gate) for name, gate in gates.items()})
    y, state = function(lead(q), lead(k), lead(v), given, [w[None] for w in W], rule=rule)
    return y[0, 0], state


# ------------------------------------------------------- the formulas, each as its paper has it
# Every one returns the answers; g is the gates, W the M_0 as a list. Row vectors, x @ W.


def outer(k, d):
    return k[:, None] * d[None, :]


def attention_like(keep):
    """M_t = keep_t M_{t-1} + theta_t k_t^T v_t: linear attention and what decays beside it."""

    def formula(q, k, v, g, W):
        (M,), answers = W, []
        for t in range(T):
            M = keep(g, t) * M + g["theta"][t] * outer(k[t], v[t])
            answers.append(q[t] @ M)
        return torch.stack(answers)

    return formula


def delta(keep=lambda g, t: 1, rate=lambda g, k, t: g["theta"][t]):
    """M_t = N_t + rate k_t^T (v_t - k_t N_t) with N_t = keep_t M_{t-1}, all products."""

    def formula(q, k, v, g, W):
        (M,), answers, eye = W, [], torch.eye(D, dtype=k.dtype)
        for t in range(T):
            beta = rate(g, k, t)
            M = (eye - beta * outer(k[t], k[t])) @ (keep(g, t) * M) + beta * outer(k[t], v[t])
            answers.append(q[t] @ M)
        return torch.stack(answers)

    return formula


def gated_deltanet_2(q, k, v, g, W):
    (M,), answers, eye = W, [], torch.eye(D, dtype=k.dtype)
    for t in range(T):
        erased = eye - g["theta"][t] * outer(k[t], g["erase"][t] * k[t])
        M = erased @ torch.diag(1 - g["alpha"][t]) @ M
        M = M + g["theta"][t] * outer(k[t], g["write"][t] * v[t])
        answers.append(q[t] @ M)
    return torch.stack(answers)


def deltaproduct(q, k, v, g, W):
    (M,), answers, eye = W, [], torch.eye(D, dtype=k.dtype)
    for t in range(T):
        for i in (2 * t, 2 * t + 1):
            M = (eye - g["theta"][i] * outer(k[i], k[i])) @ M + g["theta"][i] * outer(k[i], v[i])
        answers.append(q[t] @ M)
    return torch.stack(answers)


def momentum_deltanet(q, k, v, g, W):
    (M,), S, answers = W, 0, []
    for t in range(T):
        S = g["eta"][t] * S - g["theta"][t] * outer(k[t], k[t] @ M - v[t])
        M = (1 - g["alpha"][t]) * M + S
        answers.append(q[t] @ M)
    return torch.stack(answers)


def mesa(q, k, v, g, W):
    answers, eye = [], torch.eye(D, dtype=k.dtype)
    for t in range(T):
        left = torch.stack([(1 - g["alpha"][i + 1 : t + 1]).prod() for i in range(t + 1)])
        weight = (left * g["theta"][: t + 1])[:, None]
        H = (weight * k[: t + 1]).T @ k[: t + 1] + eye
        answers.append(q[t] @ H.inverse() @ ((weight * k[: t + 1]).T @ v[: t + 1] + W[0]))
    return torch.stack(answers)


def softmax_attention(q, k, v, g, W):
    scores = (q @ k.T / D**0.5).masked_fill(torch.ones(T, T).triu(1).bool(), -torch.inf)
    return scores.softmax(-1) @ v


def network(W, x):
    return x @ W[0] if len(W) == 1 else x + F.gelu(x @ W[0]) @ W[1]


def signed(W, x):
    hidden = F.gelu(torch.cat([x, -x]) @ W[0])
    return x + torch.cat([hidden, -hidden]) @ W[1]


def slopes(loss, W):
    return torch.autograd.grad(loss, W, create_graph=True)


def titans(towards_start=False, momentum=True, chunk=16):
    def formula(q, k, v, g, W):
        start, S, answers = W, [torch.zeros_like(w) for w in W], []
        for t in range(T):
            if t % chunk == 0:
                anchor = [w.clone() for w in W]
            u = slopes(0.5 * (network(anchor, k[t]) - v[t]).square().sum(), anchor)
            eta = g["eta"][t] if momentum else 0
            S = [eta * s - g["theta"][t] * x for s, x in zip(S, u, strict=True)]
            keep = 1 - g["alpha"][t] if momentum else 1
            origin = start if towards_start else [0] * len(W)
            W = [o + keep * (w - o) + s for w, s, o in zip(W, S, origin, strict=True)]
            answers.append(network(W, q[t]))
        return torch.stack(answers)

    return formula


def yaad(q, k, v, g, W):
    answers, anchor = [], [w.clone() for w in W]
    for t in range(T):
        r = network(anchor, k[t]) - v[t]
        far = r.norm() > g["delta"][t]
        u = slopes(g["delta"][t] * r.abs().sum() if far else 0.5 * r.square().sum(), anchor)
        step = zip(W, u, strict=True)
        W = [(1 - g["alpha"][t]) * w - g["theta"][t] * x for w, x in step]
        answers.append(network(W, q[t]))
    return torch.stack(answers)


def moneta(q, k, v, g, W):
    def used(A):
        return [a.sign() * a.abs() ** 3 / (3 * (a**4).sum().sqrt()) for a in A]

    A, answers, anchor = W, [], used(W)
    for t in range(T):  # one chunk, in which M stays as it was
        u = slopes((network(anchor, k[t]) - v[t]).abs().pow(3).sum() / 3, anchor)
        A = [(1 - g["alpha"][t]) * a - g["theta"][t] * x for a, x in zip(A, u, strict=True)]
        answers.append(network(anchor, q[t]))
    return torch.stack(answers)


def moneta_by_token(q, k, v, g, W):
    A, answers = W, []
    for t in range(T):
        M = [a.sign() * a.abs() ** 3 / (3 * (a**4).sum().sqrt()) for a in A]
        u = slopes((network(M, k[t]) - v[t]).abs().pow(3).sum() / 3, M)
        A = [(1 - g["alpha"][t]) * a - g["theta"][t] * x for a, x in zip(A, u, strict=True)]
        M = [a.sign() * a.abs() ** 3 / (3 * (a**4).sum().sqrt()) for a in A]
        answers.append(network(M, q[t]))
    return torch.stack(answers)


def memora(q, k, v, g, W):
    return torch.stack([signed(W, q[t]) for t in range(T)])  # one chunk: nothing is in use yet


def memora_by_token(q, k, v, g, W):
    answers = []
    for t in range(T):
        M = [w.clone() for w in W]
        u = slopes(0.5 * (signed(M, k[t]) - v[t]).square().sum(), M)
        keep, theta = 1 - g["alpha"][t], g["theta"][t]
        W = [8 * (keep * w.log() - theta * x).softmax(0) for w, x in zip(M, u, strict=True)]
        answers.append(signed(W, q[t]))
    return torch.stack(answers)


def window_of(anchor, k, v, t, weight):
    losses = [
        weight(i) * 0.5 * (network(anchor, k[i]) - v[i]).square().sum()
        for i in range(max(0, t - 3), t + 1)
    ]
    return slopes(sum(losses), anchor)


def omeganet(q, k, v, g, W):
    answers, anchor = [], [w.clone() for w in W]
    for t in range(T):
        u = window_of(anchor, k, v, t, lambda i: g["theta"][i])
        W = [(1 - g["alpha"][t]) * w - x for w, x in zip(W, u, strict=True)]
        answers.append(network(W, q[t]))
    return torch.stack(answers)


def orthogonal(G):
    X = G / G.norm()
    for _ in range(5):
        A = X @ X.T
        X = 3.4445 * X + (-4.7750 * A + 2.0315 * A @ A) @ X
    return X


def atlas(q, k, v, g, W):
    answers, anchor = [], [w.clone() for w in W]
    S = [torch.zeros_like(w) for w in W]
    for t in range(T):
        u = window_of(anchor, k, v, t, lambda i: 1)
        S = [g["eta"][t] * s - x for s, x in zip(S, u, strict=True)]
        pairs = zip(W, S, strict=True)
        W = [(1 - g["alpha"][t]) * w + g["theta"][t] * orthogonal(s) for w, s in pairs]
        answers.append(network(W, q[t]))
    return torch.stack(answers)


def forgets(g, t):
    return 1 - g["alpha"][t]


def rows_forget(g, t):
    return (1 - g["alpha"][t])[:, None]


FORMULAS = {
    "titans": titans(),
    "titans-to-initial": titans(towards_start=True),
    "linear-attention": attention_like(lambda g, t: 1),
    "retnet": attention_like(forgets),
    "lightning-attention": attention_like(forgets),
    "gla": attention_like(rows_forget),
    "mamba2": attention_like(forgets),
    "deltanet": delta(),
    "gated-deltanet": delta(forgets),
    "gated-deltanet-2": gated_deltanet_2,
    "kda": delta(rows_forget),
    "longhorn": delta(rate=lambda g, k, t: g["theta"][t] / (1 + g["theta"][t] * (k[t] @ k[t]))),
    "deltaproduct": deltaproduct,
    "momentum-deltanet": momentum_deltanet,
    "ttt-linear": titans(momentum=False),
    "ttt-mlp": titans(momentum=False),
    "mesa": mesa,
    "softmax-attention": softmax_attention,
    "yaad": yaad,
    "moneta": moneta,
    "memora": memora,
    "omeganet": omeganet,
    "atlas": atlas,
}


def gradients(y, leaves):
    return torch.autograd.grad(y.sin().sum(), leaves, materialize_grads=True)


def assert_formula(formula, rule):
    q, k, v, gates, W, leaves = problem(rule)
    want = formula(q, k, v, gates, W)
    ends = gradients(want, leaves)
    for function in (memorize, reference.memorize):
        y, _ = run(function, rule, q, k, v, gates, W)
        assert_equal(y, want)
        for have, end in zip(gradients(y, leaves), ends, strict=True):
            assert_equal(have, end)


@pytest.mark.parametrize("name", presets.NAMES)
def test_a_preset_is_the_formula_of_its_paper_in_values_and_outer_gradients(name):
    assert_formula(FORMULAS[name], presets.rule(name))


@pytest.mark.parametrize(
    "name, formula", [("moneta", moneta_by_token), ("memora", memora_by_token)]
)
def test_with_a_chunk_of_one_token_the_map_acts_at_every_token(name, formula):
    assert_formula(formula, presets.rule(name, chunk=1))


def test_gated_deltanet_is_not_titans_without_momentum():
    """1 - alpha - theta can go below 0, (1 - alpha) (1 - theta) cannot."""
    gated = presets.rule("gated-deltanet")
    q, k, v, gates, W, _ = problem(gated)
    asks_first = gated.but(forget_first=False)
    have, other = (run(memorize, rule, q, k, v, gates, W)[0] for rule in (gated, asks_first))
    assert (have - other).norm() / have.norm() > 0.05
    one = torch.ones(1, dtype=torch.float64)
    x, nothing = torch.eye(D, dtype=torch.float64)[:1], torch.zeros(1, D, dtype=torch.float64)
    gates = {"theta": 0.8 * one, "eta": 0 * one, "alpha": 0.7 * one}
    M_0 = [torch.eye(D, dtype=torch.float64)]
    kept = [run(memorize, rule, x, x, nothing, gates, M_0)[0][0, 0] for rule in (asks_first, gated)]
    assert_equal(torch.stack(kept), torch.tensor([1 - 0.7 - 0.8, 0.3 * 0.2], dtype=torch.float64))


def test_a_preset_is_known_by_its_choices():
    for name in presets.NAMES - {"lightning-attention"}:
        assert presets.called(presets.rule(name)) == name
    assert presets.called(presets.rule("lightning-attention")) == "retnet"  # one function
    assert presets.called(presets.rule("titans", chunk=3)) is None


@pytest.mark.parametrize("name", presets.NAMES)
def test_a_layer_follows_a_preset_by_name(name):
    memory = NeuralMemory(8, heads=2, rule=name)
    assert memory.rule == presets.rule(name)
    assert NeuralMemory(8, heads=2, rule=presets.rule(name)).rule == memory.rule
    assert NeuralMemory(8, heads=2, rule=memory.rule.spec()).rule == memory.rule
    x = torch.randn(2, 40, 8)
    x[:, 20] *= 300  # an outlier, so that a threshold counts
    y, state = memory(x)
    y.sum().backward()
    learned = [p for p in memory.parameters() if p.requires_grad]
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in learned)
    assert state.position == 40
    first, middle = memory(x[:, :13])
    assert_close(torch.cat([first, memory(x[:, 13:], middle)[0]], dim=1), y)
    asked = memory.read(x, state)
    assert asked.shape == x.shape and torch.isfinite(asked).all()


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
    q, k, v, gates, W, _ = problem(presets.rule("titans"))
    with pytest.raises(ValueError, match="rule has a network of depth 1.* but weights has 2 layer"):
        run(memorize, "deltanet", q, k, v, gates, W)


@pytest.mark.parametrize("name", presets.NAMES)
def test_a_rule_is_a_value_that_goes_through_json(name):
    rule = presets.rule(name, read="before")
    assert Rule.from_spec(json.loads(json.dumps(rule.spec()))) == rule
    assert hash(rule) == hash(presets.rule(name, read="before"))
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
        q, k, v, gates, W, leaves = problem(presets.rule("softly"))
        found = [run(f, "softly", q, k, v, gates, W)[0] for f in (memorize, reference.memorize)]
        assert_equal(*found)
        ends = [gradients(y, leaves) for y in found]
        for have, want in zip(*ends, strict=True):
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
