"""The retention gates of MIRAS: each map is the minimum it is derived from, and stays in bounds."""

import pytest
import torch
import torch.nn.functional as F

from tests.memory.cases import assert_equal
from titans_book.memory import Gates, NeuralMemory, Rule, memorize, presets
from titans_book.memory.learning import newton_schulz
from titans_book.memory.maps import KL, ElasticNet, Lq, Sigmoid
from titans_book.memory.objective import Huber, Lp, Objective, Shift


def normal(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("q", [1.5, 2.0, 3.0, 4.0])
def test_the_mirror_map_of_lq_is_where_its_own_objective_is_flat(q):
    """M minimises -<A, M> + |M|_p^2 / (2 (p - 1)), 1/p + 1/q = 1; the printed map does not."""
    A, p = normal(5, 6), q / (q - 1)

    def slope(map_):
        M = Lq(q=q, map=map_).retain(A).requires_grad_()
        size = M.abs().pow(p).sum() ** (2 / p)
        return torch.autograd.grad(size / (2 * (p - 1)) - (A * M).sum(), M)[0].abs().max()

    assert slope("mirror") < 1e-13
    assert q == 2 or slope("printed") > 0.1
    if q == 2:
        assert_equal(Lq(q=q).retain(A), A)


def test_half_of_what_was_gathered_is_twice_the_memory_by_the_printed_map():
    A = normal(5, 6)
    assert_equal(Lq(map="printed").retain(A / 2), 2 * Lq(map="printed").retain(A))
    assert_equal(Lq(map="mirror").retain(A / 2), Lq(map="mirror").retain(A) / 2)


@pytest.mark.parametrize("map_", [Lq(), Lq(map="printed"), Lq(q=1.5), ElasticNet()], ids=str)
def test_an_empty_memory_has_slopes(map_):
    A = torch.zeros(3, 4, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(map_.retain(A).sum(), A)
    assert torch.isfinite(slope).all()


def test_a_huge_memory_does_not_overflow_lq():
    A = 1e30 * torch.ones(3, 4)
    assert torch.isfinite(Lq().retain(A)).all() and torch.isfinite(Lq().retain(1e-30 * A)).all()


def test_memora_is_the_minimum_on_the_simplex():
    """M = argmin <M, u> + 1/theta KL(M, W), written as a mixture: no small move is better."""
    W, u = KL().retain(normal(5, 3)), normal(5, 3, seed=1)
    M = KL().retain(W.log() - 0.7 * u)

    def cost(M):
        return (M * u).sum() + (M * (M / W).log()).sum() / 0.7

    for seed in range(20):
        move = normal(5, 3, seed=seed)
        other = M + 1e-3 * (move - move.mean(0)) * M.amin()
        assert cost(other) > cost(M)


def test_the_soft_threshold_is_the_minimum_of_elastic_net():
    """argmin 1/2 |M - A|^2 + threshold |M|_1."""
    A, net = normal(5, 6), ElasticNet(threshold=0.4)
    M = net.retain(A)
    grid = torch.linspace(-3, 3, 6001, dtype=torch.float64)
    costs = 0.5 * (grid - A[..., None]).square() + 0.4 * grid.abs()
    assert (grid[costs.argmin(-1)] - M).abs().max() < 1e-3
    assert (M == 0).any()


def test_the_sigmoid_undoes_its_start():
    W = torch.rand(3, 4, dtype=torch.float64) * 0.9 + 0.05
    assert_equal(Sigmoid().retain(Sigmoid().start([W])[0]), W)


def test_weights_outside_of_the_simplex_are_refused_by_name():
    rule = Rule.of(1, retention="kl", momentum=False)
    one, x = torch.full((1, 1, 2), 0.5), torch.ones(1, 1, 2, 3)
    with pytest.raises(ValueError, match=r"weights\[0\] must lie between 0 and inf.*'kl'"):
        memorize(x, x, x, Gates(one, one, one), [torch.zeros(1, 3, 3)], rule=rule)


@pytest.mark.bare
def test_memora_stays_on_the_simplex_over_100_000_tokens_at_rate_100():
    """Float32, chunk 16, alpha 0, unit keys: every column adds up to the scale, no overflow."""
    generator = torch.Generator().manual_seed(0)
    rule = Rule.of(1, retention={"name": "kl", "scale": 2.0}, momentum=False)
    state, weights, time = None, [torch.full((1, 8, 8), 0.25)], 10_000
    for _ in range(10):
        k = F.normalize(torch.randn(1, 1, time, 8, generator=generator), dim=-1)
        v = torch.randn(1, 1, time, 8, generator=generator)
        ones = torch.ones(1, 1, time)
        y, state = memorize(
            k, k, v, Gates(100 * ones, 0 * ones, 0 * ones), weights, rule=rule, state=state
        )
        (M,) = state.weights
        assert torch.isfinite(y).all() and (M >= 0).all()
        assert (M.sum(-2) - 2).abs().max() < 1e-5
    assert state.position == 100_000


@pytest.mark.bare
def test_memora_forgets_towards_a_uniform_matrix():
    rule = Rule.of(1, retention="kl", momentum=False, chunk=1)
    x, ones = torch.zeros(1, 1, 2000, 4), torch.ones(1, 1, 2000)
    start = [torch.softmax(torch.randn(1, 4, 4), dim=-2)]
    _, state = memorize(x, x, x, Gates(0 * ones, 0 * ones, 0.01 * ones), start, rule=rule)
    assert (state.weights[0] - 0.25).abs().max() < 1e-6


@pytest.mark.parametrize("name, bound", [("moneta", 0.6), ("memora", 0.3)])
def test_maps_at_chunk_ends_stay_near_the_exact_loop(name, bound):
    """The memory behind 64 tokens, maps (and surprises) at ends of 4 against every token.

    As a share of how far it has moved since the start, at a rate of a layer's start: the price of
    the chunk, most of which is that of surprise at the anchor, as in Titans.
    """
    torch.manual_seed(0)
    memory = NeuralMemory(16, rule=name).double()
    k = F.normalize(normal(1, 1, 64, 16), dim=-1)
    v, ones = normal(1, 1, 64, 16, seed=1), torch.ones(1, 1, 64, dtype=torch.float64)
    weights = [W.detach() for W in memory.first_weights()]
    extra = {"delta": ones} if "delta" in memory.rule.needs else {}
    gates = Gates(0.02 * memory.stable * ones, 0 * ones, 0.01 * ones, **extra)
    start = memory.rule.network(weights, k)

    def answers(rule):
        _, state = memorize(k, k, v, gates, weights, rule=rule)
        return rule.network(state.weights, k)

    exact = answers(memory.rule.but(chunk=1))
    gaps = []
    for b in (2, 4, 8):
        gaps.append(
            ((answers(memory.rule.but(chunk=b)) - exact).norm() / (exact - start).norm()).item()
        )
    assert gaps[0] < gaps[1] < gaps[2]
    assert 1e-6 < gaps[1] < bound


def test_yaad_cuts_off_what_is_beyond_its_threshold():
    """One outlier of size 1,000 moves Yaad as far as delta allows, and L2 1,000 times as far."""
    switch = Rule.of(1, objective=Huber(delta=1.0, on="switch"), momentum=False, chunk=1)
    x, far = torch.eye(2)[None, None, :1], 1000 * torch.ones(1, 1, 1, 2)
    one = torch.ones(1, 1, 1)
    lengths = []
    for rule in (switch, switch.but(objective="l2")):
        _, state = memorize(
            x, x, far, Gates(one, 0 * one, 0 * one), [torch.zeros(1, 2, 2)], rule=rule
        )
        lengths.append(state.weights[0].norm().item())
    assert lengths == pytest.approx([2**0.5, 1000 * 2**0.5])


OBJECTIVES = [
    Lp(p=1.0, sharp=4.0),
    Lp(p=1.5),
    Lp(p=3.0),
    Huber(0.7),
    Huber(0.7, "norm"),
    Huber(0.7, "switch"),
    Shift(0.3),
]


@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
def test_the_error_is_the_slope_of_the_loss_and_has_slopes_itself(objective):
    answer, value = normal(40, 3).requires_grad_(), normal(40, 3, seed=1)
    loss = objective.loss(answer, value)
    (slope,) = torch.autograd.grad(loss.sum(), answer)
    assert_equal(objective.error(answer, value), slope)
    assert_equal(Objective.error(objective, answer.detach(), value), slope)
    known = value.clone().requires_grad_()  # nothing is missing: no NaN
    error = objective.error(known, value)
    assert torch.isfinite(torch.autograd.grad(error.sum(), known)[0]).all()
    assert objective.name == "shift" or not error.detach().any()


def test_newton_schulz_brings_singular_values_near_one():
    G = normal(6, 4) @ torch.diag(torch.tensor([5.0, 1, 0.5, 0.2], dtype=torch.float64))
    for matrix in (G, G.mT, 1e-20 * G):
        values = torch.linalg.svdvals(newton_schulz(matrix))
        assert ((values > 0.6) & (values < 1.25)).all()
    assert not newton_schulz(torch.zeros(2, 3)).any()


@pytest.mark.parametrize("name", ["moneta", "yaad", "memora", "kda", "atlas"])
def test_a_layer_of_any_rule_is_differentiated_as_finite_differences_say(name):
    torch.manual_seed(1)
    memory = NeuralMemory(4, rule=name, chunk=1 if name == "kda" else 3, conv=1).double()
    x = normal(1, 7, 4).requires_grad_()
    torch.nn.init.normal_(memory.initial[-1], std=0.3)
    assert torch.autograd.gradcheck(lambda x: memory(x)[0], (x,), eps=1e-6, atol=1e-5)


@pytest.mark.parametrize("name", presets.NAMES)
def test_what_a_token_says_does_not_depend_on_later_ones(name):
    torch.manual_seed(0)
    memory = NeuralMemory(8, heads=2, rule=name).double()
    x = normal(1, 21, 8)
    y, _ = memory(x)
    for t in (3, 16, 20):
        other = x.clone()
        other[:, t] += 1
        assert torch.equal(memory(other)[0][:, :t], y[:, :t])
        assert (memory(other)[0][:, t:] - y[:, t:]).abs().max() > 1e-9


def test_beyond_yaads_threshold_no_slope_reaches_the_value_so_it_starts_far_out():
    answer, value = torch.zeros(1, 4), torch.full((1, 4), 3.0, requires_grad=True)
    slopes = {}
    for delta in (1.0, 100.0):
        error = Huber(None, "switch").error(answer, value, delta=torch.full((1,), delta))
        (slope,) = torch.autograd.grad(error.sum(), value)
        slopes[delta] = slope.abs().max().item()
    assert slopes == {1.0: 0.0, 100.0: 1.0}
    torch.manual_seed(0)
    start = NeuralMemory(16, rule="yaad").gates(torch.zeros(1, 1, 16)).delta
    assert start.item() == pytest.approx(4 * 16**0.5)  # a value of ones is 16 ** 0.5 long
