"""The face of the live board: where each picture, number and button stands, and how it is painted.

It knows nothing of training. The board tells it what to show; every method here is quick.
"""

from __future__ import annotations

from html import escape

import ipywidgets
import numpy as np

from titans_book.lab.live.attention_reading import AttentionReading
from titans_book.lab.live.history import History
from titans_book.lab.live.passage_lines import LINES
from titans_book.lab.live.reading import Reading
from titans_book.lab.live.stage import Stage
from titans_book.lab.pictures import pixels, style
from titans_book.lab.pictures.controls import button, choice, offer, script
from titans_book.lab.pictures.lines import Line
from titans_book.lab.pictures.traces import loss_drawing, number
from titans_book.lab.pictures.widgets import SurpriseStrip, Traces, shared, slider

__all__ = ["Dashboard"]

ALL = ("all blocks, mean", -1)
VIEWS = {
    "written": ("what was written", "written"),
    "weights": ("the memory itself", "weights"),
    "attention": ("the attention", "attention"),
}
_WAITING = '<p class="waits">Measured after the running step.</p>'
_LABEL = 62  # pixels for the names of the blocks


def _title(words: str) -> ipywidgets.HTML:
    return ipywidgets.HTML(f"<h4>{words}</h4>")


class Dashboard:
    """The widgets of a board, arranged; `box` holds them all.

    views, lines, blocks and pace are the reader's choices; pause, step, stop and keep the buttons.
    """

    def __init__(self, fps: float | int = 20.0, dark: bool | None = None):
        self.dark = style.is_dark(dark)
        self.reading: Reading | AttentionReading | None = None
        words = "Memory or attention, a panel for each block and head"
        self.stage = Stage(alt=words, fps=fps, dark=dark)
        self.strip = SurpriseStrip(alt="The passage being read, shaded by surprise", styled=False)
        self.traces = Traces([], 1, alt="Numbers over the passage")
        self.loss, self.numbers, self.legend = (ipywidgets.HTML() for _ in range(3))
        titles = (Reading.title, Reading.text, LINES["gates"].title)
        self.above, self.text, self.beside = (_title(words) for words in titles)
        self.heads, self.rows, self.status = (ipywidgets.HTML() for _ in range(3))
        self._controls()
        self.box = self._arrange()

    def _controls(self) -> None:
        self.pause = button("Pause", "Hold the training after the running step, or go on")
        self.step = button("Step", "Pause, and train one single step")
        self.stop = button("Stop", "End the training after the running step; it can be resumed")
        self.keep = button("Snapshot", "Keep the memories of the last step in board.snapshots")
        self.views = choice("show", [VIEWS["written"], VIEWS["weights"]], "What the heatmaps show")
        self.lines = choice("lines", [], "Which numbers are drawn over the passage")
        self.blocks = choice("traces of", [ALL], "Whose surprise and lines are shown")
        self.pace = slider(
            "reading time, s", 4.0, 1.0, 12.0, step=0.5, width="300px",
            help="Seconds in which the board shows one passage being read",
        )  # fmt: skip
        self.pace.continuous_update = False  # each change hands the passage over again

    def _arrange(self) -> ipywidgets.VBox:
        row = {"display": "flex", "flex_flow": "row wrap", "align_items": "center"}
        buttons = ipywidgets.Box(
            [self.pause, self.step, self.stop, self.keep, self.status],
            layout=ipywidgets.Layout(**row, grid_gap="0 4px"),
        )
        choices = ipywidgets.Box(
            [self.views, self.lines, self.blocks, self.pace],
            layout=ipywidgets.Layout(**row, grid_gap="0 18px"),
        )
        self.rows.layout = ipywidgets.Layout(width=f"{_LABEL}px", flex="0 0 auto", margin="2px 0")
        self.heads.layout = ipywidgets.Layout(margin=f"0 0 0 {_LABEL + 4}px")
        self.legend.layout = ipywidgets.Layout(margin=f"0 0 8px {_LABEL + 4}px")
        picture = ipywidgets.HBox([self.rows, self.stage])
        left = [self.above, self.heads, picture, self.legend, self.text, self.strip]
        self.opened = ipywidgets.VBox([self.beside, self.traces])
        right = [self.opened, _title("Loss"), self.loss]
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
        play = ipywidgets.HTML(
            sheet + script(style.asset("live/stage.js")), layout=ipywidgets.Layout(display="none")
        )
        box = ipywidgets.VBox([shared(), play, self.numbers, buttons, choices, columns])
        box.add_class("titans-board")
        return box

    def offer(self, views: tuple[str, ...], lines: tuple[str, ...]) -> None:
        """What the reader can choose from: a model may lack memory, or attention."""
        offer(self.views, tuple(VIEWS[name] for name in views))
        offer(self.lines, tuple((LINES[name].name, name) for name in lines))
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
        self._label(reading.labels, reading.shape[1])

    def draw(self, lines: list[Line] | None) -> None:
        """Take the lines of the passage in hand, of the chosen kind; None: still unknown."""
        if lines is None:
            self.traces.value = _WAITING
        else:
            self.traces.read(lines, self.reading.length)
            self.traces.play()
        # last: the page has a title only when it has what the title names
        self.beside.value = f"<h4>{LINES[self.lines.value].title}</h4>"

    def _label(self, labels: list[str], heads: int) -> None:
        """Names along the edges of the panels, and the colour scale; the menu of blocks."""
        columns = "".join(f"<span>head {head + 1}</span>" for head in range(heads))
        rows = "".join(f"<span>{escape(label)}</span>" for label in labels)
        self.heads.value = f'<div class="marks">{columns}</div>'
        self.heads.layout.width = f"{self.stage.width}px"
        height = f"height:{self.stage.height}px"
        self.rows.value = f'<div class="marks down" style="{height}">{rows}</div>'
        self.legend.value = self._scale()
        single = [(f"block {block + 1}", block) for block in self.reading.blocks]
        if tuple(self.blocks.options) != (ALL, *single):
            self.blocks.options = [ALL, *single]
            self.blocks.value = ALL[1]

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
        words = f"Loss over {len(history.steps)} steps"
        self.loss.value = loss_drawing(history.steps, history.losses, history.held_out(), alt=words)

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

    def work(self, words: str, paused: bool = False) -> None:
        """The buttons work, and the first one says what it would do."""
        for control in (self.pause, self.step, self.stop, self.pace):
            control.disabled = False
        self.pause.description = "Resume" if paused else "Pause"
        self.say(words)

    def rest(self, words: str) -> None:
        """The buttons rest, and the pace of reading with them: nothing runs."""
        self.work(words)
        for control in (self.pause, self.step, self.stop, self.pace):
            control.disabled = True
