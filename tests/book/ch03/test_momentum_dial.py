"""The momentum dial of chapter 03, by its own sliders: the report, the traces, the answer."""

import numpy as np
import pytest
import torch

from titans_book.book.ch03 import aftershocks
from titans_book.book.ch03.momentum_dial import MomentumDial


@pytest.fixture
def dial():
    return MomentumDial(alt="The dial")


def test_the_report_has_one_loud_word_and_a_faint_one_that_leans_towards_it():
    words, k, v = aftershocks.passage()
    assert words[4] == "QUAKE" and words[8] == "bridge" and len(words) == 20
    assert torch.allclose(k.norm(dim=1), torch.ones(20).double())
    assert v.flatten().nonzero().flatten().tolist() == [4, 8]
    others = [t for t in range(20) if t not in (4, 8)]
    assert (k[others] @ k[[4, 8]].T).abs().max() == 0


@pytest.mark.parametrize("place", [-1, 20])
def test_a_quake_outside_the_report_is_refused(place):
    with pytest.raises(ValueError, match=f"quake={place}"):
        aftershocks.passage(place)


def test_an_overlap_beyond_one_is_refused():
    with pytest.raises(ValueError, match="overlap=1.5"):
        aftershocks.passage(overlap=1.5)


def test_without_momentum_the_bridge_is_hardly_written(dial):
    assert dial.answer == pytest.approx(0.28)
    assert "28%: hardly written" in dial.bar.value


def test_momentum_lets_it_be_heard_and_then_too_loud(dial):
    dial.eta.value = 0.75
    assert dial.answer == pytest.approx(0.967, abs=1e-3)
    assert "as it was said" in dial.bar.value
    dial.eta.value = 0.9
    assert "too loud" in dial.bar.value


def test_past_surprise_fades_by_eta_after_the_quake(dial):
    dial.eta.value = 0.5
    past = dial.traces["past surprise |S|"]
    assert past[4:8] == pytest.approx([0.4, 0.2, 0.1, 0.05])
    assert dial.traces["momentary surprise θ|u|"][5:8] == pytest.approx(np.zeros(3))


def test_without_momentum_both_traces_are_the_same(dial):
    momentary, past = dial.traces.values()
    assert past == pytest.approx(momentary)


def test_a_quake_behind_the_bridge_helps_too_but_not_without_overlap(dial):
    dial.eta.value = 0.75
    before = dial.answer
    dial.place.value = 9
    assert dial.words.index("bridge") < 9 and dial.answer > before
    dial.overlap.value = 0.0
    behind = dial.answer
    dial.place.value = 12
    assert dial.answer == pytest.approx(behind) and behind == pytest.approx(0.39, abs=0.005)


@pytest.mark.parametrize("name", ["eta", "theta", "place", "overlap"])
def test_each_slider_moves_what_is_shown_and_what_is_said(dial, name):
    dial.eta.value = 0.5
    shown = dial.drawing.value + dial.bar.value + dial.strip.value
    slider = getattr(dial, name)
    slider.value += slider.step
    assert dial.drawing.value + dial.bar.value + dial.strip.value != shown


def test_at_every_end_of_the_sliders_it_draws_within_its_frame(dial):
    for slider in (dial.eta, dial.theta, dial.place, dial.overlap):
        for end in (slider.min, slider.max):
            slider.value = end
            assert "nan" not in dial.drawing.value
            assert max(trace.max() for trace in dial.traces.values()) <= dial._top()


def test_it_runs_on_the_step_that_it_is_given():
    calm = MomentumDial(alt="The dial", eta=0.9, step=lambda S, u, theta, eta: -theta * u)
    assert calm.answer == pytest.approx(0.28)


def test_it_is_told_in_words_that_never_change(dial):
    assert repr(dial) == "MomentumDial: The dial"
    assert 'aria-label="Two traces' in dial.drawing.value
    with pytest.raises(ValueError, match="alt"):
        MomentumDial(alt=" ")


@pytest.mark.parametrize("dark", [False, True])
def test_its_still_picture_is_a_picture(dark):
    dial = MomentumDial(alt="The dial", eta=0.75, dark=dark)
    figure = dial.figure(alt="Two traces and a bar")
    assert figure.alt == "Two traces and a bar" and figure.png()[:4] == b"\x89PNG"
    assert ("#E8772E" in dial.drawing.value) == dark
