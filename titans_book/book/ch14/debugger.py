"""The memory debugger: scrub through a text, switch a gate off for a stretch, compare two memories.

A finder reads one haystack twice: as it is, and with writing or forgetting off for a stretch. After
every 64 tokens it is asked the question, and what its memory holds by then is drawn.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import ipywidgets
import numpy as np

from titans_book.book.ch14.finders import finder
from titans_book.book.ch14.reading import EVERY, NEEDLE, Asked, asked_on_the_way, haystack
from titans_book.lab.pictures import style
from titans_book.lab.pictures.controls import Panel, choice, slider
from titans_book.lab.pictures.curves import Frame, dashes
from titans_book.lab.pictures.picture import Picture, check_alt, picture
from titans_book.lab.pictures.pixels import nice_limit
from titans_book.lab.pictures.sheet import sheet, status
from titans_book.lab.pictures.widgets import Heatmap

__all__ = ["MemoryDebugger"]

ALT = "A memory that reads a haystack as it is, and with one of its gates off for a stretch"
WHAT = [("nothing", ""), ("writing", "writing"), ("forgetting", "forgetting"), ("both", "both")]
WIDTH = 580


@lru_cache(maxsize=32)
def _read(choice_: str, length: int, depth: float, start: int, stop: int, what: str) -> Asked:
    hay = haystack(length, depth)
    off = (start, stop) if what else (0, 0)
    return asked_on_the_way(finder(choice_), hay, off, what or "writing")


class MemoryDebugger(Panel):
    """Sliders for the token that is looked at and for a stretch, menus for what is off in it.

    choice_of: the finder that reads; length, depth: of the haystack. plain, other: what was found
    without and with the switch.
    """

    def __init__(
        self,
        choice_of: str = "to its start",
        length: int = 1024,
        depth: float = 0.0,
        *,
        alt: str = ALT,
        dark: bool | None = None,
    ):
        self.dark, self.made = style.is_dark(dark), (choice_of, length, depth)
        self.hay = haystack(length, depth)
        last = len(self.hay.tokens)
        self.token = slider("look after token", last, 0, last, step=EVERY)
        self.start = slider("off from token", self.hay.at + NEEDLE, 0, last)
        self.stop = slider("up to token", last, 0, last)
        self.what = choice("switch off", WHAT, "What the memory does not do in the stretch")
        blocks = [(f"block {n + 1}", n) for n in range(2)]
        self.block = choice("memory of", blocks, "Whose memory is drawn")
        self.block.value = 1
        for one in (self.token, self.start, self.stop, self.what, self.block):
            one.observe(self.repaint, "value")
        self.curves, self.said = ipywidgets.HTML(), status()
        plain = self.plain = _read(*self.made, 0, 0, "")
        self.memories = Heatmap(
            self._matrices(plain, plain, len(plain.times) - 1),
            alt="What each head has written: as it was read, with the switch, the difference",
            limit=nice_limit(plain.written[-1, 1]),
            dark=self.dark,
        )
        menus = ipywidgets.HBox([self.what, self.block], layout={"flex_flow": "row wrap"})
        names = ipywidgets.HTML(
            "<small>What this block has written by then, one row for each head. Left: as it was "
            "read. Middle: with the switch. Right: the difference.</small>"
        )
        sliders = [self.token, self.start, self.stop]
        parts = [sheet(), *sliders, menus, self.curves, names, self.memories, self.said]
        super().__init__(parts, alt=check_alt(alt))
        self.repaint()

    @property
    def frame_at(self) -> int:
        """Which of the questions is looked at."""
        return min(-(-self.token.value // EVERY), len(self.plain.times) - 1)

    def _matrices(self, plain: Asked, other: Asked, at: int) -> np.ndarray:
        """(heads, 3, d_out, d_in): a row a head."""
        block = self.block.value
        one, two = (asked.written[at, block].mT for asked in (plain, other))
        return np.stack([one.numpy(), two.numpy(), (two - one).numpy()], axis=1)

    def repaint(self, _change: Any = None) -> None:
        """Read again if the switch has changed, and show both readings."""
        stop = max(self.start.value, self.stop.value)
        self.other = self.plain
        if self.what.value:
            self.other = _read(*self.made, self.start.value, stop, self.what.value)
        at = self.frame_at
        self.curves.value = self._svg(at, stop)
        self.memories.show(self._matrices(self.plain, self.other, at))
        one, two = (float(asked.chances[at]) for asked in (self.plain, self.other))
        off = dict((value, words) for words, value in WHAT)[self.what.value]
        switched = f", and {two:.2f} with {off} off from {self.start.value} to {stop}"
        self.said.value = (
            f"<div>Asked after token {self.plain.times[at]}, it gives the right answer the "
            f"probability <b>{one:.2f}</b>{switched if self.what.value else ''}.</div>"
        )

    def _svg(self, at: int, stop: int) -> str:
        last = float(self.plain.times[-1])
        frame = Frame((0.0, last), (0.0, 1.0), WIDTH, 230)
        left, right = (float(frame.across(x)) for x in (self.start.value, stop))
        shade = 0.08 if self.what.value else 0.03  # the stretch shows before anything is off in it
        body, entries = (
            (
                f'<rect x="{left:.1f}" y="{frame.top}" width="{right - left:.1f}"'
                f' height="{frame.room}" fill="currentColor" fill-opacity="{shade}"/>'
            ),
            [],
        )
        for x, words in ((self.hay.at, "needle"), (self.plain.times[at], "")):
            place = float(frame.across(x))
            body += (
                f'<line x1="{place:.1f}" x2="{place:.1f}" y1="{frame.top}"'
                f' y2="{frame.top + frame.room}" stroke="currentColor" stroke-opacity=".5"/>'
                f'<text x="{place + 3:.1f}" y="{frame.top + 11}">{words}</text>'
            )
        looks = (("as it was read", self.plain, "slow"), ("with the switch", self.other, "fast"))
        for words, asked, role in looks[: 2 if self.what.value else 1]:
            look = style.colour(role, self.dark), dashes(role)
            body += frame.line(np.array(asked.times, float), asked.chances.numpy(), *look)
            entries.append((words, *look))
        alt = "The probability of the right answer while the text is read."
        return frame.svg(
            body + frame.key(entries), alt=alt, xlabel="tokens read before the question",
            ylabel="probability of the right answer",
        )  # fmt: skip

    def figure(self, *, alt: str | None = None) -> Picture:
        """What is shown now, as a still picture."""
        with picture(alt or self.alt, 6.4, 2.9, self.dark) as figure:
            axes, grey = figure.subplots(), style.colour("persistent", self.dark)
            if self.what.value:
                axes.axvspan(self.start.value, self.stop.value, color=grey, alpha=0.15, lw=0)
            axes.plot(self.plain.times, self.plain.chances, label="as it was read",
                      **style.line("slow", self.dark, 2))  # fmt: skip
            if self.what.value:
                axes.plot(self.other.times, self.other.chances, label="with the switch",
                          **style.line("fast", self.dark, 2))  # fmt: skip
            axes.axvline(self.hay.at, color=axes.xaxis.label.get_color(), lw=0.8)
            axes.set(ylim=(0, 1.05), xlabel="tokens read before the question")
            axes.set_ylabel("probability of the right answer")
            axes.axvline(self.plain.times[self.frame_at], color=grey, lw=0.8, ls=":")
            axes.legend(loc="lower center")
        return figure
