"""The widgets of chapter 11 follow their sliders and say what they show."""

import pytest

from titans_book.book.ch11.microscope import Microscope
from titans_book.book.ch11.pictures import PICTURES
from titans_book.book.ch11.valley_map import ValleyMap


def test_a_slower_decay_remembers_more_until_inputs_have_something_in_common():
    widget = Microscope()
    usual, delta = "usual momentum", "delta buffer"
    before = widget.known(usual)
    assert before < widget.known(delta) and str(before) in widget.said.value
    widget.alpha.value = 0.99
    assert widget.known(usual) > 2 * before
    widget.common.value = 0.3
    assert widget.known(usual) < before < widget.known(delta)


def test_a_write_rate_of_one_knows_the_newest_gradient_exactly():
    widget = Microscope()
    widget.eta.value = 1.0
    assert widget.curves["delta buffer"][0] == pytest.approx(1.0)
    assert "usual momentum: 0.94 at 0" in widget.drawing.value


def test_the_map_says_who_came_home():
    widget = ValleyMap()
    assert "at the minimum" in widget.told("delta momentum")
    widget.rate.value = "0.03"
    widget.erase.value = "10"
    assert len(widget.paths["usual momentum"]) == 301
    widget.r.value, widget.theta.value = 0.0, 0.0
    assert widget.told("usual momentum").endswith("from step 0")


def test_a_path_is_drawn_until_it_leaves_the_map():
    widget = ValleyMap()
    seen = widget._seen("usual momentum")
    assert 1 < len(seen) < 301 and abs(seen).max() <= 4.5
    assert widget.drawing.value.count("<polyline") > 8


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("widget", [Microscope, ValleyMap])
def test_their_still_pictures_are_pictures(widget, dark):
    figure = widget(dark=dark).figure()
    assert figure.png()[:4] == b"\x89PNG" and figure.alt == widget().alt


def test_every_picture_has_a_name_of_the_chapter():
    assert all(thing.name.startswith("11.") for thing in PICTURES)
