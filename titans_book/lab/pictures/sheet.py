"""What quiz, prediction and map share: their style sheet, their names, and words for everybody.

A text that changes must be heard as well as seen. A screen reader announces it only if the place
was a live region before the text came, so `status` makes the place first, and fills it later.
"""

from __future__ import annotations

import re
from html import escape, unescape

import ipywidgets

from titans_book.lab.pictures import style

__all__ = ["check_name", "plain", "sheet", "status"]

_NAME = re.compile(r"\d\d\.[a-z][a-z0-9_]*")
_TAG = re.compile(r"</?[a-z]+\b[^<>]*>")

# Widgets run no scripts, but an image may say what happens once it is loaded.
_LISTEN = """
const listen = () => {
  for (const place of document.querySelectorAll('.titans-status > .widget-html-content'))
    if (!place.hasAttribute('role')) place.setAttribute('role', 'status');
};
for (const wait of [0, 200, 1000, 3000]) setTimeout(listen, wait);
"""
_DOT = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="


def check_name(name: str) -> str:
    """The name itself, or ValueError: chapter and word, such as "01.interference"."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"name={name!r} is no chapter and word, such as '01.interference'")
    return name


def plain(text: str) -> str:
    """A text without its tags, for places that know none: a repr, a tooltip.

    >>> plain("<i>M</i><sub>t</sub> holds <code>k.T @ v</code> &amp; more")
    'M_t holds k.T @ v & more'
    """
    text = text.replace("<sub>", "_").replace("<sup>", "^")
    return " ".join(unescape(_TAG.sub("", text)).split())


def sheet() -> ipywidgets.HTML:
    """The style of this folder's widgets, and the script that makes live regions of `status`."""
    listen = f'<img alt="" src="{_DOT}" onload="{escape(_LISTEN)}">'
    styles = f"<style>{style.asset('pictures/sheet.css')}</style>"
    return ipywidgets.HTML(styles + listen, layout=ipywidgets.Layout(display="none"))


def status(value: str = "") -> ipywidgets.HTML:
    """A place for text that changes; what appears in it is also spoken."""
    place = ipywidgets.HTML(value)
    place.add_class("titans-status")
    return place
