"""The face of the live board: where each picture, number and button stands, and how it is painted.

It knows nothing of training. The board tells it what to show; every method here is quick.
"""

from __future__ import annotations

from html import escape

import ipywidgets
import numpy as np

from titans_book.lab import pixels, style
from titans_book.lab.attention_reading import AttentionReading
from titans_book.lab.history import History
from titans_book.lab.reading import Reading
from titans_book.lab.traces import loss_drawing, number
from titans_book.lab.widgets import GateTraces, Heatmap, SurpriseStrip, shared, slider

__all__ = ["Dashboard", "duration"]

ALL = ("all blocks, mean", -1)
VIEWS = {
    "written": ("what was written", "written"),
    "weights": ("the memory itself", "weights"),
    "attention": ("the attention", "attention"),
}
_LABEL = 62  # pixels for the names of the blocks


def duration(seconds: float | int) -> str:
    """A time in words, as exact as one needs it.

    >>> duration(8.2), duration(75), duration(4000)
    ('8 s', '1 min 15 s', '1 h 6 min')
    """
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def _button(words: str, help: str) -> ipywidgets.Button:
    return ipywidgets.Button(
        description=words, tooltip=help, layout=ipywidgets.Layout(width="92px", height="30px")
    )


def _title(words: str) -> ipywidgets.HTML:
    return ipywidgets.HTML(f"<h4>{words}</h4>")


class Dashboard:
    """The widgets of a board, arranged; `box` holds them all.

    views, blocks and pace are the reader's choices; pause, step, stop and keep the buttons.
    """

    def __init__(self, dark: bool | None = None):
        self.dark = style.is_dark(dark)
        self.reading: Reading | AttentionReading | None = None
        empty = np.zeros((1, 1))
        self.heat = Heatmap(
            empty, alt="Memory or attention, a panel for each block and head", dark=dark
        )
        self.strip = SurpriseStrip(alt="The passage being read, shaded by surprise", styled=False)
        self.gates = GateTraces([0.0], [0.0], [0.0], alt="Gates over the passage")
        self.loss, self.numbers, self.legend = (ipywidgets.HTML() for _ in range(3))
        self.above, self.text = (_title(words) for words in (Reading.title, Reading.text))
        self.heads, self.rows, self.status = (ipywidgets.HTML() for _ in range(3))
        self._controls()
        self.box = self._arrange()

    def _controls(self) -> None:
        self.pause = _button("Pause", "Hold the training after the running step, or go on")
        self.step = _button("Step", "Pause, and train one single step")
        self.stop = _button("Stop", "End the training after the running step; it can be resumed")
        self.keep = _button("Snapshot", "Keep the memories of the last step in board.snapshots")
        self.views = ipywidgets.Dropdown(
            options=[VIEWS["written"], VIEWS["weights"]],
            description="show", tooltip="What the heatmaps show",
            style={"description_width": "initial"}, layout=ipywidgets.Layout(width="210px"),
        )  # fmt: skip
        self.blocks = ipywidgets.Dropdown(
            options=[ALL], description="traces of",
            tooltip="Whose surprise and gates are shown",
            style={"description_width": "initial"}, layout=ipywidgets.Layout(width="210px"),
        )  # fmt: skip
        self.pace = slider(
            "reading time, s", 4.0, 1.0, 12.0, step=0.5, width="300px",
            help="Seconds in which the board shows one passage being read",
        )  # fmt: skip

    def _arrange(self) -> ipywidgets.VBox:
        row = {"display": "flex", "flex_flow": "row wrap", "align_items": "center"}
        buttons = ipywidgets.Box(
            [self.pause, self.step, self.stop, self.keep, self.status],
            layout=ipywidgets.Layout(**row, grid_gap="0 4px"),
        )
        choices = ipywidgets.Box(
            [self.views, self.blocks, self.pace],
            layout=ipywidgets.Layout(**row, grid_gap="0 18px"),
        )
        self.rows.layout = ipywidgets.Layout(width=f"{_LABEL}px", flex="0 0 auto", margin="2px 0")
        self.heads.layout = ipywidgets.Layout(margin=f"0 0 0 {_LABEL + 4}px")
        self.legend.layout = ipywidgets.Layout(margin=f"0 0 8px {_LABEL + 4}px")
        picture = ipywidgets.HBox([self.rows, self.heat])
        left = [self.above, self.heads, picture, self.legend, self.text, self.strip]
        self.opened = ipywidgets.VBox([_title("Gates: mean and range of all heads"), self.gates])
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
        sheet = f"<style>{style.asset('board.css')}</style>"
        styles = ipywidgets.HTML(sheet, layout=ipywidgets.Layout(display="none"))
        box = ipywidgets.VBox([shared(), styles, self.numbers, buttons, choices, columns])
        box.add_class("titans-board")
        return box

    def offer(self, names: tuple[str, ...]) -> None:
        """Which views the reader can choose from: a model may lack memory, or attention."""
        options = tuple(VIEWS[name] for name in names)
        if self.views.options != options:
            chosen = self.views.value
            self.views.options = options
            self.views.value = chosen if chosen in names else names[0]

    def read(self, reading: Reading | AttentionReading) -> None:
        """Take a new passage."""
        self.reading, self.heat.kind = reading, reading.kind
        self.above.value, self.text.value = (f"<h4>{w}</h4>" for w in (reading.title, reading.text))
        self.strip.read(reading.pieces, reading.surprise)
        self.opened.layout.display = "none" if reading.gates is None else None
        if reading.gates is not None:
            self.gates.read(**reading.gates)
        self.paint(0.0)
        self._label(*reading.shape)

    def _label(self, blocks: int, heads: int) -> None:
        """Names along the edges of the panels, and the colour scale."""
        columns = "".join(f"<span>head {head + 1}</span>" for head in range(heads))
        rows = "".join(f"<span>block {block + 1}</span>" for block in range(blocks))
        self.heads.value = f'<div class="marks">{columns}</div>'
        self.heads.layout.width = self.heat.layout.width
        height = f"height:{self.heat.height_shown}px"
        self.rows.value = f'<div class="marks down" style="{height}">{rows}</div>'
        self.legend.value = self._scale()
        if len(self.blocks.options) != blocks + 1:
            single = [(f"block {block + 1}", block) for block in range(blocks)]
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

    def paint(self, token: float | int, *, turn: int | None = None) -> None:
        """Show the passage as it is after `token` tokens. A millisecond or two, 17 times a second.

        With a `turn`, text and gates are painted at every sixth one only: laying out text costs a
        browser more than a picture does.
        """
        self.heat.paint(self.reading.levels(token))
        if turn is None or turn % 6 == 1:
            self.strip.show(int(token))
        if self.reading.gates is not None and (turn is None or turn % 6 == 4):
            self.gates.show(int(token))

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
