"""A map of the valley of eq. 53, on which two optimizers start wherever one likes.

The usual momentum and the delta momentum take 300 steps from the same start, with the same rate
and decay.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import ipywidgets
import numpy as np
import torch
from matplotlib.figure import Figure

from titans_book.book.ch11 import valley
from titans_book.lab.pictures import style
from titans_book.lab.pictures.controls import Panel, menu, slider
from titans_book.lab.pictures.curves import Frame, dashes
from titans_book.lab.pictures.picture import Picture, check_alt, picture
from titans_book.lab.pictures.sheet import sheet, status
from titans_book.lab.pictures.traces import points
from titans_book.steps.optimizers import delta_momentum

__all__ = ["ValleyMap"]

ALT = "A winding valley seen from above, with the ways of two optimizers from one start"
ROLES = {"usual momentum": "slow", "delta momentum": "fast"}
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


class ValleyMap(Panel):
    """Two sliders move the start; menus and a slider set rate, erasing and decay."""

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
        parts = [sheet(), *controls[:3], row, self.drawing, self.said]
        super().__init__(parts, alt=check_alt(alt))
        self.repaint()

    def repaint(self, _change: Any = None) -> None:
        """Let both run again, and show where they went."""
        start = (self.r.value, self.theta.value)
        alpha, rate = self.alpha.value, float(self.rate.value)
        self.paths = {
            name: valley.path(
                lambda m, g, s=s: delta_momentum(m, g, alpha, rate, s), start, STEPS
            ).numpy()
            for name, s in zip(ROLES, (0.0, float(self.erase.value)), strict=True)
        }
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
            return f"at the minimum, there to stay from step {max(away, default=-1) + 1}"
        return f"{far:.2f} away from the minimum"

    def _seen(self, name: str) -> np.ndarray:
        """A path as far as it can be drawn: cut where it leaves the map."""
        path = self.paths[name]
        inside = (np.abs(path) <= SIDE).all(1)
        return path if inside.all() else path[: max(1, int(inside.argmin()))]

    def _svg(self) -> str:
        frame = Frame((-SIDE, SIDE), (-SIDE, SIDE), width=560, height=430)
        body = "".join(
            f'<polyline points="{points(frame.across(line[:, 0]), frame.down(line[:, 1]))}"'
            ' fill="none" stroke="currentColor" stroke-opacity=".25"/>'
            for line in contours()
        )
        entries = []
        for name, role in ROLES.items():
            look, path = (style.colour(role, self.dark), dashes(role)), self._seen(name)
            places = points(frame.across(path[:, 0]), frame.down(path[:, 1]))
            body += (
                f'<polyline points="{places}" fill="none" stroke="{look[0]}" stroke-width="2"'
                f' stroke-linejoin="round" stroke-dasharray="{look[1]}"/>'
            )
            entries.append((name, *look))
        x, y = float(frame.across(0)), float(frame.down(0))
        body += (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="none" stroke="currentColor"'
            f' stroke-width="2"/><text x="{x + 9:.1f}" y="{y - 6:.1f}">minimum</text>'
        )
        told = "; ".join(f"{name}: {self.told(name)}" for name in self.paths)
        alt = f"From ({self.r.value:.1f}, {self.theta.value:.1f}), {told}."
        return frame.svg(body + frame.key(entries), alt=alt, xlabel="r", ylabel="θ")

    def figure(self, *, alt: str | None = None) -> Picture:
        """What is shown now, as a still picture."""
        with picture(alt or self.alt, 5.6, 4.4, self.dark) as figure:
            axes = figure.subplots()
            ink = axes.xaxis.label.get_color()
            for line in contours():
                axes.plot(*line.T, color=ink, alpha=0.25, lw=0.8, ls="-", marker="")
            for name, role in ROLES.items():
                axes.plot(*self._seen(name).T, label=name, **style.line(role, self.dark, 400))
            axes.plot([0], [0], "o", mfc="none", color=ink, ms=8)
            axes.set(xlabel="r", ylabel="θ", xlim=(-SIDE, SIDE), ylim=(-SIDE, SIDE))
            axes.legend(loc="upper left")
        return figure
