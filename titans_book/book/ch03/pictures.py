"""The pictures of chapter 03 and what is guessed in it, by name: words, labels, answers.

The words that describe a picture are made of what is drawn, so they stay true when a learner has
changed a number. Curves with momentum come first and are bright; those without are dark and dashed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from titans_book.book.ch02.own import attempted
from titans_book.book.ch02.words import told
from titans_book.book.ch03 import alarms
from titans_book.book.ch03.exercises_gate import my_gate_reference
from titans_book.book.ch03.momentum_dial import MomentumDial
from titans_book.lab.learning.guess import Sketch
from titans_book.lab.pictures import figures, style
from titans_book.lab.pictures.picture import Drawing, Picture, picture
from titans_book.lab.pictures.shades import shaded, shades

__all__ = ["PICTURES"]

BOOK, YOURS, CONSTANT = "the book's", "yours", "η = 0.75"


def _report(words: Sequence[str], surprise: Any, **look: Any) -> Picture:
    return figures.surprise_strip([f"{word} " for word in words], surprise, **look)


def _report_told(words: Sequence[str], surprise: Any) -> str:
    loud = [f"{w} {float(s):.1f}" for w, s in zip(words, surprise, strict=True) if float(s) > 0.05]
    return f"The report, shaded by surprise. These words have a shade: {', '.join(loud)}."


def _sizes(x: Any, curves: Mapping[str, Any], **look: Any) -> Picture:
    """Curves of the sizes of S and of u, each in the colour of its role."""
    roles = {name: "surprise" if "u" in name else "fast" for name in curves}
    return shaded(x, curves, role=roles, **look)


def _past(words: Sequence[str], rows: Mapping[str, Any], **look: Any) -> Picture:
    """Past surprise at two axes over the words, a panel for each momentum."""
    values = np.stack([np.asarray(one) for one in rows.values()])[:, None]
    cells = (("QUAKE", "bridge"), words)
    return figures.heatmap(values, rows=list(rows), cells=cells, **look)


def _past_told(words: Sequence[str], rows: Mapping[str, Any]) -> str:
    said = []
    for name, values in rows.items():
        quake = np.asarray(values)[0]
        red = [word for word, value in zip(words, quake, strict=True) if value > 0.1]
        said.append(f"with {name}, the row of QUAKE is above 0.1 at: {' '.join(red)}")
    return f"Past surprise over the report, a row for QUAKE and one for bridge; {'; '.join(said)}."


def _measured(gate: Callable) -> dict[str, tuple[Any, float]]:
    """For each kind of stream: the answers over the words of one text, and the error in all six."""
    errors = alarms.errors(gate)
    return {kind: (alarms.answers(gate, kind), errors[kind]) for kind in alarms.STREAMS}


def _answers(gate: Callable) -> dict[str, dict[str, tuple[Any, float]]]:
    """The same for a constant momentum, for the book's gate, and for yours, stream by stream."""
    found = {CONSTANT: _measured(lambda S, u: 0.75), BOOK: _measured(my_gate_reference)}
    if (mine := attempted(_measured, gate)) is not None:
        found[YOURS] = mine
    return {kind: {name: each[kind] for name, each in found.items()} for kind in alarms.STREAMS}


def _three_streams(gate: Callable, *, alt: str, dark: bool | None = None) -> Picture:
    with picture(alt, 7.8, 2.9, dark) as figure:
        bright, _, deep = shades(3, figure.dark)
        grey = style.colour("persistent", figure.dark)
        looks = {
            CONSTANT: {"color": grey, "ls": ":", "zorder": 1},
            BOOK: {"color": deep, "ls": "--", "zorder": 3},
            YOURS: {"color": bright, "ls": "-", "zorder": 2},
        }
        row = figure.subplots(1, len(alarms.STREAMS), sharey=True)
        for axes, (kind, curves) in zip(row, _answers(gate).items(), strict=True):
            truth = alarms.stream(kind).truth
            axes.axhline(truth, color=grey, linewidth=0.9)
            for name, (values, error) in curves.items():
                axes.plot(values, label=f"{name}: {error:.2f}", **looks[name])
            axes.set(title=kind, xlabel="word", ylim=(-2.4, 1.7))
            axes.legend(fontsize=7.5, loc="lower right", title="mean error", title_fontsize=7.5)
        row[0].set_ylabel("the answer")
        row[0].annotate("the truth", (1, alarms.FAINT), (0, 3), textcoords="offset points")
    return figure


def _plain(value: Any) -> str:
    """One digit, and no minus zero."""
    return f"{round(float(value), 1) + 0.0:.1f}"


def _streams_told(gate: Callable) -> str:
    each = []
    for kind, curves in _answers(gate).items():
        ends = ", ".join(
            f"{name} between {_plain(v.min())} and {_plain(v.max())} (error {error:.2f})"
            for name, (v, error) in curves.items()
        )
        each.append(f"{kind}: {ends}")
    what = "The answers over the words of three texts, whose truths are 1, 0 and 0"
    return f"{what}. {'; '.join(each)}."


PICTURES = (
    Drawing("03.report", _report, alt=_report_told, limit=4, across=84),
    Drawing(
        "03.sizes",
        _sizes,
        alt=told("Sizes from the shock on."),
        whole=True,
        xlabel="tokens since the shock",
        ylabel="size",
    ),
    Drawing("03.past", _past, alt=_past_told, limit=0.5, width=8),
    Drawing(
        "03.told",
        shaded,
        alt=told("The answer about the bridge after each word."),
        levels={"what was said": 1.0},
        markers=False,
        whole=True,
        xlabel="word",
        ylabel="the answer about the bridge",
    ),
    Drawing(
        "03.places",
        shaded,
        alt=told("The answer at the end, for every place of QUAKE."),
        levels={"what was said": 1.0},
        limits=(0, 1.3),
        whole=True,
        xlabel="place of QUAKE (the bridge: word 8, or 7 with QUAKE after it)",
        ylabel="the answer at the end",
    ),
    Drawing(
        "03.tuned",
        shaded,
        alt=told("The relative error over momentum, each with its best write rate."),
        limits=(0, 0.5),
        xlabel="momentum η, each with its best θ",
        ylabel="relative error",
    ),
    Drawing(
        "03.alarm",
        shaded,
        alt=told("The answer after a false alarm."),
        levels={"the truth": 0.0},
        markers=False,
        whole=True,
        xlabel="tokens since the alarm",
        ylabel="how dangerous",
    ),
    Drawing("03.streams", _three_streams, alt=_streams_told),
    Drawing("03.dial", MomentumDial, alt="A dial for momentum: the report, two traces, an answer"),
    Sketch(
        "03.after_shock",
        limits=(0, 1.4),
        role="fast",
        xlabel="tokens since the shock",
        ylabel="|S|",
        alt="The size of past surprise after one shock",
    ),
)
