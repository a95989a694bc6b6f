"""What stands around the live pictures: sliders that have a name, and panels that look right."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import ipywidgets
import numpy as np

from titans_book.lab.pictures.picture import check_alt
from titans_book.lab.pictures.still import again
from titans_book.lab.pictures.style import on_the_page
from titans_book.lab.pictures.text import STYLE

__all__ = [
    "CRISP",
    "SIGNED",
    "Described",
    "Panel",
    "button",
    "choice",
    "menu",
    "offer",
    "script",
    "shared",
    "slider",
]

CRISP = "titans-pixels"
SIGNED = "titans-signed"  # beside it: drawn for a light page, to be turned round on a dark one

# Two things ipywidgets leaves out: a slider's handle has no name, and an image no alt text. Widgets
# run no scripts, but an image may say what happens once it is loaded.
_NAMES = """
const name = () => {
  for (const slider of document.querySelectorAll('.widget-slider')) {
    const words = slider.querySelector('.widget-label')?.textContent;
    for (const handle of slider.querySelectorAll('.noUi-handle')) handle.ariaLabel = words;
  }
  for (const image of document.querySelectorAll('img.titans-pixels')) image.alt = image.title;
};
for (const wait of [0, 200, 1000, 3000]) setTimeout(name, wait);
"""
_DOT = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="


def script(code: str) -> str:
    """HTML that runs a script once it is on the page; `this` is an image that nobody sees."""
    return f'<img alt="" src="{_DOT}" onload="{escape(code)}">'


def shared() -> ipywidgets.HTML:
    """What every live picture needs once beside it: the styles, and names for screen readers."""
    rules = "image-rendering:pixelated;max-width:100%;align-self:flex-start"
    styles = f"<style>.{CRISP}{{{rules}}}</style>{STYLE}"
    styles += on_the_page()
    return ipywidgets.HTML(styles + script(_NAMES), layout=ipywidgets.Layout(display="none"))


class Described:
    """A widget prints as its description, the same text in every run, and leaves a still behind."""

    alt: str

    def _ipython_display_(self) -> None:
        from IPython.display import publish_display_data

        publish_display_data(self._repr_mimebundle_())
        publish_display_data({"text/html": again(self)})

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {self.alt}"


class Panel(Described, ipywidgets.VBox):
    """Widgets one above the other, with all they need to look and sound right.

    >>> Panel([slider("token", 0, 0, 9)], alt="A slider for the token")
    Panel: A slider for the token
    """

    def __init__(self, children: Sequence[ipywidgets.Widget], *, alt: str):
        self.alt = check_alt(alt)
        super().__init__([shared(), *children])


def slider(
    label: str,
    value: float | int,
    low: float | int,
    high: float | int,
    *,
    step: float | int | None = None,
    help: str = "",
    width: str = "420px",
) -> ipywidgets.FloatSlider | ipywidgets.IntSlider:
    """A slider that moves while it is dragged, with its label in full; whole numbers stay whole.

    Keys: the arrows move by a step, Page Up and Page Down by more, Home and End to the ends.

    >>> slider("forgetting", 0.02, 0, 0.3).step
    0.003
    """
    if not low <= value <= high or low == high:
        raise ValueError(f"value={value} is outside the slider's range from {low} to {high}")
    whole = all(isinstance(number, int) for number in (value, low, high, step or 1))
    kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
    step = step or (1 if whole else float(f"{(high - low) / 100:.1g}"))
    digits = {} if whole else {"readout_format": f".{max(0, -int(np.floor(np.log10(step))))}f"}
    return kind(
        value=value, min=low, max=high, step=step, description=label, continuous_update=True,
        tooltip=help or label, style={"description_width": "initial"},
        layout=ipywidgets.Layout(width=width), **digits,
    )  # fmt: skip


def menu(label: str, options: Sequence[str | int], value: str | int) -> ipywidgets.Dropdown:
    """A drop-down list with its label in full.

    >>> menu("chunk b", [8, 16, 32], 16).value
    16
    """
    if value not in options:
        raise ValueError(f"value={value!r} is not one of the menu's options, {list(options)}")
    style, layout = {"description_width": "initial"}, ipywidgets.Layout(width="max-content")
    return ipywidgets.Dropdown(
        options=list(options), value=value, description=label, style=style, layout=layout
    )


def choice(label: str, options: Sequence[tuple[str, Any]], help: str) -> ipywidgets.Dropdown:
    """A drop-down list of (words, value), of one width with its neighbours; `offer` changes it."""
    return ipywidgets.Dropdown(
        options=options, description=label, tooltip=help,
        style={"description_width": "initial"}, layout=ipywidgets.Layout(width="210px"),
    )  # fmt: skip


def offer(menu: ipywidgets.Dropdown, options: Sequence[tuple[str, Any]]) -> None:
    """Other options for a menu. What was chosen stays if it is among them; else it is the first.

    >>> views = choice("show", [("the memory", "weights")], "What is shown")
    >>> offer(views, [("nothing", None), ("the memory", "weights")])
    >>> views.value
    'weights'
    """
    if menu.options != tuple(options):
        chosen, values = menu.value, [value for _, value in options]
        menu.options = tuple(options)
        menu.value = chosen if chosen in values else next(iter(values), None)


def button(words: str, help: str) -> ipywidgets.Button:
    """A button with a word on it, and a sentence for whoever rests on it."""
    return ipywidgets.Button(
        description=words, tooltip=help, layout=ipywidgets.Layout(width="92px", height="30px")
    )
