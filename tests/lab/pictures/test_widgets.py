"""Live pictures: they change when told to, print the same in every run, and have a still twin."""

import io
from base64 import b64decode

import numpy as np
import pytest
from PIL import Image

from titans_book.lab.live import passage_lines
from titans_book.lab.pictures import widgets

TEXT = "to be\nor not"


def strip(**keywords):
    return widgets.SurpriseStrip(TEXT, np.arange(len(TEXT)), alt="A line, shaded", **keywords)


def gates():
    rows = passage_lines.gates(*np.random.default_rng(0).random((3, 2, 12)))
    return widgets.Traces(rows, 12, alt="Three gates")


def test_a_heatmap_repaints_on_its_first_scale():
    heat = widgets.Heatmap([[0.5, -1.0]], alt="The memory")
    before = heat.value
    heat.show([[1.0, 0.0]])
    assert heat.value != before and heat.limit == 1.0
    head, png = bytes(heat.value).split(b",")
    assert head == b"data:image/png;base64" and heat.format == "url"
    assert Image.open(io.BytesIO(b64decode(png))).size == (2, 1)
    assert heat.figure().axes[0].images[0].get_clim() == (-1.0, 1.0)
    assert heat.tooltip == "The memory"


def test_small_matrices_get_large_cells():
    heat = widgets.Heatmap(np.zeros((10, 10)), alt="Ten by ten")
    assert heat.layout.width == "280px"
    heat.show(np.zeros((10, 200)))
    assert heat.layout.width == "400px"


def test_a_strip_reveals_its_text():
    shown = strip()
    assert "rest" not in shown.value.split("</style>")[1]
    shown.show(upto=3)
    assert shown.value.count('now"') == 1 and 'class="rest"> be' not in shown.value
    assert "<style>" not in strip(styled=False).value
    assert strip(limit=3.0).figure().alt == "A line, shaded"


def test_a_long_text_shows_the_page_in_hand():
    long = widgets.SurpriseStrip("x" * 400 + "y" * 50, np.zeros(450), alt="Long", styled=False)
    long.show(upto=401)
    assert "x" not in long.value.split('">', 1)[1] and "y" in long.value


def test_a_strip_wants_one_number_a_token():
    with pytest.raises(ValueError, match="surprise has 2 numbers for 3 tokens"):
        widgets.SurpriseStrip("abc", [1, 2], alt="Too few")


def test_traces_reveal_and_have_a_still_twin():
    shown = gates()
    whole = shown.value
    shown.show(upto=2)
    assert shown.value != whole and "<svg" in shown.value
    assert len(shown.figure().axes) == 3


@pytest.mark.parametrize("make", [strip, gates, lambda: widgets.Heatmap([[1.0]], alt="One")])
def test_widgets_print_as_their_words(make):
    assert repr(make()) == repr(make()) and "0x" not in repr(make())


@pytest.mark.parametrize("alt", ["", " "])
def test_no_widget_without_words(alt):
    with pytest.raises(ValueError, match="alt="):
        widgets.Heatmap([[1.0]], alt=alt)


def test_a_slider_is_whole_when_its_numbers_are():
    whole = widgets.slider("token", 3, 0, 9)
    assert whole.step == 1 and isinstance(whole.value, int)
    fine = widgets.slider("forgetting", 0.02, 0, 0.3, help="alpha")
    assert fine.step == pytest.approx(0.003) and fine.readout_format == ".3f"
    assert fine.tooltip == "alpha" and fine.continuous_update
    with pytest.raises(ValueError, match="value=5 is outside"):
        widgets.slider("token", 5, 0, 4)


def test_a_panel_brings_styles_and_names_for_screen_readers():
    panel = widgets.Panel([widgets.slider("token", 0, 0, 9)], alt="A slider")
    beside = panel.children[0].value
    assert "pixelated" in beside and "ariaLabel" in beside and len(panel.children) == 2
    assert repr(panel) == "Panel: A slider"
