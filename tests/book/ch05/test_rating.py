"""Write rates of many kinds are told apart by what they do, and a learner's is shown as it is."""

import pytest
import torch

from titans_book.book.bank import EXERCISES
from titans_book.book.ch05 import deep, forms, rating
from titans_book.book.ch05.exercises_edge import find_edge
from titans_book.lab.learning.examine import examine
from titans_book.steps.deep import deep_step, gelu, gelu_slope, inner_grad, mlp_read

pytestmark = pytest.mark.bare

EDGE, RATE = EXERCISES["05.find_edge"], EXERCISES["05.my_rate"]


def by_the_gauge(W_1, W_2, k, v):
    z = k @ W_1
    G = gelu_slope(z)[:, None] * W_2
    worst = torch.linalg.matrix_norm(G, 2) ** 2
    return 1 / (gelu(z).square().sum() + k.square().sum() * worst)


def by_both_layers(W_1, W_2, k, v):
    u_1, u_2 = inner_grad(W_1, W_2, k, v)
    error = (mlp_read(W_1, W_2, k) - v).norm() + 1e-12
    return float(0.7 / ((u_1.norm() ** 2 + u_2.norm() ** 2) / error**2 + 0.5))


@pytest.mark.parametrize("rate", [by_the_gauge, by_both_layers])
def test_rates_of_other_designs_pass(rate):
    verdict = examine(RATE, rate)
    assert verdict.passed, verdict
    assert rating.score(rate) < rating.BAR


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (lambda *_: 0.11, "The memory of the loud stream breaks"),
        (lambda *_: 0.03, "It is worst in the narrow stream"),
        (lambda W_1, W_2, k, v: 1 / (mlp_read(W_1, W_2, k) - v).norm(), "knows by heart"),
        (lambda W_1, W_2, k, v: -0.01 * k.norm(), "negative for some pairs"),
        (lambda W_1, W_2, k, v: k, "One number is asked for"),
    ],
)
def test_what_is_missing_is_said(rate, words):
    verdict = examine(RATE, rate)
    assert not verdict.passed and words in " ".join(verdict.lines)


def test_the_best_constant_is_about_the_best():
    near = {theta: rating.score(lambda *_, theta=theta: theta) for theta in (0.04, 0.06, 0.08)}
    assert min(near, key=near.get) == rating.BEST and near[rating.BEST] > 1.4 * rating.BAR


def test_a_learners_rate_is_shown_as_it_stands(capsys):
    def stub(*_):
        raise NotImplementedError

    assert list(rating.compare(lambda *_: 1.0)) == ["best constant", "yours", "the book's"]
    assert "yours        : score 10.00 (quiet broken" in capsys.readouterr().out
    assert list(rating.compare(stub)) == ["best constant", "the book's"]
    assert "not written yet" in capsys.readouterr().out


def three_loops(start, step, ask, K, V, rates, rounds):
    errors = torch.empty(len(rates)).double()
    for place, theta in enumerate(rates):
        W, sound = [w.clone() for w in start], True
        for _ in range(rounds):
            for t in range(len(K)):
                off = ((ask(W, K[t]) - V[t]) ** 2).sum() / (V[t] ** 2).sum()
                sound = sound and bool(off < 1e4)
                W = step(W, K[t], V[t], theta)
        off = ((ask(W, K) - V) ** 2).mean() / (V**2).mean()
        errors[place] = off if sound else float("inf")
    return errors


def by_a_helper(start, step, ask, K, V, rates, rounds):
    def one(theta):
        W = start
        for t in range(rounds * len(K)):
            k, v = K[t % len(K)], V[t % len(K)]
            off = (ask(W, k) - v).norm() ** 2 / v.norm() ** 2
            if off.isnan() or off >= 1e4:
                return torch.tensor(torch.inf, dtype=K.dtype)
            W = step(W, k, v, theta)
        return (ask(W, K) - V).norm() ** 2 / V.norm() ** 2

    return torch.stack([one(theta) for theta in rates])


@pytest.mark.parametrize("answer", [three_loops, by_a_helper])
def test_other_ways_to_write_the_experiment_are_right(answer):
    verdict = examine(EDGE, answer)
    assert verdict.passed, verdict


def test_the_experiment_finds_what_the_fast_reading_finds():
    K, V = deep.pairs(6)
    start, stable = deep.start(3)
    rates = stable * torch.tensor([0.1, 0.5, 5.0], dtype=torch.float64)
    own = find_edge(start, deep.step, deep.ask, K, V, rates, rounds=3)
    read = deep.read(K.repeat(3, 1), V.repeat(3, 1), start, rates)
    true = deep.recall(read.weights, K, V).where((read.error < 1e4).all(1), torch.inf)
    assert own.isinf().tolist() == [False, False, True]
    assert torch.allclose(own[:2], true[:2]) and true[2].isinf()


def test_three_forms_agree_and_a_wrong_step_does_not():
    assert max(forms.three_ways(deep_step).values()) < 1e-12
    wrong = forms.three_ways(lambda *given: deep_step(*given[:5], 0 * given[5], *given[6:]))
    assert min(wrong.values()) > 1e-3
