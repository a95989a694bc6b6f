"""The deep dial of chapter 05 and its streams, by its own sliders: where a memory breaks."""

import numpy as np
import pytest
import torch

from titans_book import Gates, memorize
from titans_book.book.ch05 import deep
from titans_book.book.ch05.deep_dial import BROKEN, RATES, DeepDial
from titans_book.memory.layer import NeuralMemory


@pytest.fixture
def dial():
    return DeepDial(alt="The dial")


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_reading_is_what_memorize_does_for_each_write_rate(depth):
    k, v = deep.pairs(12)
    weights, stable = deep.start(depth)
    rates = torch.tensor([0.1, 0.4], dtype=torch.float64) * stable
    reading = deep.read(k, v, weights, rates, eta=0.5, alpha=0.05)
    for index, rate in enumerate(rates):
        one, x = torch.ones(1, 1, 12, dtype=torch.float64), (k[None, None], v[None, None])
        gates = Gates(rate * one, 0.5 * one, 0.05 * one)
        y, state = memorize(x[0], *x, gates, [W[None] for W in weights], chunk=1, read="before")
        for mine, theirs in zip(reading.weights, state.weights, strict=True):
            assert torch.allclose(mine[index], theirs[0, 0], rtol=0, atol=1e-12)
        error = (y[0, 0] - v).square().sum(1) / v.square().sum(1).mean()
        assert torch.allclose(reading.error[index], error, rtol=0, atol=1e-12)


def test_without_momentum_it_is_the_same_reading():
    k, v = deep.pairs(9)
    weights, stable = deep.start(2)
    plain = deep.read(k, v, weights, 0.3 * stable, alpha=0.1)
    with_momentum = deep.read(k, v, weights, 0.3 * stable, eta=1e-300, alpha=0.1)
    assert torch.allclose(plain.error, with_momentum.error, rtol=0, atol=1e-12)


def test_pairs_and_starts_are_what_they_are_called():
    k, v = deep.pairs(7, loud=3.0)
    assert torch.allclose(k.norm(dim=1), torch.ones(7).double())
    assert v.square().mean().sqrt() == pytest.approx(3.0)
    weights, stable = deep.start(3, expansion=2)
    assert [tuple(W.shape) for W in weights] == [(16, 32), (32, 32), (32, 16)]
    assert weights[-1].abs().max() == 0
    assert stable == NeuralMemory(16, depth=3, expansion=2).stable
    before = torch.get_rng_state()
    deep.start(2)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_memory_that_knows_the_pairs_has_no_error():
    k, v = deep.pairs(8)
    W = torch.linalg.pinv(k) @ v
    assert deep.recall([W[None]], k, v).item() < 1e-20
    assert deep.recall([0 * W[None]], k, v).item() == pytest.approx(1.0)


def test_a_matrix_breaks_at_two_whatever_the_width_and_the_loudness(dial):
    dial.depth.value = 1
    for hidden, loud in ((8, 1.0), (64, 1.0), (32, 2.0)):
        dial.hidden.value, dial.loud.value = hidden, loud
        assert dial.holds == pytest.approx(2.1)


def test_deeper_narrower_and_louder_break_sooner(dial):
    by_depth = []
    for depth in (1, 2, 3, 4):
        dial.depth.value = depth
        by_depth.append(dial.holds)
    assert by_depth == sorted(by_depth, reverse=True) and by_depth[0] > 4 * by_depth[3]
    dial.depth.value = 2
    middle = dial.holds
    dial.hidden.value = 8
    assert dial.holds < middle
    dial.hidden.value, dial.loud.value = 32, 2.0
    assert dial.holds < middle


def test_the_write_rate_slider_goes_over_the_edge(dial):
    dial.theta.value = dial.holds
    assert dial.lost is None and "It holds: error" in dial.words.value
    assert "broken</text>" not in dial.drawing.value and "breaks</text>" in dial.map.value
    dial.theta.value = round(dial.holds + 0.1, 1)
    assert 1 < dial.lost <= 48 and f"Broken at token {dial.lost} of 48" in dial.words.value
    assert "broken</text>" in dial.drawing.value
    assert dial.errors[dial.at, : dial.lost - 1].max() < BROKEN


def test_what_is_said_of_the_edge_is_what_was_read(dial):
    count = round(10 * dial.holds)
    assert not dial.broken[:count].any() and dial.broken[count]
    assert f"The last rate that holds is {dial.holds:.1f}" in dial.words.value
    best = dial.recalled[:count].min()
    assert f"with error {best:.2f}" in dial.words.value


@pytest.mark.parametrize("name", ["depth", "hidden", "theta", "loud"])
def test_each_slider_moves_what_is_shown_and_what_is_said(dial, name):
    shown = dial.drawing.value + dial.map.value
    slider = getattr(dial, name)
    slider.value += slider.step
    assert dial.drawing.value + dial.map.value != shown


def test_at_every_end_of_the_sliders_it_draws(dial):
    for slider in (dial.depth, dial.hidden, dial.theta, dial.loud):
        for end in (slider.min, slider.max):
            slider.value = end
            drawn = dial.drawing.value + dial.map.value
            assert "nan" not in drawn and "inf" not in drawn
            assert dial.at == np.abs(RATES - dial.theta.value).argmin()


@pytest.mark.parametrize(
    "wrong", [{"depth": 5}, {"hidden": 0}, {"theta": 9.0}, {"loud": 0.0}], ids=str
)
def test_values_outside_the_sliders_are_refused(wrong):
    with pytest.raises(ValueError, match="outside the slider"):
        DeepDial(alt="The dial", **wrong)


def test_it_is_told_in_words_that_never_change(dial):
    assert repr(dial) == "DeepDial: The dial"
    assert 'aria-label="Error over 48 tokens. It holds' in dial.drawing.value
    assert 'aria-label="Error at the end over the write rate.' in dial.map.value
    with pytest.raises(ValueError, match="alt"):
        DeepDial(alt="")


@pytest.mark.parametrize("theta", [0.2, 2.5])
@pytest.mark.parametrize("dark", [False, True])
def test_its_still_picture_is_a_picture(dark, theta):
    dial = DeepDial(alt="The dial", theta=theta, dark=dark)
    figure = dial.figure(alt="Two error curves")
    assert figure.alt == "Two error curves" and figure.png()[:4] == b"\x89PNG"
    assert ("#E8772E" in dial.drawing.value) == dark
