"""The look of the book: colour is role, and a role is also a line style and a marker.

    role         colour    line      what it stands for
    slow         blue      solid     weights the outer optimizer trains
    fast         vermilion dashed    the memory that changes while it reads
    gates        green     dotted    theta, eta, alpha
    surprise     purple    dash-dot  the size of a memory's error signal
    attention    orange    solid     short-term memory
    persistent   grey      dashed    tokens that never change

The six colours stay apart for every common kind of colour blindness (Okabe and Ito). No picture
relies on them alone: lines differ in style and marker, and every picture has a text in words.

The bright colours are for lines and areas. Letters wear a darker one on a light page, and the one
of a dark page there (contrast 4.5 at least); `on_the_page` puts both into a page of JupyterLab.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

import matplotlib
import matplotlib.style

__all__ = [
    "ROLES",
    "Role",
    "asset",
    "colour",
    "context",
    "is_dark",
    "letters",
    "line",
    "on_the_page",
    "signed_map",
    "use",
]

MAGNITUDE_MAP = "viridis"


class Role(NamedTuple):
    """How one role is drawn: its colour on a light and on a dark page, its line and its marker.

    text: the colour of its letters on a light page.
    """

    colour: str
    dark: str
    line: str
    marker: str
    text: str


ROLES: dict[str, Role] = {
    "slow": Role("#0072B2", "#2E9BD6", "-", "o", "#0072B2"),
    "fast": Role("#D55E00", "#E8772E", "--", "s", "#B85100"),
    "gates": Role("#009E73", "#1DB88C", ":", "^", "#007F5D"),
    "surprise": Role("#CC79A7", "#CC79A7", "-.", "D", "#9B5C7F"),
    "attention": Role("#E69F00", "#E69F00", "-", "v", "#956700"),
    "persistent": Role("#595959", "#A6A6A6", "--", "x", "#595959"),
}

_DARK = {
    "figure.facecolor": "#111111",
    "savefig.facecolor": "#111111",
    "axes.facecolor": "#111111",
    "axes.edgecolor": "#8a8a8a",
    "axes.labelcolor": "#e0e0e0",
    "axes.titlecolor": "#f0f0f0",
    "text.color": "#e0e0e0",
    "xtick.color": "#b8b8b8",
    "ytick.color": "#b8b8b8",
    "grid.color": "#333333",
    "legend.edgecolor": "#444444",
}

_page = {"dark": False}


@lru_cache(maxsize=8)
def asset(name: str) -> str:
    """The text of a file of the lab, by its path in it: a style sheet, a script."""
    return (resources.files("titans_book.lab") / name).read_text(encoding="utf-8")


def settings(dark: bool = False) -> dict:
    """The matplotlib settings of the book, for a light or a dark page."""
    path = resources.files(__package__) / "titans.mplstyle"
    light = matplotlib.rc_params_from_file(str(path), use_default_template=False)
    return {**light, **(_DARK if dark else {})}


def use(dark: bool = False) -> None:
    """Make the book's look the default of this session, for matplotlib and for the live views.

    >>> use(dark=True); is_dark()
    True
    >>> use(); is_dark()
    False
    """
    matplotlib.rcParams.update(settings(dark))
    _page["dark"] = dark


def is_dark(dark: bool | None = None) -> bool:
    """The page asked for, or the one that `use` set."""
    return _page["dark"] if dark is None else dark


def context(dark: bool | None = None) -> AbstractContextManager:
    """The book's settings for the length of a `with`; the caller's come back afterwards."""
    return matplotlib.style.context(settings(is_dark(dark)), after_reset=True)


def role(name: str) -> Role:
    """The role called `name`; ValueError names the six roles when there is none."""
    if name not in ROLES:
        raise ValueError(f"role={name!r} is not known: choose one of {', '.join(ROLES)}")
    return ROLES[name]


def colour(name: str, dark: bool | None = None) -> str:
    """The colour of a role on this page.

    >>> colour("fast", dark=False)
    '#D55E00'
    """
    return role(name).dark if is_dark(dark) else role(name).colour


def letters(name: str, dark: bool | None = None) -> str:
    """The colour of letters of a role on this page.

    >>> letters("slow", dark=False)
    '#0072B2'
    """
    return role(name).dark if is_dark(dark) else role(name).text


@lru_cache(maxsize=1)
def on_the_page() -> str:
    """Style for a page of JupyterLab: pictures and coloured letters follow it when it is dark.

    Formulas and words in Markdown carry the letters' colour of a light page in their own style.
    """
    rules = []
    for name in ROLES:
        light = letters(name, dark=False)
        red, green, blue = (int(light[i : i + 2], 16) for i in (1, 3, 5))
        places = f'[style*="{light}" i],[style*="rgb({red}, {green}, {blue})"]'
        rules.append(
            'body[data-jp-theme-light="false"] .jp-MarkdownOutput '
            f":is({places}){{color:{letters(name, dark=True)}!important}}"
        )
    return f"<style>{asset('pictures/page.css')}{''.join(rules)}</style>"


def line(name: str, dark: bool | None = None, markers: int = 0) -> dict:
    """Keywords for `axes.plot`: colour, line style and, every `markers` points, the role's marker.

    >>> line("gates", dark=False)
    {'color': '#009E73', 'linestyle': ':'}
    """
    look = {"color": colour(name, dark), "linestyle": role(name).line}
    return {**look, "marker": role(name).marker, "markevery": markers} if markers else look


def signed_map(dark: bool | None = None) -> str:
    """The colormap of signed matrices: zero is the page's own tone, light or dark."""
    return "berlin" if is_dark(dark) else "coolwarm"


def map_name(kind: str, dark: bool | None = None) -> str:
    """The colormap of a kind of numbers: "signed" (about zero) or "magnitude" (from zero up).

    >>> map_name("signed", dark=False), map_name("signed", dark=True), map_name("magnitude")
    ('coolwarm', 'berlin', 'viridis')
    """
    if kind not in ("signed", "magnitude"):
        raise ValueError(f"kind={kind!r} is not known: choose 'signed' or 'magnitude'")
    return signed_map(dark) if kind == "signed" else MAGNITUDE_MAP
