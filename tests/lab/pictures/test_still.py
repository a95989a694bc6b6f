"""Every widget of the book leaves a still behind that needs no kernel."""

import json

import ipywidgets
import nbformat
import numpy as np
import pytest

from titans_book.lab.learning.map import ProgressMap
from titans_book.lab.learning.pick import Pick
from titans_book.lab.learning.predict import Predict
from titans_book.lab.learning.progress import Progress
from titans_book.lab.learning.quiz import Quiz
from titans_book.lab.learning.review import Review
from titans_book.lab.live.board import LiveBoard
from titans_book.lab.pictures.controls import Described, Panel, menu, slider
from titans_book.lab.pictures.still import END, still
from titans_book.lab.pictures.widgets import Heatmap
from titans_book.lab.register import QUESTIONS

VIEW = "application/vnd.jupyter.widget-view+json"
RECORD = Progress(None)
X = np.arange(5.0)


def a_pick() -> Pick:
    because = {"up": "It grows.", "flat": "It <b>stays</b>."}
    return Pick("03.x", X, {"up": X, "flat": 0 * X}, "up", because, alt="Two", record=RECORD)


def a_prediction() -> Predict:
    look = {"xlabel": "token", "ylabel": "size", "limits": (0, 6), "alt": "A size"}
    return Predict("03.y", X, X + 0.123, record=RECORD, **look)


def displayed(widget, monkeypatch) -> list[dict]:
    """The bundles that showing the widget at the end of a cell publishes."""
    shown: list[dict] = []
    monkeypatch.setattr(
        "IPython.display.publish_display_data", lambda data, **_: shown.append(data)
    )
    widget._ipython_display_()
    return shown


def bank() -> None:
    import titans_book.book  # noqa: F401


@pytest.mark.parametrize("make", ["quiz", "review", "pick", "predict", "map", "panel"])
def test_a_still_follows_the_widget_and_says_what_to_do(make, monkeypatch):
    bank()
    question = QUESTIONS["01.interference"]
    widget = {
        "quiz": lambda: Quiz(question, RECORD),
        "review": lambda: Review([question], RECORD),
        "pick": a_pick,
        "predict": a_prediction,
        "map": lambda: ProgressMap(RECORD),
        "panel": lambda: Panel(
            [Heatmap([[1.0]], alt="One cell"), slider("rate", 1, 0, 3)], alt="A"
        ),
    }[make]()
    view, after = displayed(widget, monkeypatch)
    assert VIEW in view and repr(widget).startswith(view["text/plain"][:80]) and VIEW not in after
    page = after["text/html"]
    assert "Run this cell again" in page and page.endswith(END)
    assert "<script" not in page and "onload" not in page
    holds = {"quiz": "<details>", "review": "<details>", "pick": "<svg", "predict": "<svg"}
    assert holds.get(make, "<img") in page


def test_reasons_are_folded_and_the_truth_of_a_prediction_stays_away():
    bank()
    question = QUESTIONS["01.interference"]
    page = still(Quiz(question, RECORD))
    assert page.count("<details>") == len(question.choices) and "<details open" not in page
    assert all(choice.because in page for choice in question.choices)
    assert still(a_pick()).count("<details>") == 2
    prediction = a_prediction()
    assert "what happens" not in still(prediction)
    for one in prediction.sliders:
        one.value = 1.0
    prediction.button.click()
    assert "what happens" in still(prediction)


def test_what_has_no_still_of_its_own_is_told_in_words():
    film = ipywidgets.HTML('<canvas></canvas><script type="application/json">{}</script>')
    film.alt = "A film of M"
    page = still(ipywidgets.VBox([film, menu("chunk b", [8, 16], 16), ipywidgets.Button()]))
    assert "<p>A film of M</p>" in page and "chunk b: 16" in page and "<canvas" not in page
    assert still(ipywidgets.HTML("x", layout=ipywidgets.Layout(display="none"))) == ""


def test_a_board_says_how_to_leave_a_picture():
    page = still(LiveBoard(alt="Training, live"))
    assert "Training, live" in page and "figure(alt=...)" in page and len(page) < 300


def test_every_widget_that_is_shown_is_described():
    def below(kind):
        return {kind}.union(*map(below, kind.__subclasses__()))

    bank()
    assert {Panel, LiveBoard, Quiz, Heatmap} <= below(Described)
    assert all(kind._ipython_display_ is Described._ipython_display_ for kind in below(Described))


def test_a_web_page_made_of_a_notebook_shows_the_still(monkeypatch):
    exporter = pytest.importorskip("nbconvert").HTMLExporter()
    bank()
    outputs = [
        nbformat.v4.new_output("display_data", json.loads(json.dumps(data)))
        for data in displayed(Quiz(QUESTIONS["01.interference"], RECORD), monkeypatch)
    ]
    cell = nbformat.v4.new_code_cell("quiz('01.interference')", outputs=outputs)
    page, _ = exporter.from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    assert "Run this cell again" in page and page.count("<details>") == 4
