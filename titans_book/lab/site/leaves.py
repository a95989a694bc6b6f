"""A tree of widgets as HTML: boxes, places that change (leaves), and controls.

A leaf is what shows something: HTML, an image, a label. A control is what a reader moves. Sliders
become `<input type="range">`, menus and switches `<select>`; what a page without a kernel cannot
do (buttons, texts to type) is shown and cannot be pressed.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any

import ipywidgets

__all__ = ["Tree"]

SLIDERS = (ipywidgets.FloatSlider, ipywidgets.IntSlider)
CHOICES = (ipywidgets.Dropdown, ipywidgets.ToggleButtons)
SWITCHES = (ipywidgets.Checkbox, ipywidgets.ToggleButton)
LEAVES = (ipywidgets.HTML, ipywidgets.Label, ipywidgets.Image, ipywidgets.HTMLMath)
_NOT_SHOWN = re.compile(
    r'<style>.*?</style>|<script\b.*?</script>|<img alt="" src="[^"]*" onload="[^"]*">', re.S
)  # noqa: E501


class Tree:
    """A widget and all in it; `leaves` and `controls` in the order in which they are read."""

    def __init__(self, root: Any):
        self.root = root
        self.leaves: list[Any] = []
        self.controls: list[Any] = []
        self.buttons = 0
        self._walk(root)

    def _walk(self, widget: Any) -> None:
        if _hidden(widget):
            return
        if isinstance(widget, LEAVES):
            self.leaves.append(widget)
        elif isinstance(widget, (*SLIDERS, *CHOICES, *SWITCHES)) and not widget.disabled:
            self.controls.append(widget)
        self.buttons += isinstance(widget, ipywidgets.Button)
        for child in getattr(widget, "children", ()):
            self._walk(child)

    def shown(self) -> list[str]:
        """What each leaf shows now."""
        return [_leaf(leaf) for leaf in self.leaves]

    @staticmethod
    def said(control: Any, value: Any) -> str:
        """A control's value in words."""
        if isinstance(control, SWITCHES):
            return "on" if value else "off"
        if isinstance(control, CHOICES):
            return next((str(words) for words, own in control._options_full if own == value), "")
        if isinstance(control, ipywidgets.FloatSlider):
            return format(value, control.readout_format)
        return str(value)

    def html(self, live: list, first: list[int], words: list[list[str]]) -> str:
        """The whole tree; the leaves are empty places with a number, filled by the page."""
        self._live = {id(control): index for index, control in enumerate(live)}
        self._first, self._words = first, words
        return self._html(self.root)

    def _html(self, widget: Any) -> str:
        if _hidden(widget):
            return ""
        if isinstance(widget, LEAVES):
            number = next(at for at, leaf in enumerate(self.leaves) if leaf is widget)
            look = f'class="leaf{_classes(widget)}"{_style(widget)}'
            return f'<div {look} data-leaf="{number}"></div>'
        if isinstance(widget, (*SLIDERS, *CHOICES, *SWITCHES)):
            return self._control(widget)
        if hasattr(widget, "children"):
            kind = "across" if _across(widget) else "down"
            inner = "".join(map(self._html, widget.children))
            look = f'class="{kind}{_classes(widget)}"{_style(widget)}'
            return f"<div {look}>{inner}</div>" if inner else ""
        words = escape(getattr(widget, "description", "") or getattr(widget, "placeholder", ""))
        if isinstance(widget, ipywidgets.Button):
            return f'<button type="button" disabled>{words}</button>' if words.strip() else ""
        value = escape(str(getattr(widget, "value", "")))
        return f'<div class="control off"><span>{words}</span> <code>{value}</code></div>'

    def _control(self, widget: Any) -> str:
        name = escape(widget.description or widget.tooltip or "")
        index = self._live.get(id(widget))
        if index is None:
            said = escape(self.said(widget, widget.value))
            return f'<div class="control off"><span>{name}</span> <code>{said}</code></div>'
        words, first = self._words[index], self._first[index]
        if isinstance(widget, SLIDERS):
            return (
                f'<label class="control"><span>{name}</span><input type="range" min="0"'
                f' max="{len(words) - 1}" value="{first}" data-control="{index}"'
                f' aria-valuetext="{escape(words[first])}"><output>{escape(words[first])}</output>'
                "</label>"
            )
        options = "".join(
            f'<option value="{at}"{" selected" if at == first else ""}>{escape(said)}</option>'
            for at, said in enumerate(words)
        )
        return (
            f'<label class="control"><span>{name}</span>'
            f'<select data-control="{index}">{options}</select></label>'
        )


def _hidden(widget: Any) -> bool:
    return bool(
        getattr(widget, "layout", None)
        and (widget.layout.display == "none" or widget.layout.visibility == "hidden")
    )


def _across(widget: Any) -> bool:
    flow = widget.layout.flex_flow or ""
    if isinstance(widget, ipywidgets.VBox):
        return False
    return isinstance(widget, ipywidgets.HBox) or "column" not in flow


def _classes(widget: Any) -> str:
    return "".join(f" {name}" for name in widget._dom_classes)


def _style(widget: Any) -> str:
    width = widget.layout.width
    return f' style="width:{width};max-width:100%"' if width and width.endswith("px") else ""


def _leaf(widget: Any) -> str:
    value = widget.value
    if isinstance(widget, ipywidgets.Image):
        if widget.format == "url":
            address = bytes(value).decode()
            words = escape(getattr(widget, "alt", "") or widget.tooltip or "")
            return f'<img class="titans-pixels" src="{address}" alt="{words}">' if address else ""
        return ""
    if isinstance(widget, ipywidgets.Label):
        return escape(value)
    return _NOT_SHOWN.sub("", value)
