"""A map of the valley of eq. 53, on which two optimizers start wherever one likes.

The usual momentum and the delta momentum take 300 steps from the same start, with the same rate
and decay. The start can be dragged in the map; the sliders are the way for the keyboard.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import ipywidgets
import numpy as np
import torch
from matplotlib.figure import Figure

from titans_book.book.ch11 import valley
from titans_book.book.ch11.looks import looks
from titans_book.lab.pictures import style
from titans_book.lab.pictures.controls import Panel, menu, slider
from titans_book.lab.pictures.curves import Frame
from titans_book.lab.pictures.dragging import draggable
from titans_book.lab.pictures.picture import Picture, check_alt, picture
from titans_book.lab.pictures.sheet import sheet, status
from titans_book.lab.pictures.traces import points
from titans_book.steps.optimizers import delta_momentum

__all__ = ["ValleyMap"]

ALT = "A winding valley seen from above, with the paths of two optimizers from one start"
NAMES = ("usual momentum", "delta momentum")
SIDE, STEPS = 4.5, 300
RATES, ERASES = ["0.001", "0.003", "0.01", "0.03"], ["0.01", "0.1", "1", "10"]
LEVELS = (0.3, 2, 8, 30, 100, 250)


@lru_cache(maxsize=4)
def contours() -> list[np.ndarray]:
    """Lines of equal height, (n, 2) each."""
    side = torch.linspace(-SIDE, SIDE, 121, dtype=torch.float64)
    r, theta = torch.meshgrid(side, side, indexing="xy")
    heights = valley.height(torch.stack([r, theta], -1)).numpy()
    drawn = Figure().add_subplot().contour(side.numpy(), side.numpy(), heights, levels=LEVELS)
    return [line for level in drawn.allsegs for line in level]


@lru_cache(maxsize=1)
def floor() -> np.ndarray:
    """The floor of the valley, (n, 2), from edge to edge."""
    r = torch.linspace(-4, 4, 161, dtype=torch.float64)
    return torch.stack([r, valley.floor(r)], -1).numpy()


class ValleyMap(Panel):
    """Drag the start, or move it by two sliders; menus and a slider set rate, erasing and decay."""

    def __init__(self, *, alt: str = ALT, dark: bool | None = None):
        self.dark = style.is_dark(dark)
        self.r = slider("start, r", valley.START[0], -4.0, 4.0, step=0.1)
        self.theta = slider("start, θ", valley.START[1], -4.0, 4.0, step=0.1)
        self.alpha = slider("decay α", 0.9, 0.0, 0.98, step=0.02)
        self.rate = menu("rate η", RATES, "0.01")
        self.erase = menu("erasing s", ERASES, "0.01")
        self.drawing, self.said = ipywidgets.HTML(), status()
        controls = (self.r, self.theta, self.alpha, self.rate, self.erase)
        for one in controls:
            one.observe(self.repaint, "value")
        row = ipywidgets.HBox([self.rate, self.erase], layout={"flex_flow": "row wrap"})
        drag = draggable(self.r, self.theta)
        parts = [sheet(), drag, *controls[:3], row, self.drawing, self.said]
        super().__init__(parts, alt=check_alt(alt))
        self.add_class("titans-drag")
        self.repaint()

    def repaint(self, _change: Any = None) -> None:
        """Let both run again, and show where they went."""
        starts = [(self.r.value, self.theta.value)] * len(NAMES)
        alpha, rate = self.alpha.value, float(self.rate.value)
        s = torch.tensor([[0.0], [float(self.erase.value)]], dtype=torch.float64)
        both = valley.path(lambda m, g: delta_momentum(m, g, alpha, rate, s), starts, STEPS)
        self.paths = dict(zip(NAMES, both.unbind(1), strict=True))
        self.paths = {name: path.numpy() for name, path in self.paths.items()}
        self.drawing.value = self._svg()
        told = " ".join(f"<b>{name}</b>: {self.told(name)}." for name in self.paths)
        self.said.value = f"<div>After {STEPS} steps, {told}</div>"

    def told(self, name: str) -> str:
        """Where an optimizer is at the end."""
        far = float(np.linalg.norm(self.paths[name][-1]))
        if not far < 1e3:
            return "blown up"
        away = np.flatnonzero(np.linalg.norm(self.paths[name], axis=1) >= valley.NEAR)
        if far < valley.NEAR:
            return f"at the minimum from step {max(away, default=-1) + 1} on"
        return f"{far:.2f} away from the minimum"

    def _seen(self, name: str) -> np.ndarray:
        """A path as far as it can be drawn: cut where it leaves the map."""
        path = self.paths[name]
        inside = (np.abs(path) <= SIDE).all(1)
        return path if inside.all() else path[: max(1, int(inside.argmin()))]

    def _svg(self) -> str:
        frame = Frame((-SIDE, SIDE), (-SIDE, SIDE), width=560, height=430)
        body = "".join(_line(frame, line, "currentColor", opacity=0.25) for line in contours())
        body += _line(frame, floor(), "currentColor", width=9, opacity=0.14)
        entries = []
        for name, look in zip(NAMES, looks(self.dark), strict=True):
            body += _line(frame, self._seen(name), *look, width=2)
            entries.append((name, *look))
        body += _spot(frame, (0.0, 0.0), "minimum", 'fill="none" stroke="currentColor"')
        start = (self.r.value, self.theta.value)
        body += _spot(frame, start, "start", 'fill="currentColor" stroke="none"')
        told = "; ".join(f"{name}: {self.told(name)}" for name in self.paths)
        alt = f"From ({start[0]:.1f}, {start[1]:.1f}), {told}."
        return frame.svg(body + frame.key(entries), alt=alt, xlabel="r", ylabel="θ", drag=True)

    def figure(self, *, alt: str | None = None) -> Picture:
        """What is shown now, as a still picture."""
        start = (self.r.value, self.theta.value)
        with picture(alt or self.alt, 5.6, 4.4, self.dark) as figure:
            axes = figure.subplots()
            ink = axes.xaxis.label.get_color()
            for line in contours():
                axes.plot(*line.T, color=ink, alpha=0.25, lw=0.8, ls="-", marker="")
            axes.plot(*floor().T, color=ink, alpha=0.14, lw=7, ls="-", marker="")
            for name, (colour, dash) in zip(NAMES, looks(self.dark), strict=True):
                look = {"color": colour, "ls": "--" if dash else "-", "marker": "", "lw": 1.6}
                axes.plot(*self._seen(name).T, label=name, **look)
            for place, words, fill in (((0, 0), "minimum", "none"), (start, "start", ink)):
                axes.plot(*place, "o", mfc=fill, color=ink, ms=7, ls="")
                axes.annotate(words, place, (8, 5), textcoords="offset points", fontsize=9)
            axes.set(xlabel="r", ylabel="θ", xlim=(-SIDE, SIDE), ylim=(-SIDE, SIDE))
            axes.legend(loc="upper left")
        return figure


def _line(
    frame: Frame,
    line: np.ndarray,
    colour: str,
    dash: str = "",
    *,
    width: float | int = 1,
    opacity: float | int = 1,
) -> str:
    """A line of the map, (n, 2)."""
    return (
        f'<polyline points="{points(frame.across(line[:, 0]), frame.down(line[:, 1]))}"'
        f' fill="none" stroke="{colour}" stroke-width="{width}" stroke-opacity="{opacity}"'
        f' stroke-linejoin="round" stroke-dasharray="{dash}"/>'
    )


def _spot(frame: Frame, place: tuple[float, float], words: str, look: str) -> str:
    """A circle with a name."""
    x, y = float(frame.across(place[0])), float(frame.down(place[1]))
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" stroke-width="2" {look}/>'
        f'<text x="{x + 9:.1f}" y="{y - 6:.1f}">{words}</text>'
    )
