"""What a reader of the live board can press, choose and drag; which of it works when."""

from __future__ import annotations

import ipywidgets

from titans_book.lab.live.album import LETTERS
from titans_book.lab.live.passage_lines import LINES
from titans_book.lab.pictures.controls import button, choice, offer, slider

__all__ = ["ALL", "GROWS", "SHADES", "VIEWS", "Wheel"]

ALL = ("all blocks, mean", -1)
VIEWS = {
    "written": ("what was written", "written"),
    "weights": ("the memory itself", "weights"),
    "attention": ("the attention", "attention"),
    "compared": ("A, B and B − A", "compared"),
}
SHADES = {
    "surprise": ("surprise", "surprise"),
    "cost": ("cost in bits", "cost"),
    "worth": ("what the memory saves", "worth"),
}
GROWS = ("grows when needed", 0.0)
_SCALES = (GROWS, *((f"±{limit}", limit) for limit in (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)))
_ROW = {"display": "flex", "flex_flow": "row wrap", "align_items": "center"}


class Wheel:
    """The widgets of a board that answer, in rows.

    pause, step, stop and play are buttons, keep the buttons of A and B. views, shade, lines, blocks
    and scale are menus; moment and token say when in the training and where in the passage.
    """

    def __init__(self) -> None:
        self.pause = button("Pause", "Hold the training after the running step, or go on")
        self.step = button("Step", "Pause, and train one single step")
        self.stop = button("Stop", "End the training after the running step; it can be resumed")
        self.keep = {
            letter: button(f"Keep as {letter}", f"Keep the moment that is shown as {letter}")
            for letter in LETTERS
        }
        self.status = ipywidgets.HTML()
        self.views = choice("show", [VIEWS["written"], VIEWS["weights"]], "What the heatmaps show")
        self.shade = choice("shade text by", [SHADES["surprise"]], "What the passage is shaded by")
        self.lines = choice("lines", [], "Which numbers are drawn over the passage")
        self.blocks = choice("traces of", [ALL], "Whose surprise and lines are shown")
        self.scale = choice("colours", _SCALES, "Where the colour scale ends; it never shrinks")
        self.moment = ipywidgets.SelectionSlider(
            options=[("none yet", -1)], description="moment", continuous_update=False,
            tooltip="Which step of the training is shown; the right end is the newest",
            style={"description_width": "initial"}, layout=ipywidgets.Layout(width="290px"),
        )  # fmt: skip
        self.token = slider(
            "read up to token", 0, 0, 1, width="320px",
            help="Hold the passage at a token; works in Pause and afterwards",
        )  # fmt: skip
        self.play = button("Play", "Let the passage be read on from here")
        self.pace = slider(
            "reading time, s", 4.0, 1.0, 12.0, step=0.5, width="260px",
            help="Seconds in which the board shows one passage being read",
        )  # fmt: skip
        self.pace.continuous_update = False  # each change hands the passage over again

    def bars(self) -> list[ipywidgets.Box]:
        """The controls, row by row."""
        buttons = [self.pause, self.step, self.stop, *self.keep.values(), self.play, self.status]
        menus = [self.views, self.shade, self.lines, self.blocks, self.scale]
        for menu in menus:
            menu.layout.width = "max-content"
        sliders = [self.moment, self.token, self.pace]
        return [
            ipywidgets.Box(row, layout=ipywidgets.Layout(**_ROW, grid_gap=gap))
            for row, gap in ((buttons, "0 4px"), (menus, "0 14px"), (sliders, "0 10px"))
        ]

    def offer(
        self, views: tuple[str, ...], lines: tuple[str, ...], shades: tuple[str, ...]
    ) -> None:
        """What the reader can choose from: a model may lack memory, or attention."""
        offer(self.views, tuple(VIEWS[name] for name in views))
        offer(self.lines, tuple((LINES[name].name, name) for name in lines))
        offer(self.shade, tuple(SHADES[name] for name in shades))

    def offer_steps(self, steps: list[int], chosen: int) -> None:
        """The moments that can be shown, and the one that is."""
        options = tuple((f"step {step}", step) for step in steps)
        if self.moment.options != options:
            self.moment.options = options
        self.moment.value = chosen

    def measure(self, length: int) -> None:
        """A passage of so many tokens is in hand."""
        self.token.max = length

    def offer_blocks(self, blocks: list[int]) -> None:
        """Blocks to choose from, by number from 0 on."""
        single = [(f"block {block + 1}", block) for block in blocks]
        if tuple(self.blocks.options) != (ALL, *single):
            self.blocks.options = [ALL, *single]
            self.blocks.value = ALL[1]

    def enable(self, running: bool, paused: bool = False) -> None:
        """Pause, Step, Stop work in a run; the first one says what it would do."""
        for control in (self.pause, self.step, self.stop):
            control.disabled = not running
        self.pause.description = "Resume" if paused else "Pause"
