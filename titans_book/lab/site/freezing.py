"""What is left of a widget when its kernel has gone: HTML, and its answers to a few settings.

It runs in the kernel of the solved edition, after the last cell, and writes beside each widget's
output what a page without a kernel shows. A dial is turned through some positions of its controls,
and what it shows in each is kept; so it can be turned again on a page that only has a browser.
Predictions and line-ups keep their curves: the browser can do all that they do.

Nothing here is taught in a chapter.
"""

from __future__ import annotations

import json
import random
import time
from base64 import b64encode
from collections.abc import Iterable
from contextlib import contextmanager
from itertools import product
from typing import Any

import ipywidgets
import numpy as np
import torch

from titans_book.lab.learning.pick import LETTERS, Pick
from titans_book.lab.learning.predict import Predict
from titans_book.lab.pictures.controls import Described
from titans_book.lab.pictures.picture import Picture, picture
from titans_book.lab.site.leaves import Tree

__all__ = ["MOST_BYTES", "freeze"]

POSITIONS = 13  # of a slider
MOST_STATES = 52  # of a dial, all its controls together
MOST_BYTES = 160_000  # of one frozen dial
MOST_SECONDS = 12.0  # to turn one dial
POINTS = 120  # of a curve
MOST_BUTTONS = 8  # of a dial
# the site makes the first three anew; the last one trains while it is watched
NOT_TURNED = ("Quiz", "Review", "ProgressMap", "Bench")


def freeze(models: Iterable[str]) -> dict[str, dict]:
    """For the ids of displayed widgets: {"png": base64 or None, "alt": words, "frozen": ...}."""
    alive = ipywidgets.widgets.widget._instances  # every widget that has not been closed, by its id
    return {model: _frozen(alive[model]) for model in models if model in alive}


def _frozen(widget: Any) -> dict:
    """One widget. What cannot be frozen keeps its words."""
    alt = getattr(widget, "alt", "")
    kept = {"alt": alt, "png": None, "frozen": None}
    if not isinstance(widget, Described):
        return kept
    with _untouched():
        try:
            if isinstance(widget, Predict):
                return {**kept, "png": _png(_empty(widget)), "frozen": _prediction(widget)}
            if isinstance(widget, Pick):
                return {**kept, "png": _png(widget.figure(alt=alt)), "frozen": _lineup(widget)}
            shows = widget if hasattr(widget, "figure") else getattr(widget, "board", None)
            if hasattr(shows, "figure"):
                kept["png"] = _png(shows.figure(alt=alt))
            if type(widget).__name__ not in NOT_TURNED:
                kept["frozen"] = _dial(widget)
        except (ValueError, TypeError, RuntimeError, AttributeError, KeyError) as error:
            kept["why"] = f"{type(error).__name__}: {error}"
    return kept


@contextmanager
def _untouched():
    """The generators of random numbers are afterwards where they were."""
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    try:
        yield
    finally:
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])
        random.setstate(states[2])


def _png(made: Picture) -> str:
    return b64encode(made.png()).decode()


def _empty(widget: Predict) -> Picture:
    """The axes of a prediction without its curve: a still must not tell."""
    with picture(widget.alt, 6.2, 3.2, widget.dark) as figure:
        axes = figure.subplots()
        axes.set(xlim=(widget._x[0], widget._x[-1]), ylim=widget.limits, **widget.labels)
    return figure


def _numbers(values: Any, digits: int = 4) -> list[float]:
    return [float(f"{value:.{digits}g}") for value in values]


def _prediction(widget: Predict) -> dict:
    few = np.unique(np.linspace(0, len(widget._x) - 1, POINTS).round().astype(int))
    return {
        "kind": "predict", "name": widget.name, **widget.labels, "role": widget.role,
        "x": _numbers(widget._x[few]), "truth": _numbers(widget._truth[few]),
        "limits": list(widget.limits), "knots": _numbers(widget.knots),
    }  # fmt: skip


def _lineup(widget: Pick) -> dict:
    names = list(widget.curves)
    return {
        "kind": "pick", "name": widget.name, "right": names.index(widget.right),
        "because": [widget.because[name] for name in names],
        "cards": [card.children[0].value for card in widget.cards],
        "letters": list(LETTERS[: len(names)]),
    }  # fmt: skip


def _dial(widget: Any) -> dict | None:
    """The dial's HTML, and what each of its places shows in every state of its live controls."""
    tree = Tree(widget)
    if tree.buttons > MOST_BUTTONS:
        return None  # it is made of what is pressed: a still says more
    live, positions = [], []
    for control in tree.controls:
        places = _positions(control)
        if len(places) > 1 and len(places) * int(np.prod([1, *map(len, positions)])) <= MOST_STATES:
            live.append(control)
            positions.append(places)
    while True:
        frozen = _turned(tree, live, positions)
        if frozen is not None:
            return frozen
        if not live:
            return None
        if len(live) > 1:
            live, positions = live[:1], positions[:1]
        elif len(positions[0]) > 5:
            now = positions[0].index(live[0].value)  # which stays among them
            positions = [positions[0][now % 2 :: 2]]
        else:
            live, positions = [], []


def _positions(control: Any) -> list[Any]:
    """Some positions of a control, the present one among them."""
    if isinstance(control, (ipywidgets.Dropdown, ipywidgets.ToggleButtons)):
        return [value for _, value in control._options_full]
    if isinstance(control, (ipywidgets.Checkbox, ipywidgets.ToggleButton)):
        return [False, True]
    low, high, step = control.min, control.max, control.step
    count = round((high - low) / step) + 1
    few = np.linspace(0, count - 1, min(count, POSITIONS)).round().astype(int)
    places = [type(control.value)(round(low + step * int(at), 10)) for at in few]
    if control.value not in places:
        nearest = min(range(len(places)), key=lambda at: abs(places[at] - control.value))
        places[nearest] = control.value
    return places


def _turned(tree: Tree, live: list, positions: list[list]) -> dict | None:
    """Turn the controls through all their positions; None where that is too long or too large."""
    before, start = [control.value for control in live], time.monotonic()
    tables: list[dict[str, int]] = [{} for _ in tree.leaves]
    states, size = {}, 0
    try:
        for at in product(*(range(len(places)) for places in positions)):
            for control, places, index in zip(live, positions, at, strict=True):
                control.value = places[index]
            shown = tree.shown()
            for table, html in zip(tables, shown, strict=True):
                size += 0 if html in table else len(html)
                table.setdefault(html, len(table))
            states[",".join(map(str, at))] = [
                table[html] for table, html in zip(tables, shown, strict=True)
            ]
            if size > MOST_BYTES or time.monotonic() - start > MOST_SECONDS:
                return None
    finally:
        for control, value in zip(live, before, strict=True):
            control.value = value
    first = [places.index(value) for places, value in zip(positions, before, strict=True)]
    words = [[tree.said(control, value) for value in places]
             for control, places in zip(live, positions, strict=True)]  # fmt: skip
    return {
        "kind": "dial", "html": tree.html(live, first, words), "first": first, "words": words,
        "values": [list(table) for table in tables], "states": states,
    }  # fmt: skip


def freeze_to(path: str, models: Iterable[str]) -> None:
    """Write what `freeze` returns into a file, for whoever runs this kernel."""
    with open(path, "w", encoding="utf-8") as file:
        json.dump(freeze(models), file, ensure_ascii=False)
