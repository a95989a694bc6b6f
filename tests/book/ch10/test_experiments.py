"""The streams and runs of chapter 10 are what the page says they are."""

from functools import partial

import pytest
import torch

from titans_book.book.ch10 import design, mixing, mixtures, noise, sensor
from titans_book.book.ch10.numbers import NaNProbe, number
from titans_book.book.ch10.package import read_pairs
from titans_book.lab.pictures.shades import shaded
from titans_book.memory import Rule
from titans_book.steps.matrix import delta_write
from titans_book.steps.miras import huber_error, lp_error, softmax_retain


@pytest.mark.parametrize("name", noise.NOISES)
def test_a_stream_is_a_linear_map_and_noise(name):
    K, V, W = noise.stream(name)(seed=3)
    off = V - K @ W
    assert torch.allclose(K.norm(dim=1), torch.ones(len(K)).double())
    assert torch.equal(K, noise.stream(name)(seed=3)[0])
    far = (off.abs() > 5).double().mean()
    if name == "outliers":
        assert far == pytest.approx(0.05, abs=0.005)
    else:
        assert far == 0 and off.std() == pytest.approx(noise.SIZE, rel=0.03)


def test_an_unknown_noise_is_refused_by_name():
    with pytest.raises(ValueError, match="noise='pink'"):
        noise.stream("pink")


def test_the_score_of_a_power_on_its_own_noise_is_one():
    assert design.ratios(partial(lp_error, p=4))["uniform"] == pytest.approx(1)
    assert design.worst(partial(huber_error, delta=0.7)) < design.BAR


def test_a_measured_error_names_its_best_rate():
    found = design.measured(lambda answer, value: 1e6 * (answer - value))
    assert found["outliers"][1] == noise.RATES[0]


def test_a_forecast_takes_the_rates_that_it_is_given():
    place = sensor.room().changes
    one = sensor.forecast(place, {"L2": lambda answer, value: answer - value}, rates=[0.003])
    assert one["L2"].rate == 0.003


def test_a_probe_shows_nan_as_a_number():
    probe = NaNProbe(inputs={"x": number(1, 2)}, returns=("y",), steps=1)
    (step,) = probe(lambda x: torch.tensor([x, torch.nan]))
    assert 1 <= step["y"][0] <= 2 and step["y"][1] == -999


def test_the_package_reads_pairs_as_the_delta_rule_does():
    K, V, W = noise.stream("uniform", length=5)(seed=0)
    rule = Rule.of(1, objective="l2", retention="none", momentum=False, chunk=1)
    M = torch.zeros_like(W)
    for k, v in zip(K, V, strict=True):
        M = delta_write(M, k, v, 0.3)
    assert torch.allclose(M, read_pairs(rule, K, V, theta=0.3))


def test_the_steam_is_in_the_record_where_the_labels_say():
    place = sensor.room()
    changes = place.changes.series[place.begins - 1 : place.ends - 1]
    assert changes.abs().max() == place.changes.series.abs().max() > 10
    assert sensor.room("humidity").begins == place.begins
    with pytest.raises(ValueError, match="quantity='light'"):
        sensor.room("light")


def test_a_forecast_is_made_before_the_value_is_learned():
    """The first one is 0, and the second is what one delta step has written."""
    place = sensor.room().changes
    one = sensor.forecast(place, {"L2": lambda answer, value: answer - value})["L2"]
    keys = place.series.unfold(0, sensor.LAG, 1)[:2]
    keys = keys / keys.norm(dim=1, keepdim=True)
    first = place.series[sensor.LAG]
    M = delta_write(torch.zeros(sensor.LAG, 1).double(), keys[0], first[None], one.rate)
    assert one.said[0] == 0 and one.errors[0] == first**2
    assert torch.allclose(one.said[1], keys[1] @ M)


def test_a_run_without_a_map_is_the_delta_rule():
    truth, K = mixtures.mixture(0, 8)[None], mixtures.unit_keys(0, 20, 8)[None]
    errors, M = mixtures.run(lambda A: A, truth, K, [0.5])
    by_hand = torch.zeros_like(truth[0])
    for k in K[0]:
        by_hand = delta_write(by_hand, k, k @ truth[0], 0.5)
    assert torch.allclose(M[0, 0], by_hand)
    assert errors[-1, 0, 0] == pytest.approx(
        float((by_hand - truth[0]).norm() ** 2 / truth.norm() ** 2)
    )


def test_doubled_keys_see_a_folded_memory():
    K, W = mixtures.unit_keys(0, 5, 8), softmax_retain(torch.randn(16, 3).double(), 2)
    assert torch.allclose(mixtures.doubled(K) @ W, K @ mixtures.folded(W))
    truth = mixtures.signed(0, 8)
    assert torch.allclose(mixtures.folded(mixtures.halves(truth)), truth)
    assert mixtures.map_error(2 * truth, truth) == pytest.approx(1)


def test_fewer_inputs_need_fewer_tokens():
    few, many = (mixtures.tokens_needed(lambda A: A, d, [1.0], length=200) for d in (4, 16))
    assert few < many < 200


def test_all_readers_start_alike_and_only_their_inner_steps_differ():
    scores = mixing.train_readers(steps=0)
    assert list(scores.bits) == list(mixing.READERS)
    missed = scores.missed
    assert missed["L2, three steps per token"] < missed["L2, descent"] < missed["L2, ascent"]
    assert all(0.3 < bits < 0.7 for bits in scores.bits.values())


@pytest.mark.parametrize("dark", [False, True])
def test_every_curve_has_a_shade_and_a_name_of_its_own(dark):
    curves = {"up": [0, 1, 2], "alike": [0.5, 1, 2], "beyond": [0, 1, 99]}
    axes = shaded([1, 2, 4], curves, alt="Three curves", limits=(0, 3), dark=dark).axes[0]
    assert len({str(line.get_color()) for line in axes.get_lines()}) == 3
    names = {words.get_text(): words for words in axes.texts}
    assert list(names) == ["up", "alike", "beyond"]
    assert names["alike"].xyann[1] < names["up"].xyann[1] and names["beyond"].xy == (2, 1)
