"""The journey of chapter 04 and its widget: worlds, gates, a wipe, by their own sliders."""

import pytest
import torch

from titans_book import Gates, memorize
from titans_book.book.ch04 import travel
from titans_book.book.ch04.exercises_gate import forget_gate
from titans_book.book.ch04.worlds import LAST, Worlds
from titans_book.lab.learning.examine import examine


@pytest.fixture
def worlds():
    return Worlds(alt="Four worlds")


def test_every_word_is_said_once_a_round_and_means_something_else_in_every_world():
    trip = travel.journey()
    assert torch.allclose(trip.words.norm(dim=1), torch.ones(12).double())
    assert all(len(set(round_.tolist())) == 12 for round_ in trip.said.split(12))
    assert trip.world.bincount().tolist() == [60, 60, 60, 60]
    noise = trip.v - trip.meanings[trip.world, trip.said]
    assert noise.std() == pytest.approx(travel.NOISE, rel=0.05)
    one, other = trip.meanings[0].flatten(), trip.meanings[1].flatten()
    assert abs(torch.cosine_similarity(one, other, 0)) < 0.2


def test_a_reading_is_what_memorize_does():
    trip = travel.journey()
    one = torch.ones(1, 1, 240, dtype=torch.float64)
    gates = Gates(travel.THETA * one, travel.ETA * one, 0.02 * one)
    k, v = trip.k[None, None], trip.v[None, None]
    _, state = memorize(k, k, v, gates, [torch.zeros(1, 16, 16, dtype=torch.float64)], chunk=1)
    M = travel.read(trip, 0.02).M[-1]
    assert torch.allclose(M, state.weights[0][0, 0], atol=1e-12, rtol=0)


def test_an_empty_memory_is_wrong_by_one_and_a_perfect_one_by_nothing():
    trip = travel.journey()
    assert travel.read(trip, theta=0).error == pytest.approx(torch.ones(240))
    known = torch.linalg.lstsq(trip.words, trip.meanings[2]).solution
    assert travel.shares(trip, known[None])[:, 0] == pytest.approx([0, 0, 1, 0], abs=1e-12)


@pytest.mark.parametrize(
    ("answer", "used"), [(2.0, 1.0), (-1.0, 0.0), (float("nan"), 0.0), (True, 1.0)]
)
def test_a_gate_that_answers_anything_is_held_between_zero_and_one(answer, used):
    reading = travel.read(travel.journey(length=12), lambda surprise, usual: answer)
    assert reading.alpha.unique().tolist() == [used]
    assert reading.M.isfinite().all()


def test_a_gate_is_told_the_surprise_and_what_is_usual():
    felt = []
    reading = travel.read(travel.journey(length=12), lambda *both: felt.append(both) or 0.0)
    surprise, usual = torch.tensor(felt).T
    assert torch.allclose(surprise.double(), reading.surprise)
    assert usual[0] == 0 and usual[1] == surprise[0]
    assert usual[2] == pytest.approx(0.9 * surprise[0] + 0.1 * surprise[1])


def test_the_books_gate_opens_at_the_borders_and_nowhere_else():
    reading = travel.read(travel.journey(), forget_gate.reference)
    assert reading.alpha.nonzero().flatten().tolist() == [60, 120, 180]


@pytest.mark.parametrize(
    ("factor", "passes"), [(1.5, False), (1.9, True), (2, True), (2.4, True), (2.5, False)]
)
def test_the_thresholds_that_chapter_04_names(factor, passes):
    verdict = examine(forget_gate, lambda surprise, usual: surprise > factor * usual)
    assert verdict.passed == passes


def test_without_forgetting_every_world_is_harder_than_the_last(worlds):
    assert worlds.worlds == sorted(worlds.worlds)
    assert worlds.error == pytest.approx(0.501, abs=1e-3)
    assert "world 4 0.60; no wipe" in worlds.means.value


def test_the_slider_forgets(worlds):
    worlds.alpha.value = 0.015
    assert worlds.error < 0.475
    worlds.alpha.value = 0.3
    assert worlds.error > 0.75 and "<b>Mean recall error 0.7" in worlds.means.value


def test_the_brush_wipes_at_the_token_and_can_be_taken_back(worlds):
    before = worlds.drawing.value
    worlds.token.value = 121
    worlds.brush.click()
    assert worlds.wipe == 121 and worlds.error == pytest.approx(0.447, abs=1e-3)
    assert worlds.reading.alpha.nonzero().tolist() == [[120]]
    assert ">wipe</text>" in worlds.drawing.value and "wiped at token 121" in worlds.means.value
    worlds.undo.click()
    worlds.token.value = 190
    assert worlds.wipe is None and worlds.drawing.value == before


def test_before_the_first_token_there_is_nothing_to_wipe(worlds):
    worlds.token.value = 0
    worlds.brush.click()
    assert worlds.wipe is None and "0%" in worlds.bars.value


def test_the_token_slider_shows_the_memory_and_its_mixture(worlds):
    assert "world 3: 41%, world 4: 28%" in worlds.bars.value
    shown = worlds.memory.value
    worlds.token.value = LAST
    assert worlds.memory.value != shown and "world 4: 77%" in worlds.bars.value
    assert torch.equal(torch.as_tensor(worlds.memory.values[0, 0]), worlds.reading.M[-1].float())


def test_at_every_end_of_the_sliders_it_draws(worlds):
    for slider in (worlds.alpha, worlds.token):
        for end in (slider.min, slider.max):
            slider.value = end
            worlds.brush.click()
            assert "nan" not in worlds.drawing.value + worlds.bars.value


def test_it_runs_on_the_step_that_it_is_given():
    idle = Worlds(alt="Four worlds", step=lambda M, S, *_: (M, S))
    assert idle.error == pytest.approx(1.0)


@pytest.mark.parametrize("wipe", [0, 241, -3])
def test_a_wipe_outside_the_journey_is_refused(wipe):
    with pytest.raises(ValueError, match=f"wipe={wipe}"):
        Worlds(alt="Four worlds", wipe=wipe)


def test_it_is_told_in_words_that_never_change(worlds):
    assert repr(worlds) == "Worlds: Four worlds"
    assert 'aria-label="Recall error over 240 tokens. Mean recall error' in worlds.drawing.value
    with pytest.raises(ValueError, match="alt"):
        Worlds(alt="")


@pytest.mark.parametrize("dark", [False, True])
def test_its_still_picture_is_a_picture(dark):
    worlds = Worlds(alt="Four worlds", wipe=61, dark=dark)
    figure = worlds.figure(alt="An error curve and a memory")
    assert figure.alt == "An error curve and a memory" and figure.png()[:4] == b"\x89PNG"
    assert ("#E8772E" in worlds.drawing.value) == dark
