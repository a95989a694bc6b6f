"""The widgets and pictures of chapter 12 follow their controls and say what they show."""

import pytest
import torch

from titans_book.book.ch12.gate_dial import GateDial, opened
from titans_book.book.ch12.novel import BEFORE, LETTER
from titans_book.book.ch12.pictures import PICTURES
from titans_book.book.ch12.raster import PERIODS, UpdateRaster
from titans_book.book.ch12.visits import SKIP, WORLDS, visits
from titans_book.lab.pictures.picture import Drawing


def test_the_raster_tells_what_the_levels_did():
    widget = UpdateRaster()
    before = widget.reading
    assert f"{before.letter:.2f}" in widget.said.value and before.back > 0.8
    widget.order.value, widget.freeze.value, widget.wipe.value = "slow first", 8, 1
    assert max(widget.reading.letter, widget.reading.back) < 0.1
    assert "wiped" in widget.drawing.value


def test_a_mark_is_an_update_and_a_frozen_level_has_none_in_the_letter():
    widget = UpdateRaster()
    sizes = widget.reading.sizes
    for n, C in enumerate(PERIODS):
        times = 1 + sizes[:, n].nonzero().flatten()
        assert (times % C == 0).all() and float(sizes[:, n].max()) == 1
    marks = widget.drawing.value.count("<rect")
    widget.freeze.value = 1
    assert not widget.reading.sizes[BEFORE : BEFORE + LETTER, 0].any()
    assert widget.drawing.value.count("<rect") == marks - LETTER


def test_a_fast_level_that_lets_go_makes_the_return_cheaper():
    widget = UpdateRaster()
    before = widget.reading.back
    widget.keep.value = 0.95
    assert widget.reading.back < 0.7 * before


def test_the_dial_needs_a_rate_above_one_to_turn_a_sign():
    dial = GateDial()
    dial.z.value = 12.0
    assert dial.factor >= 0 and "does not turn" in dial.said.value
    dial.most.value = 2.0
    assert -1 < dial.factor < -0.99 and dial.left(256) > 0.9
    dial.gate.value, dial.z.value = "hard", 1.9
    assert dial.factor > -1
    dial.z.value = 2.0
    assert dial.factor == -1 and "1.000" in dial.said.value


def test_gates_are_those_of_the_layers():
    z = torch.tensor(0.7)
    assert opened("sigmoid", 0.7) == pytest.approx(float(torch.sigmoid(z)))
    assert opened("hard", -3.0) == 0 and opened("hard", 3.0) == 1


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("widget", [UpdateRaster, GateDial])
def test_their_still_pictures_are_pictures(widget, dark):
    figure = widget(dark=dark).figure()
    assert figure.png()[:4] == b"\x89PNG" and figure.alt == widget().alt


def test_every_picture_has_a_name_of_the_chapter():
    assert all(thing.name.startswith("12.") for thing in PICTURES)


DRAWINGS = {thing.name: thing for thing in PICTURES if isinstance(thing, Drawing)}


def test_errors_that_are_none_are_drawn_at_the_upper_end():
    errors = torch.full((BEFORE + 2 * LETTER,), torch.nan)
    figure = DRAWINGS["12.around"]({"broken": errors})
    assert figure.png()[:4] == b"\x89PNG"


def test_a_leak_is_counted_in_the_words_of_its_picture():
    square = torch.ones(3, 3).bool()
    figure = DRAWINGS["12.leaks"]({"all": square, "past": square.tril()})
    assert "all: 3 of 9 in the future" in figure.alt and "past: 0 of 6" in figure.alt


def test_the_error_of_a_reader_does_not_rise_before_the_visit():
    kinds = {kind: [(visits(*kind).away[SKIP:]).double()] for kind in WORLDS}
    figure = DRAWINGS["12.readers"]({"knows home": kinds})
    for axes, (length, every) in zip(figure.axes, WORLDS, strict=True):
        heights = axes.lines[0].get_ydata()
        assert (heights[: every - length] == 0).all() and (heights[every - length :] > 0.99).all()


def test_a_share_of_nothing_is_drawn_as_nothing():
    sketch = next(thing for thing in PICTURES if thing.name == "12.slow_share")
    assert sketch.truth([1, 2], [torch.nan, 0.5])[1].tolist() == [0.0, 0.5]
