"""Pictures in which one can drag: the pointer moves two sliders, and they do the rest.

    across, up = slider("r", 0.0, -4.0, 4.0), slider("θ", 0.0, -4.0, 4.0)
    panel = Panel([across, up, draggable(across, up), HTML(frame.svg(..., drag=True))], alt=...)
    panel.add_class("titans-drag")

The sliders stay on the page: they are the way for the keyboard, and all that the kernel hears.
Where a page runs no scripts, or has other sliders, the picture just stands still.
"""

from __future__ import annotations

import ipywidgets

from titans_book.lab.pictures import style
from titans_book.lab.pictures.controls import script

__all__ = ["draggable"]


def draggable(x: ipywidgets.FloatSlider, y: ipywidgets.FloatSlider) -> ipywidgets.HTML:
    """What a panel needs beside its sliders so that its SVGs with `drag` move them.

    The panel must have the class "titans-drag".
    """
    x.add_class("titans-drag-x")
    y.add_class("titans-drag-y")
    rules = "<style>svg[data-drag]{cursor:crosshair;touch-action:none}</style>"
    hidden = ipywidgets.Layout(display="none")
    return ipywidgets.HTML(rules + script(style.asset("pictures/drag.js")), layout=hidden)
