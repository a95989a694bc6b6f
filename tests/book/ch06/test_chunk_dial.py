"""The dial of chapter 06, by its own sliders: the text, the gauge, the trace that breaks."""

import numpy as np
import pytest
import torch

from titans_book.book.ch06 import alike
from titans_book.book.ch06.chunk_dial import ChunkDial
from titans_book.memory import Gates, memorize
from titans_book.memory.stability import BOUND
from titans_book.steps.chunk import chunk_write


@pytest.fixture
def dial():
    return ChunkDial(alt="The dial")


@pytest.mark.parametrize("likeness", [0.0, 0.5, 0.9, 1.0])
def test_keys_have_length_one_and_are_as_alike_as_asked(likeness):
    k, v, W = alike.text(likeness, time=400)
    assert torch.allclose(k.norm(dim=1), torch.ones(400).double())
    pairs = (k @ k.T).triu(1).sum() / (400 * 399 / 2)
    assert float(pairs) == pytest.approx(likeness, abs=0.02)
    assert torch.equal(v, k @ W)


@pytest.mark.parametrize("likeness", [-0.1, 1.5])
def test_a_likeness_outside_is_refused(likeness):
    with pytest.raises(ValueError, match=f"likeness={likeness}"):
        alike.text(likeness)


@pytest.mark.parametrize("b", alike.CHUNKS)
def test_the_errors_are_those_of_memorize_and_of_a_written_chunk(b):
    told = alike.text()
    k, v, one = told.k[None, None], told.v[None, None], torch.ones(1, 1, alike.TIME).double()
    gates = Gates(0.05 * one, 0 * one, 0 * one)
    _, state = memorize(k, k, v, gates, [torch.zeros(1, 16, 16).double()], chunk=b)
    last = (state.weights[0][0, 0] - told.W).norm() / told.W.norm()
    quick, written = (alike.errors(told, 0.05, b, write) for write in (None, chunk_write))
    assert torch.allclose(quick, written, rtol=1e-10) and quick[0] == 1
    assert float(quick[-1]) == pytest.approx(float(last))


def test_what_is_no_number_any_more_is_infinite():
    told = alike.text(1.0, time=4000)
    assert float(alike.errors(told, 1.0, 4)[-1]) == float("inf")


def test_below_the_border_it_settles_and_above_it_breaks(dial):
    assert dial.level < BOUND and dial.broken is None
    assert "overshoots, and still settles" in dial.meter.value
    dial.chunk.value, dial.theta.value = 16, 0.3
    assert dial.level == pytest.approx(2.91, abs=0.01) and dial.broken == 112
    assert "breaks at token 112" in dial.drawing.value and "beyond the border" in dial.meter.value


def test_keys_that_are_all_the_same_break_at_theta_times_b_above_two(dial):
    dial.likeness.value, dial.chunk.value = 1.0, 16
    dial.theta.value = 0.12
    assert dial.level == pytest.approx(1.92) and dial.broken is None
    dial.theta.value = 0.14
    assert dial.level == pytest.approx(2.24) and dial.broken is not None


@pytest.mark.parametrize("likeness", [0.0, 0.5, 1.0])
def test_no_trace_breaks_below_the_border(dial, likeness):
    dial.likeness.value = likeness
    for b in (4, 16, 64):
        dial.chunk.value = b
        for theta in np.arange(0.1, 1.2, 0.2):
            dial.theta.value = float(theta)
            assert dial.level >= BOUND or (dial.broken is None and dial.error.max() <= 1 + 1e-9)


@pytest.mark.parametrize("name", ["chunk", "theta", "likeness"])
def test_each_slider_moves_what_is_shown_and_what_is_said(dial, name):
    shown, said = dial.drawing.value, dial.meter.value
    slider = getattr(dial, name)
    slider.value = 32 if name == "chunk" else slider.value + slider.step
    assert dial.drawing.value != shown and dial.meter.value != said


def test_at_every_end_of_the_sliders_it_draws_within_its_frame(dial):
    for b in (1, 64):
        dial.chunk.value = b
        for slider in (dial.theta, dial.likeness):
            for end in (slider.min, slider.max):
                slider.value = end
                assert "nan" not in dial.drawing.value + dial.meter.value
                assert "inf" not in dial.drawing.value


def test_it_runs_on_the_chunk_write_that_it_is_given():
    idle = ChunkDial(alt="The dial", write=lambda M, S, *_: (M, S))
    assert idle.error == pytest.approx(np.ones(25))


def test_a_chunk_that_is_not_on_the_dial_is_refused():
    with pytest.raises(ValueError, match="b=3"):
        ChunkDial(alt="The dial", b=3)


def test_it_is_told_in_words_that_never_change(dial):
    assert repr(dial) == "ChunkDial: The dial"
    assert 'aria-label="The memory&#x27;s error over 192 tokens. gauge' in dial.drawing.value
    with pytest.raises(ValueError, match="alt"):
        ChunkDial(alt="")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("theta", [0.1, 0.9])
def test_its_still_picture_is_a_picture(dark, theta):
    dial = ChunkDial(alt="The dial", theta=theta, dark=dark)
    figure = dial.figure(alt="A trace and a gauge")
    assert figure.alt == "A trace and a gauge" and figure.png()[:4] == b"\x89PNG"
    assert ("#E8772E" in dial.drawing.value) == dark
