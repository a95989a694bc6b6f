"""How the mask painter looks: cells as buttons, the columns in front as HTML, and a still picture.

Every state has a sign of its own, not only a colour: a filled cell, a dot, stripes.
"""

from __future__ import annotations

import ipywidgets
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from titans_book.book.ch08.who_sees import WORDS
from titans_book.lab.pictures import style

__all__ = ["BLANK", "LEAK", "RELAY", "SEEN", "paint", "pressed", "sheet", "side", "top"]

SEEN, RELAY, LEAK = "titans-seen", "titans-relay", "titans-leak"
BLANK = "\N{NO-BREAK SPACE}"  # a button whose text becomes empty goes on showing the old one
SIGNS = {SEEN: "■", RELAY: "·", "": BLANK, f"{SEEN} {LEAK}": "!", f"{RELAY} {LEAK}": "!·"}
TELLS = {
    SEEN: "sees it",
    RELAY: "hears of it by relay",
    "": "does not see it",
    f"{SEEN} {LEAK}": "sees it, before it has come",
    f"{RELAY} {LEAK}": "hears of it, before it has come",
}
HIGH = 34  # pixels of a row: a button of 30 and its margins
_CELL = "display:inline-block;box-sizing:border-box;height:30px;margin:2px 1px;width:{}px;"


def sheet(dark: bool) -> ipywidgets.HTML:
    """The style of the cells, for a light or a dark page."""
    ink, future = style.colour("attention", dark), style.colour("surprise", dark)
    cell = ".titans-cell.jupyter-button"
    striped = f"repeating-linear-gradient(45deg,{future} 0 5px,transparent 5px 10px)"
    rules = (
        f"{cell}{{padding:0;font-size:14px;border:1px solid rgb(127 127 127/.45);"
        "background:transparent;color:var(--jp-content-font-color1,inherit)}"
        f"{cell}.{SEEN},.titans-stand.{SEEN}{{background:{ink};color:#111}}"
        f"{cell}.{RELAY}{{background:{ink}44;font-size:22px;font-weight:bold}}"
        f"{cell}.{LEAK},.titans-stand.{LEAK}{{background:{striped};border-color:{future};"
        "color:var(--jp-content-font-color1,inherit);font-weight:bold}"
        ".titans-side{line-height:0;white-space:nowrap}.titans-side span{line-height:30px;"
        "text-align:center;vertical-align:top;font-size:13px}"
        ".titans-stand{border:1px solid rgb(127 127 127/.45)}"
    )
    hidden = ipywidgets.Layout(display="none")
    return ipywidgets.HTML(f"<style>{rules}</style>", layout=hidden)


def pressed(cell: ipywidgets.Button, look: str, whom: str) -> None:
    """Give a cell its sign, its words and its look."""
    if cell.description == SIGNS[look] and cell.tooltip:
        return
    for name in (SEEN, RELAY, LEAK):
        cell.remove_class(name)
    for name in look.split():
        cell.add_class(name)
    cell.description, cell.tooltip = SIGNS[look], f"{whom}: {TELLS[look]}"


def _span(text: str, width: int, more: str = "", name: str = "") -> str:
    return f'<span class="{name}" style="{_CELL.format(width)}{more}">{text}</span>'


def top() -> str:
    """The words above the columns that are painted."""
    cells = "".join(_span(word, 48) for word in WORDS)
    return f'<div class="titans-side">{cells}</div>'


def side(persistent: int, memories: torch.Tensor | None) -> str:
    """The words before the rows, and the columns in front that nobody paints."""
    count = 0 if memories is None else len(WORDS)
    heads = [f"p{n + 1}" for n in range(persistent)] + [f"h{n}" for n in range(count)]
    rows = [_span("", 64) + "".join(_span(head, 26) for head in heads)]
    grey = "background:rgb(127 127 127/.45);"
    for i, word in enumerate(WORDS):
        cells = [_span("■", 26, grey, "titans-stand") for _ in range(persistent)]
        for j in range(count):
            look = "" if not memories[i, j] else SEEN if j <= i else LEAK
            sign = {"": "", SEEN: "■", LEAK: "!"}[look]
            cells.append(_span(sign, 26, "", f"titans-stand {look}"))
        rows.append(
            _span(f"{i} {word}", 64, "text-align:right;padding-right:6px;") + "".join(cells)
        )
    body = "".join(f"<div>{row}</div>" for row in rows)
    return f'<div class="titans-side">{body}</div>'


def _square(axes: Axes, column: int, row: int, colour: str, look: str, edge: str) -> None:
    """One cell of the still picture."""
    leak = LEAK in look
    fill = {"facecolor": colour, "alpha": 1.0} if look in (SEEN, "p") else {"facecolor": "none"}
    stripes = {"hatch": "////"} if leak else {}
    place = (column + 0.05, row + 0.05)
    axes.add_patch(Rectangle(place, 0.9, 0.9, edgecolor=edge, lw=0.6, **fill, **stripes))
    if RELAY in look:
        axes.plot(column + 0.5, row + 0.5, "o", color=colour, markersize=5)


def paint(
    axes: Axes,
    looks: list[list[str]],
    persistent: int,
    memories: torch.Tensor | None,
    dark: bool,
) -> None:
    """The same cells as a still picture."""
    names = [f"p{n + 1}" for n in range(persistent)]
    grey, future = style.colour("persistent", dark), style.colour("surprise", dark)
    blocks = [["p"] * persistent for _ in WORDS]
    if memories is not None:
        names += [f"h{n}" for n in range(len(WORDS))]
        for i, row in enumerate(memories.tolist()):
            blocks[i] += ["" if not one else SEEN if j <= i else LEAK for j, one in enumerate(row)]
    names += WORDS
    for i, row in enumerate(looks):
        for place, look in enumerate([*blocks[i], *row]):
            colour = grey if look == "p" else style.colour("attention", dark)
            _square(axes, place, i, colour, look, future if LEAK in look else grey)
    axes.set(xlim=(0, len(names)), ylim=(len(WORDS), 0), aspect="equal")
    axes.set_xticks([n + 0.5 for n in range(len(names))], names, rotation=60, fontsize=8.5)
    axes.set_yticks([n + 0.5 for n in range(len(WORDS))], WORDS, fontsize=8.5)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
