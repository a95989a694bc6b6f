"""The streams, landscapes and scores of chapter 11 are what the page says they are."""

from functools import partial

import pytest
import torch

from titans_book.book.ch11 import buffers, design, facts, rotating, spectrum, tails, valley
from titans_book.book.ch11.exercises_design import my_optimizer
from titans_book.book.ch11.exercises_recall import recall_reference
from titans_book.book.ch11.exercises_share import share_found_reference
from titans_book.steps.optimizers import delta_momentum, newton_schulz


@pytest.mark.parametrize("rule", [buffers.hebb_buffer, buffers.delta_buffer])
def test_streams_side_by_side_are_the_streams_one_by_one(rule):
    together = buffers.mean_recall({"rule": rule}, correlated=0.3, seeds=3)["rule"]
    streams = [buffers.layer_stream(seed, correlated=0.3) for seed in range(3)]
    alone = torch.stack([recall_reference(X, E, rule) for X, E in streams]).mean(0)[:64]
    assert torch.allclose(together, alone)


def test_inputs_with_something_in_common_point_in_similar_directions():
    X, _ = buffers.layer_stream(0, correlated=0.5)
    alike = (X @ X.T).mean()
    assert alike == pytest.approx(0.5, abs=0.1)
    assert abs(float((buffers.layer_stream(0)[0] @ buffers.layer_stream(0)[0].T).mean())) < 0.05


def test_the_slope_of_the_valley_is_its_gradient():
    p = valley.starts(9).requires_grad_()
    (slope,) = torch.autograd.grad(valley.height(p, 30, 0.7, 3).sum(), p)
    assert torch.allclose(valley.slope(p, 30, 0.7, 3), slope)


def test_the_delta_momentum_comes_home_from_more_starts_in_the_steep_valley():
    rates = torch.logspace(-2.5, -2, 3, dtype=torch.float64)

    def share(s):
        def rule(m, g, eta):
            return delta_momentum(m, g, 0.95, eta, s)

        return share_found_reference(valley.slope, rule, valley.starts(), rates, 300)[0]

    assert share(s=0) < 0.85 and share(s=0.1) > 0.95


def test_the_singular_values_of_the_first_gradient_are_the_frequencies():
    given = facts.facts()
    G = given.gradient(torch.zeros(32, 32).double())
    assert torch.allclose(torch.linalg.svdvals(G), given.often)


def test_a_rate_that_ruins_a_fact_does_not_count():
    chosen = facts.tuned(facts.sgd, 20)
    errors = facts.learn(facts.sgd, facts.RATES, 20)
    most = (errors < facts.KNOWN).sum(1).argmax()
    assert (errors[most] < facts.KNOWN).sum() > (chosen < facts.KNOWN).sum()
    assert chosen.max() <= 1 and errors[most].max() > 1e3


def test_m3_trains_when_its_means_decay_and_best_without_the_division():
    printed, decaying, undivided, muon = (
        facts.least_loss(update, 60) for update in facts.M3.values()
    )
    assert printed > 0.85 > decaying > 10 * undivided
    assert muon < 0.05


def test_a_follower_without_memory_is_gradient_descent():
    places, noise = rotating.moving(rotating.PATHS[0])
    p, q = torch.ones(8, 2).double(), torch.ones(8, 2).double()
    step, state = rotating.momentum(0.3, 0.0), None
    for place, wobble in zip(places[:5], noise[:5], strict=True):
        g = p - place + wobble
        p, state = step(p, g, state)
        q = q - 0.3 * (q - place + wobble)
    assert torch.allclose(p, q)


def test_a_matrix_learns_an_even_circle_around_zero_and_none_elsewhere():
    around, elsewhere, _ = rotating.PATHS
    plain, constant = ((0.05,), (1.0,)), ((0.1,), (1.0,), (True,))
    assert rotating.tuned(rotating.linear_memory, around, *plain) < 0.3
    assert rotating.tuned(rotating.linear_memory, elsewhere, *plain) > 1
    assert rotating.tuned(rotating.linear_memory, elsewhere, *constant) < 0.3
    with pytest.raises(ValueError, match="path='a square'"):
        rotating.moving("a square")


def test_the_literal_deep_momentum_moves_all_weights_alike():
    given = tails.tails(runs=2, wild=False)
    errors, downhill = tails.train(tails.literal, [(0.001, 0.9), (0.03, 0.9)], given)
    assert errors.mean(-1).min() > 0.98 and errors[-1, 1].min() > 100
    assert downhill.mean((0, 2)).max() < 0.03
    u, state = torch.randn(1, 1, 16).double(), None
    c = torch.full((2, 1, 1, 1), 0.1).double()
    for _ in range(3):
        step, state = tails.literal(u, state, c)
        assert torch.allclose(step, step[..., :1].expand_as(step)) and step.any()


def test_the_inner_gradients_of_the_mlp_are_autograds():
    k, target = torch.randn(1, 1, 16).double(), torch.randn(1, 1, 16).double()
    first, second = tails._layers(k)
    first, second = first.clone(), torch.randn_like(second)
    layers = [first.requires_grad_(), second.requires_grad_()]
    loss = 0.5 * (tails._asked(k, tuple(layers)) - target).square().sum()
    slopes = torch.autograd.grad(loss, layers)
    after = tails._mlp(k, lambda y: y - target, tuple(layers), torch.ones(1, 1, 1).double())
    for layer, slope, moved in zip(layers, slopes, after, strict=True):
        assert torch.allclose(layer - slope, moved)


def test_spectra_are_the_singular_values_of_the_whole_matrix():
    G = torch.randn(6, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = spectrum.spectra(G, 5)["Muon's quintic"][5].sort(descending=True).values
    assert torch.allclose(found, torch.linalg.svdvals(newton_schulz(G, 5)))
    whole = torch.linalg.svdvals(spectrum.proximal(G, 5))
    assert torch.allclose(spectrum.spectra(G, 5)["Nested Learning (44)"][5], whole)


def test_clipping_alone_is_as_good_as_the_bar_on_wild_gradients():
    def clipping(p, g, rate, state):
        size = g.square().sum((1, 2), keepdim=True).sqrt() + 1e-30
        return p - rate * g * (0.5 / size).clamp(max=1)

    found = design.scores(clipping)
    assert found["tails"] > 0.9 and found["valley"] < 0.1
    assert design.worst(clipping) == min(found.values())


def test_the_books_optimizer_passes_and_one_that_blows_up_gets_nothing():
    assert design.worst(my_optimizer.reference) > design.BAR
    assert design.worst(lambda p, g, rate, state: p * torch.nan) < 0.01


def test_the_decays_on_the_page_are_as_good_as_any():
    known = {
        name: [(facts.tuned(partial(rule, alpha=a), 20) < facts.KNOWN).sum() for a in (0.5, 0.9)]
        for name, rule in facts.OPTIMIZERS.items()
        if name != "SGD"
    }
    for name, others in known.items():
        own = (facts.tuned(facts.OPTIMIZERS[name], 20) < facts.KNOWN).sum()
        assert own >= max(others)
