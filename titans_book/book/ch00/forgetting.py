"""The slider of chapter 00: how much is forgotten, and what a second reading is then worth."""

from __future__ import annotations

from typing import Any

import ipywidgets

from titans_book.book.ch00.reading import Reading, read
from titans_book.lab.pictures import widgets
from titans_book.lab.pictures.picture import Picture

__all__ = ["ForgettingSlider"]

ALT = "A slider for forgetting, the memory after two readings, and the text by surprise"


class ForgettingSlider(widgets.Panel):
    """Each move reads the sentence twice again, from an empty memory, with another alpha."""

    def __init__(self, sentence: str, *, theta: float = 0.8, alt: str = ALT):
        self.sentence, self.theta = sentence, theta
        self.alpha = widgets.slider("forgetting α", 0.0, 0.0, 0.3, step=0.005)
        seen = self._reading()
        self.memory = widgets.Heatmap(
            seen.memory.mT, limit=1, alt="The memory after both readings: a column for each pair."
        )
        self.strip = widgets.SurpriseStrip(
            seen.text, seen.surprise, limit=1.2, alt="The text, shaded by surprise."
        )
        self.means = ipywidgets.Label()
        self.alpha.observe(self.repaint, "value")
        self.repaint()
        super().__init__([self.alpha, self.memory, self.strip, self.means], alt=alt)

    def _reading(self) -> Reading:
        return read(self.sentence * 2, self.theta, self.alpha.value)

    def repaint(self, _change: Any = None) -> None:
        """Read the sentence twice, and show what became of it."""
        seen = self._reading()
        self.memory.show(seen.memory.mT)
        self.strip.read(seen.text, seen.surprise)
        self.strip.show()
        first, second = seen.halves()
        share = f"{second / first:.0%} of the first" if first > 1e-9 else "nothing to compare"
        self.means.value = f"Mean surprise: first {first:.2f}, second {second:.2f}, {share}"

    def figure(self, *, alt: str | None = None) -> Picture:
        """The memory as it is now, as a still picture."""
        return self.memory.figure(alt=alt)
