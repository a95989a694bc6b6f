"""The face of the live board: where each picture, number and button stands, and how it is painted.

It knows nothing of training. The board tells it what to show; every method here is quick.
"""

from __future__ import annotations

from html import escape
from math import log

import ipywidgets
import numpy as np

from titans_book.lab.live.attention_reading import AttentionReading
from titans_book.lab.live.history import History
from titans_book.lab.live.passage_lines import LINES
from titans_book.lab.live.reading import Reading
from titans_book.lab.live.stage import Stage
from titans_book.lab.live.wheel import Wheel
from titans_book.lab.pictures import pixels, style
from titans_book.lab.pictures.controls import script
from titans_book.lab.pictures.lines import Line
from titans_book.lab.pictures.traces import loss_drawing, number
from titans_book.lab.pictures.widgets import SurpriseStrip, Traces, shared

__all__ = ["Dashboard"]

_WAITING = '<p class="waits">Measured after the running step.</p>'
_POINT = "Point at a cell, or at a letter of the passage, to see what is known of it."
_LABEL = 76  # pixels for the names of the blocks


def _title(words: str) -> ipywidgets.HTML:
    return ipywidgets.HTML(f"<h4>{words}</h4>")


class Dashboard(Wheel):
    """The widgets of a board, arranged; `box` holds them all.

    asked: a text that nobody sees, through which the page asks what the pointer rests on; `answer`
    is what it gets. level: the name and the bits of a line to beat, drawn over the loss.
    """

    def __init__(self, fps: float | int = 20.0, dark: bool | None = None):
        super().__init__()
        self.dark = style.is_dark(dark)
        self.reading: Reading | AttentionReading | None = None
        self.level: tuple[str, float] | None = None
        words = "Memory or attention, a panel for each block and head"
        self.stage = Stage(alt=words, fps=fps, dark=dark)
        self.strip = SurpriseStrip(alt="The passage being read, shaded by surprise", styled=False)
        self.traces = Traces([], 1, alt="Numbers over the passage")
        self.loss, self.numbers, self.legend = (ipywidgets.HTML() for _ in range(3))
        titles = ("Memories", Reading.text, LINES["gates"].title)
        self.above, self.text, self.beside = (_title(words) for words in titles)
        self.heads, self.rows, self.summary = (ipywidgets.HTML() for _ in range(3))
        self.sample, self.held, self.answer = (ipywidgets.HTML() for _ in range(3))
        self.asked = ipywidgets.Text(layout=ipywidgets.Layout(display="none"))
        self.asked.add_class("titans-asked")
        self.say_here(_POINT)
        self.box = self._arrange()

    def _arrange(self) -> ipywidgets.VBox:
        self.rows.layout = ipywidgets.Layout(width=f"{_LABEL}px", flex="0 0 auto", margin="2px 0")
        self.heads.layout = ipywidgets.Layout(margin=f"0 0 0 {_LABEL + 4}px")
        self.legend.layout = ipywidgets.Layout(margin=f"0 0 4px {_LABEL + 4}px")
        picture = ipywidgets.HBox([self.rows, self.stage])
        left = [self.above, self.heads, picture, self.legend, self.answer, self.text, self.strip]
        self.opened = ipywidgets.VBox([self.beside, self.traces])
        self.wrote = ipywidgets.VBox([_title("What it writes"), self.sample])
        self.wrote.layout.display = "none"
        right = [self.opened, _title("Loss, nats a token"), self.loss, self.wrote]
        columns = ipywidgets.Box(
            [
                ipywidgets.VBox(left, layout=ipywidgets.Layout(flex="3 1 480px", min_width="0")),
                ipywidgets.VBox(right, layout=ipywidgets.Layout(flex="2 1 300px", min_width="0")),
            ],
            layout=ipywidgets.Layout(
                display="flex", flex_flow="row wrap", margin="8px 0 0", grid_gap="0 24px"
            ),
        )
        sheet = f"<style>{style.asset('live/board.css')}</style>"
        hidden = ipywidgets.Layout(display="none")
        play = ipywidgets.HTML(sheet + script(style.asset("live/stage.js")), layout=hidden)
        self.held.layout.display = "none"
        unseen = [shared(), play, self.asked, self.held]
        box = ipywidgets.VBox([*unseen, self.numbers, self.summary, *self.bars(), columns])
        box.add_class("titans-board")
        return box

    def offer(
        self, views: tuple[str, ...], lines: tuple[str, ...], shades: tuple[str, ...]
    ) -> None:
        """What the reader can choose from: a model may lack memory, or attention."""
        super().offer(views, lines, shades)
        self.opened.layout.display = None if lines else "none"

    def read(
        self, reading: Reading | AttentionReading, *, seconds: float | int, share: float | int
    ) -> None:
        """Take a passage and play it, see `Stage.play`; `draw` takes its lines."""
        self.reading = reading
        self.above.value, self.text.value = (f"<h4>{w}</h4>" for w in (reading.title, reading.text))
        self.stage.play(reading, seconds=seconds, share=share)
        self.strip.read(reading.pieces, reading.surprise)
        self.strip.show()
        self._label(reading.labels, reading.columns)

    def draw(self, lines: list[Line] | None) -> None:
        """Take the lines of the passage in hand, of the chosen kind; None: still unknown."""
        if lines is None:
            self.traces.value = _WAITING
        else:
            self.traces.read(lines, self.reading.length)
            self.traces.play()
        # last: the page has a title only when it has what the title names
        self.beside.value = f"<h4>{LINES[self.lines.value].title}</h4>"

    def _label(self, labels: list[str], names: list[str]) -> None:
        """Names along the edges of the panels, and the colour scale; the menu of blocks."""
        columns = "".join(f"<span>{escape(name)}</span>" for name in names)
        rows = "".join(f"<span>{escape(label)}</span>" for label in labels)
        self.heads.value = f'<div class="marks">{columns}</div>'
        self.heads.layout.width = f"{self.stage.width}px"
        height = f"height:{self.stage.height}px"
        self.rows.value = f'<div class="marks down" style="{height}">{rows}</div>'
        self.legend.value = self._scale()
        self.offer_blocks(self.reading.blocks)

    def _scale(self) -> str:
        """The colours from one end of the scale to the other, and what else is to be said."""
        kind, limit = self.reading.kind, number(self.reading.limit)
        colours = np.frombuffer(pixels.palette(style.map_name(kind, self.dark)), np.uint8)
        stops = ",".join(
            f"rgb({r} {g} {b})" for r, g, b in colours.reshape(-1, 3)[:253:21].tolist()
        )
        low = f"−{limit}" if kind == "signed" else "0"
        bar = f'<i style="background:linear-gradient(90deg,{stops})"></i>'
        return f'<div class="legend">{low}{bar}{limit}<span>{self.reading.words}</span></div>'

    def curve(self, history: History) -> None:
        """Draw the loss again."""
        words, level = f"Loss over {len(history.steps)} steps", self.level
        if level is not None:
            level = (f"{level[0]}, {level[1]:.2f} bits", level[1] * log(2))
        self.loss.value = loss_drawing(
            history.steps, history.losses, history.held_out(), level=level, alt=words
        )

    def count(self, entries: dict[str, str], share: float | int) -> None:
        """The row of numbers, and the bar of progress below it."""
        cells = "".join(
            f"<div><span>{name}</span><b>{value}</b></div>" for name, value in entries.items()
        )
        role = 'role="progressbar" aria-label="Training" aria-valuemin="0" aria-valuemax="100"'
        self.numbers.value = (
            f'<div class="numbers">{cells}</div>'
            f'<div class="bar" {role} aria-valuenow="{100 * share:.0f}">'
            f'<div style="width:{share:.1%}"></div></div>'
        )

    def say(self, words: str) -> None:
        """One line beside the buttons, spoken by screen readers."""
        self.status.value = f'<span role="status" style="margin-left:8px">{escape(words)}</span>'

    def say_here(self, words: str) -> None:
        """What is known of the place that the reader points at, as HTML."""
        self.answer.value = f'<div class="here">{words or _POINT}</div>'

    def say_all(self, words: str) -> None:
        """What the model has learned so far, in a sentence or two."""
        self.summary.value = f'<p class="learned">{escape(words)}</p>' if words else ""

    def write(self, step: int, text: str) -> None:
        """A text that the model has written at one step."""
        self.wrote.layout.display = None
        self.sample.value = f'<pre class="sample"><i>step {step}</i>  {escape(text)}</pre>'

    def hold(self, token: int | None) -> None:
        """Hold the passage at a token, or let it go on."""
        at = "" if token is None else token
        self.held.value = f'<i class="titans-held" data-token="{at}"></i>'

    def work(self, words: str, paused: bool = False) -> None:
        """The buttons of a run work, and the first one says what it would do."""
        self.enable(running=True, paused=paused)
        self.say(words)

    def rest(self, words: str) -> None:
        """The buttons of a run rest: nothing runs. What is shown can still be looked at."""
        self.enable(running=False)
        self.say(words)
