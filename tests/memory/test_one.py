"""One token at a time, by one.py: the numbers and slopes of the oracle, which reads the whole."""

import pytest
import torch

from tests.memory.cases import assert_equal, gradients, parts, problem
from titans_book.memory import Gates, Rule, engine, memorize, one, reference

RULES = {
    "linear": Rule.of(1, chunk=4),
    "deep": Rule.of(2, chunk=4),
    "initial": Rule.of(2, chunk=4, retention="initial"),
    "three layers": Rule.of(3, chunk=1, retention="initial"),
    "no momentum": Rule.of(2, chunk=4, momentum=False),
    "before": Rule.of(2, chunk=4, read="before"),
    "start": Rule.of(2, chunk=4, read="start"),
    "guards": Rule.of(2, chunk=4, clamp=1.0, damping=2.0),
    "huber": Rule.of(2, chunk=4, objective="huber"),
}


@pytest.mark.parametrize("name", RULES)
def test_token_by_token_equals_the_oracle(name, monkeypatch):
    rule, calls, run = RULES[name], [], one.run
    monkeypatch.setattr(engine.one, "run", lambda *given: calls.append(1) or run(*given))
    leaves = problem(time=11, depth=rule.network.layers, edges=True)
    (q, k, v), gates, weights = leaves[:3], Gates(*leaves[3:6]), leaves[6:]
    gates = Gates(**{**gates.given(), **{n: torch.ones_like(q[..., 0]) for n in rule.needs}})
    state, answers = None, []
    for t in range(11):
        token = [x[:, :, t : t + 1] for x in (q, k, v)]
        y, state = memorize(*token, gates.slice(t, t + 1), weights, rule=rule, state=state)
        answers.append(y)
    y = torch.cat(answers, dim=2)
    want, end = reference.memorize(q, k, v, gates, weights, rule=rule)
    assert len(calls) == 11
    assert_equal(y, want)
    for have, expected in zip(parts(state), parts(end), strict=True):
        assert_equal(have, expected)
    slopes = zip(gradients(y, state, leaves), gradients(want, end, leaves), strict=True)
    for have, expected in slopes:
        assert_equal(have, expected)


def test_what_is_handed_on_is_never_subnormal():
    """Where forgetting is strong and nothing is written, numbers reach 0 and stay normal."""
    one_, no = torch.ones(1, 1, 1), torch.zeros(1, 1, 1)
    zero, weights = torch.zeros(1, 1, 1, 4), [torch.full((1, 4, 4), 1e-3)]
    state = None
    for _ in range(40):
        gates = Gates(no, no, 0.9 * one_)
        _, state = memorize(zero, zero, zero, gates, weights, chunk=16, state=state)
        smallest = state.weights[0].abs().min()
        assert smallest == 0 or smallest >= torch.finfo(torch.float32).tiny
    assert state.weights[0].abs().max() == 0
