"""What a cell asks for by name: pictures and predictions whose words are in the book."""

import numpy as np
import pytest

from titans_book.lab import register
from titans_book.lab.learning.guess import Lineup, Sketch
from titans_book.lab.learning.pick import pick
from titans_book.lab.learning.predict import predict
from titans_book.lab.learning.progress import Progress
from titans_book.lab.pictures import figures
from titans_book.lab.pictures.draw import draw
from titans_book.lab.pictures.picture import Drawing

WORDS = {"xlabel": "token", "ylabel": "size"}
FLAT = Drawing("07.flat", figures.lines, alt="A level line.", xlabel="token")
TOLD = Drawing("07.told", figures.lines, alt=lambda x, curves: f"{len(x)} points of {len(curves)}.")
SIZE = Sketch("07.size", alt="A size", limits=(0, 3), **WORDS)
TWICE = Sketch("07.twice", alt="A size", limits=(0, 3), truth=lambda x: (x, 2 * x), **WORDS)
WHICH = Lineup(
    "07.which",
    curves=lambda x: (x, {"up": x, "down": -x}),
    right="down",
    because={"up": "It would grow.", "down": "It falls."},
    alt="Two curves, A and B",
)
X = np.arange(3.0)


@pytest.fixture(autouse=True)
def book():
    """A book that has only these."""
    shelves = (register.DRAWINGS, register.SKETCHES, register.LINEUPS)
    before = [dict(shelf) for shelf in shelves]
    for shelf in shelves:
        shelf.clear()
    register.add(drawings=(FLAT, TOLD), sketches=(SIZE, TWICE), lineups=(WHICH,))
    yield
    for shelf, things in zip(shelves, before, strict=True):
        shelf.clear()
        shelf.update(things)


def test_a_picture_has_its_words_and_its_look_by_name():
    shown = draw("07.flat", X, {"level": X * 0})
    assert shown.alt == "A level line." and shown.axes[0].get_xlabel() == "token"
    assert draw("07.flat", X, {"level": X}, xlabel="step").axes[0].get_xlabel() == "step"
    assert draw("07.told", X, {"a": X, "b": X}).alt == "3 points of 2."
    assert repr(FLAT) == "Drawing: 07.flat"


def test_a_prediction_has_its_truth_by_name():
    shown = predict("07.size", X, X, record=Progress(None))
    assert shown.limits == (0.0, 3.0) and shown.alt == "A size"
    shown = predict("07.twice", X, record=Progress(None))
    assert (
        shown.limits[0] == 0.0 and shown.limits[1] > 4.0
    )  # they make room for a learner's numbers
    assert predict("07.size", X, X - 1, record=Progress(None)).limits[0] < -1.0


def test_a_pick_has_its_answer_and_its_reasons_by_name():
    shown = pick("07.which", X, record=Progress(None))
    shown.buttons[0].click()
    assert "It would grow." in shown.result.value and "Not this one" in shown.result.value
    shown.buttons[1].click()
    assert "That is what happens" in shown.result.value


@pytest.mark.parametrize("ask", [draw, predict, pick])
def test_an_unknown_name_is_answered_with_those_there_are(ask):
    with pytest.raises(ValueError, match="is called '07.nothing'; there are: 07\\."):
        ask("07.nothing", X)


def test_without_a_book_the_way_to_it_is_named():
    with pytest.raises(ValueError, match="import titans_book.book"):
        register.named({}, "07.flat", "picture")


def test_what_has_no_words_or_no_right_answer_is_refused():
    with pytest.raises(ValueError, match="alt="):
        Drawing("07.mute", figures.lines, alt=" ")
    with pytest.raises(ValueError, match="alt="):
        Sketch("07.mute", alt="", limits=(0, 1), **WORDS)
    with pytest.raises(ValueError, match="right='left'"):
        Lineup("07.lost", curves=WHICH.curves, right="left", because={"up": "x"}, alt="Two")
    with pytest.raises(ValueError, match="no chapter and word"):
        Sketch("size", alt="A size", limits=(0, 1), **WORDS)
