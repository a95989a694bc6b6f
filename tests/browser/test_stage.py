"""The page's own part of the live board: what it blends, uncovers and marks, against numpy."""

from base64 import b64decode

import numpy as np
import pytest

from tests.lab.fakes import snapshot
from tests.lab.live.test_attention_reading import snapshot as attended
from titans_book.lab.live.attention_reading import AttentionReading
from titans_book.lab.live.passage_lines import LINES
from titans_book.lab.live.reading import Reading
from titans_book.lab.live.stage import GAP, Stage
from titans_book.lab.pictures import pixels, style
from titans_book.lab.pictures.controls import script
from titans_book.lab.pictures.traces import number
from titans_book.lab.pictures.widgets import SurpriseStrip, Traces

pytestmark = pytest.mark.browser

AGES = 1e9  # seconds to a passage: it stands where it begins
CELLS = """() => {
  const canvas = document.querySelector('canvas');
  const shot = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return [canvas.height, canvas.width, btoa(String.fromCharCode(...shot.data))];
}"""


class Board:
    """A page with a stage, a text and lines: the board's structure without the notebook."""

    def __init__(self, page, reading):
        self.page, self.reading = page, reading
        self.stage = Stage(alt="The memories", dark=False)
        strip = SurpriseStrip(reading.pieces, reading.surprise, alt="The text", styled=False)
        self.traces = Traces(LINES["sizes"].make(reading.memories), reading.length, alt="Sizes")
        self.traces.play()
        page.set_content(
            f'<div class="titans-board">{script(style.asset("live/stage.js"))}'
            '<div id="stage"></div><div id="held"></div>'
            '<div class="titans-asked" style="display:none"><input></div>'
            f'<div>{strip.value}</div><div id="lines">{self.traces.value}</div></div>'
        )

    def put(self, place, html):
        self.page.evaluate(
            "([place, html]) => { document.getElementById(place).innerHTML = html; }", [place, html]
        )

    def play(self, share, seconds=AGES):
        self.stage.play(self.reading, seconds=seconds, share=share)
        self.put("stage", self.stage.value)

    def hold(self, token):
        """As the slider does; "" lets the passage go on."""
        self.put("held", f'<i class="titans-held" data-token="{token}"></i>')

    def asked(self):
        """What the kernel was asked about the place below the pointer."""
        self.page.wait_for_timeout(150)
        return self.page.eval_on_selector(".titans-asked input", "input => input.value")

    def shown(self):
        """The picture as it is: (height, width, RGBA)."""
        height, width, data = self.page.evaluate(CELLS)
        return np.frombuffer(b64decode(data), np.uint8).reshape(height, width, 4)

    def marked(self, name):
        """The places of the tokens that are marked so."""
        return self.page.eval_on_selector_all(
            ".titans-text > b",
            "(cells, name) => cells.flatMap((c, i) => c.classList.contains(name) ? [i] : [])",
            name,
        )

    def edge(self):
        """How far the lines are uncovered, and the numbers beside them."""
        return self.page.evaluate(
            """() => [Number(document.querySelector('clipPath rect').getAttribute('width')),
              [...document.querySelectorAll('[data-values]')].map(text => text.textContent)]"""
        )


@pytest.fixture
def page(browser):
    context = browser.new_context()
    yield context.new_page()
    context.close()


def small(**keywords):
    return snapshot(0, blocks=2, length=32, heads=3, shape=(4, 8), chunk=8, **keywords)


def colours(levels, kind="signed"):
    """Levels as the page's pixels: red, green, blue, and 0 where the page shows through."""
    table = np.frombuffer(pixels.palette(style.map_name(kind, dark=False)), np.uint8).reshape(-1, 3)
    opaque = np.where(levels == pixels.GAP, 0, 255).astype(np.uint8)
    return np.where(opaque[..., None] > 0, np.dstack([table[levels], opaque]), 0)


@pytest.mark.parametrize("token", [0, 3.013, 8, 19.037, 31.51, 32])
def test_the_memory_between_two_frames_is_blended(page, token):
    reading = Reading(small())
    board = Board(page, reading)
    board.play(token / 32)
    frames = np.stack([pixels.compose(frame) for frame in reading.frames()]).astype(float)
    before = min(int(token // 8), 3)
    share = token / 8 - before
    blend = frames[before] + share * (frames[before + 1] - frames[before])
    levels = np.floor(blend + 0.5).astype(int)
    # The clock of the page goes on: in ages, by nothing that a level could show.
    assert np.array_equal(board.shown(), colours(levels))


def test_what_is_not_a_number_shows(page):
    shot = small()
    shot.memories[0].film[0][2, 0, 0, 0] = np.nan
    board = Board(page, Reading(shot))
    board.play(12 / 32)
    assert board.shown()[0, 0].tolist() == [127, 127, 127, 255]
    board.play(30 / 32)
    assert board.shown()[0, 0].tolist() != [127, 127, 127, 255]


def test_rows_of_attention_appear_as_the_passage_is_read(page):
    reading = AttentionReading(attended("mac"))
    board = Board(page, reading)
    whole = colours(pixels.compose(reading.frames()[0]), "magnitude")
    board.play(1.0)
    assert np.array_equal(board.shown(), whole)
    board.play(20 / 45)
    half = board.shown()
    for first in (0, 45 + GAP):  # the panels of both blocks
        assert np.array_equal(half[first : first + 20], whole[first : first + 20])
        assert not half[first + 20 : first + 45].any()


def test_text_and_lines_go_along(page):
    reading = Reading(small())
    board = Board(page, reading)
    drawing = board.traces.drawing
    board.play(20 / 32)
    assert board.marked("rest") == list(range(20, 32)) and board.marked("now") == [19]
    edge, words = board.edge()
    assert edge == pytest.approx(drawing.left + (drawing.right - drawing.left) * 19 / 31 + 0.5)
    lines = LINES["sizes"].make(reading.memories)
    at = (2, 2, 1)  # what is known at token 20: two chunks, and the length of the second step
    wanted = [float(line.values.mean(0)[place]) for line, place in zip(lines, at, strict=True)]
    assert words == [number(value) for value in wanted]
    board.play(1.0)
    assert board.marked("rest") == [] and board.marked("now") == [31]


def test_other_lines_are_uncovered_as_far_as_the_passage_is_read(page):
    board = Board(page, Reading(small()))
    board.play(8 / 32)
    edge, _ = board.edge()
    board.traces.read(LINES["gates"].make(board.reading.memories), 32)
    board.traces.play()
    board.put("lines", board.traces.value)
    assert board.edge()[0] == edge and all(board.edge()[1])


def test_a_passage_is_played_to_its_end_and_rests(page):
    """By a clock that this test turns: on a busy machine the real one is at the end at once."""
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    board = Board(page, Reading(small()))
    board.play(0.0, seconds=0.6)
    first = board.shown()
    assert len(board.marked("rest")) == 32
    page.clock.run_for(300)
    assert board.marked("now") == [15]
    page.clock.run_for(400)
    drawn = page.evaluate("document.querySelector('.titans-board').pictures")
    assert board.marked("rest") == [] and not np.array_equal(board.shown(), first)
    assert 11 <= drawn <= 15
    page.clock.run_for(200)
    assert page.evaluate("document.querySelector('.titans-board').pictures") == drawn


def test_large_pictures_keep_the_pace(page):
    """120,000 cells. Where a cell took a microsecond, there were seven of them a second."""
    board = Board(
        page, Reading(snapshot(0, blocks=2, length=32, heads=2, shape=(120, 250), chunk=8))
    )
    board.play(0.0, seconds=1.5)
    page.wait_for_function("() => !document.querySelector('b.rest')", polling=50)
    assert page.evaluate("document.querySelector('.titans-board').pictures") > 20


def test_a_newer_passage_takes_the_place_of_an_older_one(page):
    board = Board(page, Reading(small()))
    board.play(0.0, seconds=5)
    board.play(16 / 32)
    still = board.shown()
    page.wait_for_timeout(300)
    assert np.array_equal(board.shown(), still) and board.marked("now") == [15]


def test_a_passage_is_held_at_a_token_and_goes_on_from_there(page):
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    board = Board(page, Reading(small()))
    board.play(0.0, seconds=4)
    page.clock.run_for(500)
    board.hold(20)
    page.clock.run_for(2000)
    assert board.marked("now") == [19] and board.marked("rest") == list(range(20, 32))
    held = board.shown()
    board.play(0.0, seconds=4)  # a newer moment of the same passage
    page.clock.run_for(2000)
    assert board.marked("now") == [19] and np.array_equal(board.shown(), held)
    board.hold("")
    page.clock.run_for(1050)  # eight tokens a second
    assert board.marked("now") in ([26], [27])
    page.clock.run_for(3000)
    assert board.marked("rest") == []


def test_the_page_asks_about_what_the_pointer_rests_on(page):
    board = Board(page, Reading(small()))
    board.play(1.0)
    box = page.locator(".titans-stage").bounding_box()
    _, width, _ = page.evaluate(CELLS)
    cell = box["width"] / width
    page.mouse.move(box["x"] + 4.5 * cell, box["y"] + 2.5 * cell)
    assert board.asked() == "cell 4 2 32"
    board.hold(8)
    page.mouse.move(box["x"] + 5.5 * cell, box["y"] + 2.5 * cell)
    assert board.asked() == "cell 5 2 8"
    page.locator(".titans-text > b").nth(7).hover()
    assert board.asked() == "token 7"
