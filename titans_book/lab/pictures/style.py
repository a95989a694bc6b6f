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
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

import matplotlib
import matplotlib.style

__all__ = ["ROLES", "Role", "asset", "colour", "context", "is_dark", "line", "signed_map", "use"]

MAGNITUDE_MAP = "viridis"


class Role(NamedTuple):
    """How one role is drawn: its colour on a light and on a dark page, its line and its marker."""

    colour: str
    dark: str
    line: str
    marker: str


ROLES: dict[str, Role] = {
    "slow": Role("#0072B2", "#2E9BD6", "-", "o"),
    "fast": Role("#D55E00", "#E8772E", "--", "s"),
    "gates": Role("#009E73", "#1DB88C", ":", "^"),
    "surprise": Role("#CC79A7", "#CC79A7", "-.", "D"),
    "attention": Role("#E69F00", "#E69F00", "-", "v"),
    "persistent": Role("#595959", "#A6A6A6", "--", "x"),
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
