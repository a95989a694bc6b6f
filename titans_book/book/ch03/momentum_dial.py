"""The dial of chapter 03: how long the after-shocks of one loud word go on, and what they write.

Two traces on one scale: what each token writes by itself, theta |u| (momentary surprise), and what
the memory writes at that token, |S| (past surprise). The bar is the memory's answer at the end to
the question how dangerous the bridge is, as a share of what was said.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets
import numpy as np

from titans_book.book.ch03 import aftershocks
from titans_book.lab.pictures import style
from titans_book.lab.pictures.controls import Panel, slider
from titans_book.lab.pictures.curves import Frame, dashes
from titans_book.lab.pictures.picture import Picture, check_alt, picture
from titans_book.lab.pictures.widgets import SurpriseStrip
from titans_book.steps.matrix import momentum_step

__all__ = ["MomentumDial"]

TOPS = (0.5, 1.0, 2.0, 4.0)  # the heights that the drawing can have
LONGEST = 2.0  # the end of the bar: twice what was said
NAMES = {"momentary surprise θ|u|": "surprise", "past surprise |S|": "fast"}


def judged(share: float) -> str:
    """An answer in words, as a share of what was said.

    >>> judged(0.28), judged(0.97), judged(1.9)
    ('hardly written', 'as it was said', 'too loud')
    """
    words = ((0.5, "hardly written"), (0.9, "too faint"), (1.1, "as it was said"))
    return next((word for most, word in words if share < most), "too loud")


class MomentumDial(Panel):
    """Sliders for eta, theta, the quake's place and the overlap of the two keys.

    step: the function that makes S, momentum_step(S, u, theta, eta); the learner's own fits.
    """

    def __init__(
        self,
        *,
        alt: str,
        eta: float | int = 0.0,
        step: Callable = momentum_step,
        dark: bool | None = None,
    ):
        self.step, self.dark = step, style.is_dark(dark)
        last = len(aftershocks.OTHERS)
        self.eta = slider("momentum η", eta, 0.0, 0.95, step=0.01)
        self.theta = slider("write rate θ", aftershocks.THETA, 0.02, 0.2, step=0.01)
        self.place = slider("place of QUAKE", aftershocks.QUAKE, 0, last)
        self.overlap = slider("overlap of the keys", aftershocks.OVERLAP, 0.0, 1.0, step=0.05)
        self.drawing, self.bar = ipywidgets.HTML(), ipywidgets.HTML()
        self.strip = SurpriseStrip(alt="The report, by momentary surprise", limit=aftershocks.LOUD)
        sliders = (self.eta, self.theta, self.place, self.overlap)
        for one in sliders:
            one.observe(self.repaint, "value")
        super().__init__([*sliders, self.drawing, self.strip, self.bar], alt=check_alt(alt))
        self.repaint()

    def repaint(self, _change: Any = None) -> None:
        """Read the whole report again, and show what happened."""
        self.words, k, v = aftershocks.passage(self.place.value, self.overlap.value)
        theta = self.theta.value
        reading = aftershocks.read(k, v, theta, self.eta.value, self.step)
        surprise = reading.u.flatten(1).norm(dim=1)
        sizes = (theta * surprise, reading.S.flatten(1).norm(dim=1))
        self.traces = dict(zip(NAMES, (size.numpy() for size in sizes), strict=True))
        self.answer = float(k[self.words.index("bridge")] @ reading.M[-1]) / aftershocks.FAINT
        self.drawing.value = self._svg()
        self.strip.read([f"{word} " for word in self.words], surprise)
        self.strip.show()
        self.bar.value = self._bar()

    def _top(self) -> float:
        """The height of the drawing: the smallest that holds both traces."""
        most = max(float(trace.max()) for trace in self.traces.values())
        return next((top for top in TOPS if most <= top), most)

    def _places(self) -> dict[str, int]:
        return {word: self.words.index(word) for word in ("QUAKE", "bridge")}

    def _svg(self) -> str:
        """Both traces over the words."""
        frame = Frame((0.0, len(self.words) - 1.0), (0.0, self._top()), width=560, height=250)
        x, body, entries = np.arange(len(self.words), dtype=float), "", []
        for word, place in self._places().items():
            at, side = float(frame.across(place)), -1 if place > 16 else 1
            body += (
                f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{frame.top}" y2="{frame.height - 42}"'
                ' stroke="currentColor" stroke-opacity=".35" stroke-dasharray="1.5 4"/>'
                f'<text x="{at + 4 * side:.1f}" y="{frame.top + (11 if word == "QUAKE" else 27)}"'
                f' text-anchor="{"start" if side > 0 else "end"}" opacity=".85">{word}</text>'
            )
        for name, role in NAMES.items():
            look = style.colour(role, self.dark), dashes(role)
            body += frame.line(x, self.traces[name], *look)
            entries.append((name, *look))
        alt = f"Two traces over {len(self.words)} words. " + " ".join(self._told())
        return frame.svg(body + frame.key(entries), alt=alt, xlabel="token", ylabel="")

    def _told(self) -> list[str]:
        """Both traces in words, at the quake and four tokens later."""
        first = self._places()["QUAKE"]
        later = min(first + 4, len(self.words) - 1)
        return [
            f"{name}: {trace[first]:.2f} at QUAKE, {trace[later]:.2f} at token {later}."
            for name, trace in self.traces.items()
        ]

    def _bar(self) -> str:
        """The answer as a bar from 0 to 200 %, with a mark at what was said."""
        words = f"“How dangerous is the bridge?” {self.answer:.0%}: {judged(self.answer)}"
        length = 500 * min(max(self.answer, 0.0), LONGEST) / LONGEST
        colour = style.colour("fast", self.dark)
        return (
            '<svg viewBox="0 0 560 52" width="560" style="max-width:100%;fill:currentColor;'
            f'font:13px var(--jp-ui-font-family,system-ui,sans-serif)" role="img"'
            f' aria-label="{escape(words)}"><text x="4" y="14">{words}</text>'
            f'<rect x="4" y="22" width="{length:.1f}" height="12" fill="{colour}"/>'
            '<rect x="4" y="22" width="500" height="12" fill="none" stroke="currentColor"'
            ' stroke-opacity=".5"/><line x1="254" x2="254" y1="19" y2="38" stroke="currentColor"'
            ' stroke-width="2"/><text x="254" y="50" text-anchor="middle" font-size="11">100 %'
            "</text></svg>"
        )

    def figure(self, *, alt: str) -> Picture:
        """What is shown now, as a still picture."""
        with picture(alt, 6.6, 4.0, self.dark) as figure:
            above, below = figure.subplots(2, 1, height_ratios=[5, 1])
            for name, role in NAMES.items():
                above.plot(self.traces[name], label=name, **style.line(role, self.dark, 1))
            above.set_xticks(range(len(self.words)), self.words, rotation=60, fontsize=8)
            above.set(ylim=(0, self._top()), ylabel="size")
            above.legend()
            below.barh([0], [100 * self.answer], color=style.colour("fast", self.dark), hatch="//")
            below.axvline(100, color=below.xaxis.label.get_color())
            below.set(xlim=(0, 100 * LONGEST), yticks=[0], yticklabels=["bridge"])
            below.set_xlabel(f"the answer, % of what was said: {100 * self.answer:.0f}")
        return figure
