"""A widget without its kernel: what it shows at some positions of its controls; no harm done."""

import ipywidgets
import torch

from titans_book.lab.learning.predict import Pick, Predict
from titans_book.lab.pictures.controls import Panel, menu, slider
from titans_book.lab.pictures.widgets import Heatmap
from titans_book.lab.site.freezing import MOST_STATES, freeze


def dial() -> Panel:
    """A slider and a menu over a text and a matrix."""
    size, unit = slider("size", 3, 0, 20), menu("unit", ["cm", "km"], "cm")
    text, memory = ipywidgets.HTML(), Heatmap([[0.0, 1.0]], limit=1, alt="One row")

    def repaint(_=None):
        text.value = f"<style>p{{}}</style><p>{size.value} {unit.value}</p>"
        memory.show([[torch.rand(()).item() * 0, size.value / 20]])

    for control in (size, unit):
        control.observe(repaint, "value")
    repaint()
    button = ipywidgets.Button(description="again")
    panel = Panel([size, unit, button, text, memory], alt="A dial for a length")
    panel.size = size
    return panel


def test_a_dial_is_turned_through_its_positions_and_back():
    panel, before = dial(), torch.get_rng_state()
    (kept,) = freeze([panel.model_id]).values()
    frozen = kept["frozen"]
    assert kept["alt"] == "A dial for a length" and frozen["kind"] == "dial"
    assert frozen["words"][1] == ["cm", "km"] and "3" in frozen["words"][0]
    assert len(frozen["states"]) == len(frozen["words"][0]) * 2 <= MOST_STATES
    at = ",".join(map(str, [frozen["words"][0].index("20"), 1]))
    text, memory = (frozen["values"][leaf][frozen["states"][at][leaf]] for leaf in (0, 1))
    assert text == "<p>20 km</p>" and 'alt="One row"' in memory
    assert panel.size.value == 3 and torch.equal(torch.get_rng_state(), before)
    assert '<button type="button" disabled>again</button>' in frozen["html"]


def test_a_still_does_not_tell_what_is_to_be_predicted():
    curve = Predict("03.a", [0, 1, 2], [0, 1, 4], xlabel="x", ylabel="y", limits=(0, 5), alt="A y")
    (kept,) = freeze([curve.model_id]).values()
    assert kept["frozen"]["truth"] == [0, 1, 4] and kept["frozen"]["limits"] == [0, 5]
    other = Predict("03.a", [0, 1, 2], [2, 2, 2], xlabel="x", ylabel="y", limits=(0, 5), alt="A y")
    assert kept["png"] == freeze([other.model_id])[other.model_id]["png"]


def test_a_lineup_keeps_its_reasons():
    curves, because = {"up": [0, 1], "down": [1, 0]}, {"up": "It grows.", "down": "It falls."}
    pick = Pick("03.b", [0, 1], curves, right="down", because=because, alt="Two curves, A and B")
    (kept,) = freeze([pick.model_id]).values()
    assert kept["frozen"]["right"] == 1 and kept["frozen"]["because"][0] == "It grows."
    assert all("<svg" in card for card in kept["frozen"]["cards"]) and kept["png"]


def test_what_cannot_be_frozen_keeps_its_words():
    class Broken(Panel):
        def figure(self, *, alt):
            raise ValueError("no picture today")

    panel = Broken([slider("size", 1, 0, 2)], alt="A dial that breaks")
    kept = freeze([panel.model_id, "unknown"])[panel.model_id]
    assert kept["frozen"] is None and kept["why"] == "ValueError: no picture today"
