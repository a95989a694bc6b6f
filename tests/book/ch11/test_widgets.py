"""The widgets of chapter 11 follow their sliders and say what they show."""

import re

import numpy as np
import pytest
import torch

from titans_book.book.ch11 import valley
from titans_book.book.ch11.microscope import Microscope
from titans_book.book.ch11.pictures import PICTURES
from titans_book.book.ch11.valley_map import ValleyMap
from titans_book.steps.optimizers import delta_momentum


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
    assert widget.told("usual momentum").endswith("from step 0 on")


def test_a_path_is_drawn_until_it_leaves_the_map():
    widget = ValleyMap()
    seen = widget._seen("usual momentum")
    assert 1 < len(seen) < 301 and abs(seen).max() <= 4.5
    assert widget.drawing.value.count("<polyline") > 8


def test_both_paths_are_the_paths_of_the_two_rules_alone():
    widget = ValleyMap()
    widget.r.value, widget.alpha.value = -1.5, 0.8
    for name, s in (("usual momentum", 0.0), ("delta momentum", 0.01)):
        alone = valley.path(lambda m, g, s=s: delta_momentum(m, g, 0.8, 0.01, s), (-1.5, 2.0), 300)
        assert np.array_equal(widget.paths[name], alone.numpy())


def test_the_map_can_be_dragged_by_its_sliders():
    """What drag.js needs: both sliders marked, and the field's corners in pixels and in units."""
    widget = ValleyMap()
    assert "titans-drag" in widget._dom_classes
    assert "titans-drag-x" in widget.r._dom_classes
    assert "titans-drag-y" in widget.theta._dom_classes
    corners = re.search(r'data-drag="([^"]*)"', widget.drawing.value).group(1)
    left, top, right, bottom, *units = map(float, corners.split())
    assert units == [-4.5, -4.5, 4.5, 4.5]
    spot = re.search(r'cx="([^"]*)" cy="([^"]*)"[^>]*/><text[^>]*>minimum', widget.drawing.value)
    assert [float(x) for x in spot.groups()] == [(left + right) / 2, (top + bottom) / 2]


def test_the_floor_of_the_valley_is_where_its_walls_are_level():
    r = torch.linspace(-4, 4, 33, dtype=torch.float64)
    floor = torch.stack([r, valley.floor(r)], -1)
    assert torch.allclose(valley.height(floor, k=30), r**2)
    assert torch.allclose(valley.slope(floor, k=30)[:, 1], torch.zeros_like(r))


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("widget", [Microscope, ValleyMap])
def test_their_still_pictures_are_pictures(widget, dark):
    figure = widget(dark=dark).figure()
    assert figure.png()[:4] == b"\x89PNG" and figure.alt == widget().alt


def test_every_picture_has_a_name_of_the_chapter():
    assert all(thing.name.startswith("11.") for thing in PICTURES)
