"""What is left of a widget when its kernel is gone: a still, with words.

A widget lives in its kernel. After the notebook was saved, closed and opened again, JupyterLab can
only say "Error displaying widget"; a web page made of the notebook has not even that. So a second
output follows every widget: what it shows at first, and that the cell can be run again. JupyterLab
hides it as long as the widget before it lives, and hides the error afterwards (still.css).
"""

from __future__ import annotations

from base64 import b64encode
from html import escape
from typing import Any

import ipywidgets

from titans_book.lab.pictures import style

__all__ = ["END", "again", "folded", "still"]

END = "<!-- end of still -->"  # sanitize.cfg looks for it: a curve may differ by a pixel
AGAIN = "This is a still. Run this cell again (Shift + Enter) to use it."


def still(widget: Any) -> str:
    """A widget and all that is in it as HTML that needs no kernel.

    >>> still(ipywidgets.HBox([ipywidgets.HTML("<b>M</b>"), ipywidgets.Button(description="Go")]))
    '<div style="display:flex;..."><div><b>M</b></div><button disabled>Go</button></div>'
    """
    if isinstance(widget, ipywidgets.Widget) and _hidden(widget):
        return ""
    if hasattr(widget, "still"):
        return widget.still()
    if isinstance(widget, ipywidgets.Image):
        return _image(widget)
    if isinstance(widget, ipywidgets.HTML):
        return _html(widget)
    if isinstance(widget, (ipywidgets.Button, ipywidgets.ToggleButton)):
        return f"<button disabled>{escape(widget.description)}</button>"
    if isinstance(widget, ipywidgets.Box):
        across = isinstance(widget, ipywidgets.HBox) or "row" in (widget.layout.flex_flow or "")
        inside = "".join(map(still, widget.children))
        look = "display:flex;flex-wrap:wrap;gap:.3em 1em;align-items:center" if across else ""
        return f'<div style="{look}">{inside}</div>' if look else f"<div>{inside}</div>"
    if hasattr(widget, "value") and getattr(widget, "description", ""):
        return f"<div>{escape(widget.description)}: {escape(_value(widget))}</div>"
    return ""


def _hidden(widget: ipywidgets.Widget) -> bool:
    layout = getattr(widget, "layout", None)
    return getattr(layout, "display", None) == "none" or layout is None


def _value(widget: Any) -> str:
    """What a slider or a menu stands at, in words."""
    return str(getattr(widget, "label", None) or widget.value)


def _html(widget: ipywidgets.HTML) -> str:
    """The text of an HTML widget; what a script would have to fill is told in words."""
    if "<canvas" in widget.value or "<script" in widget.value:
        return f"<p>{escape(getattr(widget, 'alt', ''))}</p>"
    return f"<div>{widget.value}</div>" if widget.value else ""


def _image(widget: ipywidgets.Image) -> str:
    value = bytes(widget.value)
    if not value.startswith(b"data:"):
        value = b"data:image/png;base64," + b64encode(value)
    alt, width = escape(getattr(widget, "alt", "")), widget.layout.width or "auto"
    kinds = " ".join(name for name in widget._dom_classes)
    look = f"image-rendering:pixelated;width:{width};max-width:100%"
    return f'<img class="{kinds}" src="{value.decode()}" alt="{alt}" style="{look}">'


def folded(summary: str, text: str) -> str:
    """Words that open when somebody asks for them (HTML of our own)."""
    return f"<details><summary>{summary}</summary><p>{text}</p></details>"


def again(widget: Any) -> str:
    """The whole output that follows a widget."""
    words = f'<p class="titans-again"><i>{AGAIN}</i></p>'
    sheet = f"<style>{style.asset('pictures/still.css')}</style>"
    return f'<div class="titans-still-of">{sheet}{still(widget)}{words}</div>{END}'
