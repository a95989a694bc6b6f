"""The update raster of chapter 12: which level learns when, and who may be frozen or wiped.

Three levels read four novels, each interrupted by a letter. A mark is an update, as dark as it is
large beside the largest of its level.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import ipywidgets
import torch
from torch import Tensor

from titans_book.book.ch12.novel import BACK, BEFORE, EARLY, LETTER, SMOOTH, Account, told_of
from titans_book.lab.pictures import style
from titans_book.lab.pictures.controls import Panel, choice, slider
from titans_book.lab.pictures.curves import Frame
from titans_book.lab.pictures.picture import Picture, check_alt, picture
from titans_book.lab.pictures.sheet import sheet, status
from titans_book.steps.continuum import joint, slow_first

__all__ = ["PERIODS", "UpdateRaster", "read_stories"]

ALT = "Updates of three levels over time, and the error of the memory while it reads a letter"
PERIODS, RATES = (1, 8, 64), (0.5, 0.1, 0.03)
SHOWN = 128  # tokens before the letter
NOBODY = 0
ROW, WIDTH, LEFT, RIGHT = 26, 560, 52, 20


@lru_cache(maxsize=64)
def read_stories(keep: float, order: str, freeze: int, wipe: int) -> Account:
    """Let the three levels read the stories. keep: of the fastest; freeze, wipe: a period, or 0."""
    keeps = (keep, 1.0, 1.0)
    correct = slow_first if order == "slow first" else joint
    levels = list(zip(PERIODS, RATES, keeps, strict=True))
    found = told_of(levels, correct, freeze=freeze, wipe=wipe)
    largest = found.sizes[BEFORE - SHOWN :].amax(0).clamp(min=1e-12)
    return found._replace(sizes=(found.sizes / largest).clamp(max=1))


def smooth(errors: Tensor) -> Tensor:
    """Means of a few tokens each, that do not reach over the ends of a part."""
    return errors.view(-1, SMOOTH).mean(1)


class UpdateRaster(Panel):
    """A slider for what the fastest level keeps; menus for the order, and who is frozen or wiped.

    reading: what the levels did last.
    """

    def __init__(self, *, alt: str = ALT, dark: bool | None = None):
        self.dark = style.is_dark(dark)
        levels = [("nobody", NOBODY), *((f"the level C = {C}", C) for C in PERIODS)]
        self.keep = slider("keep of the level C = 1", 1.0, 0.8, 1.0, step=0.01)
        self.order = choice(
            "corrected", [("joint", "joint"), ("slow first", "slow first")], "For which error"
        )
        self.freeze = choice("freeze in the letter", levels, "Which level does not learn from it")
        self.wipe = choice("wipe after the letter", levels, "Which level is emptied after it")
        for one in (self.freeze, self.wipe):
            one.layout.width = "270px"
        controls = (self.keep, self.order, self.freeze, self.wipe)
        for one in controls:
            one.observe(self.repaint, "value")
        self.drawing, self.said = ipywidgets.HTML(), status()
        row = ipywidgets.HBox(controls[1:], layout={"flex_flow": "row wrap"})
        parts = [sheet(), self.keep, row, self.drawing, self.said]
        super().__init__(parts, alt=check_alt(alt))
        self.repaint()

    def repaint(self, _change: Any = None) -> None:
        """Let the levels read again, and show what they did."""
        settings = (self.keep.value, self.order.value, self.freeze.value, self.wipe.value)
        self.reading = read_stories(*settings)
        self.drawing.value = self._svg()
        self.said.value = (
            f"<div>Error at the end of the letter: <b>{self.reading.letter:.2f}</b>. First "
            f"{EARLY} tokens back in the novel: <b>{self.reading.back:.2f}</b>.</div>"
        )

    def _curve(self) -> tuple[Tensor, Tensor]:
        errors = smooth(self.reading.errors[BEFORE - SHOWN :])
        x = SMOOTH * (torch.arange(len(errors)) + 0.5) - SHOWN
        return x, errors.clamp(max=2.5)

    def _svg(self) -> str:
        top = ROW * len(PERIODS) + 24
        frame = Frame(
            (-SHOWN, LETTER + BACK), (0, 2.5), WIDTH, top + 250, LEFT, RIGHT, top=top + 30
        )
        begin, end = float(frame.across(0)), float(frame.across(LETTER))
        body = (
            f'<rect x="{begin:.1f}" y="20" width="{end - begin:.1f}" height="{top + 178}"'
            f' fill="currentColor" fill-opacity=".07"/><text x="{(begin + end) / 2:.0f}" y="14"'
            ' text-anchor="middle">the letter</text>'
        )
        for n, C in enumerate(PERIODS):
            y = 24 + ROW * n
            body += f'<text x="{LEFT - 6}" y="{y + 15}" text-anchor="end">C = {C}</text>'
            body += self._marks(frame, n, y)
            if self.wipe.value == C:
                body += f'<text x="{end + 2:.1f}" y="{y + 16}" font-weight="bold">wiped</text>'
        colour = style.colour("surprise", self.dark)
        x, errors = self._curve()
        body += frame.line(x.numpy(), errors.numpy(), colour)
        body += f'<text x="4" y="{top + 22}" opacity=".85">error</text>'
        alt = (
            f"Updates of the levels C = 1, 8 and 64, and the error: {self.reading.letter:.2f} at "
            f"the end of the letter, {self.reading.back:.2f} back in the novel."
        )
        return frame.svg(body, alt=alt, xlabel="tokens since the letter began")

    def _marks(self, frame: Frame, n: int, y: int) -> str:
        """One bar for each update of a level that is shown."""
        colour = style.colour("fast", self.dark)
        wide = max(1.0, min(4.0, 1.2 * PERIODS[n]))
        marks = []
        for i in range(BEFORE - SHOWN + 1, BEFORE + LETTER + BACK + 1):
            size = float(self.reading.sizes[i - 1, n])
            if i % PERIODS[n] == 0 and size > 0:
                x = float(frame.across(i - BEFORE)) - wide
                marks.append(
                    f'<rect x="{x:.1f}" y="{y}" width="{wide:.1f}" height="{ROW - 6}"'
                    f' fill="{colour}" fill-opacity="{0.12 + 0.88 * size:.2f}"/>'
                )
        return "".join(marks)

    def figure(self, *, alt: str | None = None) -> Picture:
        """What is shown now, as a still picture."""
        with picture(alt or self.alt, 6.4, 3.8, self.dark) as figure:
            marks, axes = figure.subplots(2, sharex=True, height_ratios=(1, 1.6))
            colour = style.colour("fast", self.dark)
            for n in range(len(PERIODS)):
                for i in range(BEFORE - SHOWN, BEFORE + LETTER + BACK):
                    size = float(self.reading.sizes[i, n])
                    look = {"color": colour, "alpha": 0.12 + 0.88 * size}
                    if size > 0:
                        marks.vlines(i + 1 - BEFORE, -n - 0.4, -n + 0.4, **look)
            marks.set_yticks(range(0, -len(PERIODS), -1), [f"C = {C}" for C in PERIODS])
            marks.spines[["left", "bottom"]].set_visible(False)
            marks.tick_params(length=0)
            axes.plot(*self._curve(), color=style.colour("surprise", self.dark), ls="-", marker="")
            for one in (marks, axes):
                one.axvspan(
                    0, LETTER, color=style.colour("persistent", self.dark), alpha=0.15, lw=0
                )
            axes.set(ylim=(0, 2.5), ylabel="error", xlabel="tokens since the letter began")
        return figure
