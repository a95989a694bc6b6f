"""A prediction comes before the truth: the truth is nowhere until it is asked for."""

import sys

import numpy as np
import pytest
import torch

from titans_book.lab.learning.predict import Pick, Predict
from titans_book.lab.learning.progress import Progress
from titans_book.lab.pictures import style
from titans_book.lab.pictures.curves import Frame, curve, spoken

X = np.arange(5.0)
TRUTH = np.array([0.0, 0.2, 0.9, 0.6, 0.4])
WORDS = {"xlabel": "token", "ylabel": "share <left>", "alt": "What is left of a trace"}


def predict(truth=TRUTH, x=X, *, name="04.left", limits=(0, 1), **keywords):
    record = keywords.pop("record", None) or Progress(None)
    return Predict(name, x, truth, limits=limits, record=record, **WORDS, **keywords)


def guess(widget, values):
    for slider, value in zip(widget.sliders, values, strict=True):
        slider.value = value


def states(widget) -> str:
    return str(widget.get_state()) + "".join(map(states, getattr(widget, "children", ())))


def test_sliders_shape_the_curve_and_have_names():
    shown = predict()
    before = shown.drawing.value
    guess(shown, [0.1, 0.2, 0.3, 0.4, 0.5])
    assert shown.values == [0.1, 0.2, 0.3, 0.4, 0.5] and shown.drawing.value != before
    assert [slider.description for slider in shown.sliders][1] == "height at x=1"
    assert {slider.orientation for slider in shown.sliders} == {"vertical"}
    assert "0.3 at 2" in shown.drawing.value and "share &lt;left&gt;" in shown.drawing.value


def test_the_handles_lie_on_the_curve():
    shown = predict(points=3)
    lefts = [float(slider.layout.left[:-2]) + 14 for slider in shown.sliders]
    assert lefts == pytest.approx(shown.frame.across([0, 2, 4]).tolist(), abs=0.6)
    top = float(shown.sliders[0].layout.top[:-2])
    base = top + float(shown.sliders[0].layout.height[:-2])
    assert [top, base] == shown.frame.down([1.0, 0.0]).tolist()


def test_the_truth_is_hidden_until_it_is_asked_for_and_again_afterwards():
    shown = predict(np.array([0.123, 0.789, 0.123, 0.789, 0.456]))
    guess(shown, [0.1] * 5)

    def visible():
        return "0.789" in states(shown) or style.colour("fast", False) in states(shown)

    assert not visible()
    shown.button.click()
    assert visible() and shown.button.description == "Again"
    assert all(slider.disabled for slider in shown.sliders)
    shown.button.click()
    assert not visible() and shown.button.description == "Show me"
    assert not any(slider.disabled for slider in shown.sliders)
    assert repr(shown) == "Predict: What is left of a trace"


def test_the_miss_is_measured_and_the_first_one_is_recorded():
    record = Progress(None)
    shown = predict(limits=(0, 2), record=record)
    guess(shown, [0.0, 0.2, 0.4, 0.6, 0.4])
    shown.button.click()
    said = shown.result.value
    assert "0.1 away" in said and "5% of the range" in said and "Very close" in said
    assert "widest at x = 2: you said 0.4, and it is 0.9" in said
    kept = record.predictions()["04.left"]
    assert kept["values"] == [0.0, 0.2, 0.4, 0.6, 0.4] and kept["off_by"] == pytest.approx(0.05)
    shown.button.click()
    guess(shown, [1.0] * 4 + [2.0])
    shown.button.click()
    assert record.predictions()["04.left"] == kept


@pytest.mark.parametrize(
    "height, words", [(0.0, "Spot on"), (0.1, "Close"), (0.2, "Some way off"), (0.9, "Far off")]
)
def test_a_miss_of_any_size_gets_a_friendly_word(height, words):
    shown = predict(np.zeros(5))
    guess(shown, [height] * 5)
    shown.button.click()
    assert words in shown.result.value
    assert ("widest" in shown.result.value) == (height > 0)


def test_without_a_guess_it_asks_once_and_records_nothing():
    record = Progress(None)
    shown = predict(record=record)
    shown.button.click()
    assert "not moved a point" in shown.result.value and not shown.shown
    shown.sliders[0].value = 0.9
    assert shown.result.value == ""
    shown.sliders[0].value = 0.5
    shown.button.click()
    assert shown.shown and record.predictions() == {}


def test_the_page_may_round_a_height_without_it_being_a_guess():
    shown = predict(limits=(0, 6.5))
    for slider in shown.sliders:
        assert (slider.value / slider.step) == pytest.approx(round(slider.value / slider.step))
        slider.value += 1e-6
    assert not shown.touched


def test_the_session_keeps_it_where_no_record_is_given(monkeypatch):
    record = Progress(None)
    monkeypatch.setattr(sys.modules[Predict.__module__], "progress", lambda: record)
    shown = Predict("04.left", torch.arange(5), torch.tensor(TRUTH), limits=(0, 1), **WORDS)
    guess(shown, [0.0] * 5)
    shown.button.click()
    assert list(record.predictions()) == ["04.left"]


@pytest.mark.parametrize("dark", [False, True])
def test_there_is_a_still_picture_with_the_truth_and_the_guess(dark):
    shown = predict(dark=dark, role="surprise")
    assert len(shown.figure(alt="The truth").axes[0].lines) == 1
    guess(shown, [0.0] * 5)
    picture = shown.figure(alt="Both")
    assert picture.alt == "Both" and picture.axes[0].lines[1].get_linestyle() == "-."
    assert picture.axes[0].lines[1].get_color() == style.colour("surprise", dark)
    assert picture.png()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"name": "left"}, "no chapter and word"),
        ({"points": 1}, "points=1"),
        ({"role": "magic"}, "role='magic'"),
        ({"limits": (1, 0)}, "must be smaller"),
        ({"limits": (0, 0.5)}, "do not hold the curve: it goes from 0 to 0.9"),
        ({"truth": TRUTH * np.nan}, "do not hold"),
        ({"truth": TRUTH[:3]}, r"shape \(3,\)"),
        ({"x": X[::-1]}, "larger than the one before"),
        ({"x": np.array([0.0])}, "two or more"),
    ],
)
def test_what_cannot_be_predicted_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        predict(**wrong)


def test_no_prediction_without_words():
    with pytest.raises(ValueError, match="alt="):
        Predict("04.left", X, TRUTH, xlabel="", ylabel="", limits=(0, 1), alt=" ")


CURVES = {"fades": TRUTH, "stays": TRUTH * 0 + 0.5, "falls": -TRUTH}
BECAUSE = {"fades": "It fades.", "stays": "It would stay.", "falls": "It would fall."}


def pick(curves=CURVES, right="fades", because=BECAUSE, **keywords):
    keywords = {"record": Progress(None), "alt": "Three curves", **keywords}
    return Pick("04.which", X, curves, right, because, **keywords)


def test_a_pick_says_what_each_curve_would_mean_and_records_the_first():
    record = Progress(None)
    shown = pick(record=record)
    assert not [words for words in (*BECAUSE, *BECAUSE.values()) if words in states(shown)]
    shown.buttons[1].click()
    assert "✗ B: Not this one." in shown.result.value and "would stay" in shown.result.value
    shown.buttons[0].click()
    assert "✓ A: That is what happens." in shown.result.value
    assert [button.description for button in shown.buttons] == ["A ✓", "B ✗", "C"]
    assert record.predictions() == {"04.which": {"values": [1.0], "off_by": 1.0}}
    assert repr(shown) == repr(pick()) == "Pick: Three curves"


def test_picked_at_once_is_off_by_nothing(monkeypatch):
    record = Progress(None)
    monkeypatch.setattr(sys.modules[Pick.__module__], "progress", lambda: record)
    pick(record=None).buttons[0].click()
    assert record.predictions()["04.which"] == {"values": [0.0], "off_by": 0.0}


def test_all_curves_share_one_scale_that_holds_them_and_zero():
    low, high = pick().limits
    assert low < -0.9 and high > 0.9
    assert pick({"fades": TRUTH, "stays": TRUTH + 1}, because=dict(list(BECAUSE.items())[:2]))
    assert pick(limits=(-2, 2)).limits == (-2, 2)
    flat = {"fades": X * 0, "stays": X * 0}
    low, high = pick(flat, because={name: BECAUSE[name] for name in flat}).limits
    assert low < high


def test_a_pick_has_a_still_picture():
    picture = pick(xlabel="token", ylabel="left").figure(alt="Three curves, A to C")
    assert [axes.get_title("left") for axes in picture.axes] == ["A", "B", "C"]
    assert picture.axes[0].get_ylabel() == "left"


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"curves": {"fades": TRUTH}}, "two to four"),
        ({"right": "grows"}, "right='grows'"),
        ({"because": {"fades": "x"}}, "because says nothing about stays, falls"),
        ({"because": {**BECAUSE, "grows": "x"}}, "no curve: grows"),
        ({"limits": (0, 1)}, "do not hold"),
        ({"alt": ""}, "alt="),
    ],
)
def test_a_pick_that_makes_no_sense_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        pick(**wrong)


def test_the_frame_names_its_axes_and_thins_long_curves():
    frame = Frame((0.0, 1000.0), (-1.0, 1.0))
    x = np.linspace(0, 1000, 5000)
    assert frame.line(x, np.sin(x), "red").count(",") <= 240
    svg = frame.svg("", alt='a "b" <c>', xlabel="x & y")
    assert 'aria-label="a &quot;b&quot; &lt;c&gt;"' in svg and "x &amp; y" in svg
    assert curve([0, 1], [0, 1], (0, 1))[0].dtype == np.float64 and spoken([1], [2]) == "2 at 1"
