"""Read twice, from a recorded measurement: what a first reading saves at the second, by distance.

A record (notebooks/records/twice_read.json) is a mapping with

    measured   distances and passage, in tokens, and how many passages
    models     by name: a mapping for each text, with
               saved             (mean, low, high) for each distance, bits a token
               bits              of first, second, another, shut, for each distance

Nothing is trained or measured here. Taught in chapter 13.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from titans_book.lab.pictures import style
from titans_book.lab.pictures.picture import Picture, Words, picture

__all__ = ["second_reading", "second_reading_table"]

DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v")


def _models(record: Mapping[str, Any], text: str) -> dict[str, Mapping[str, Any]]:
    """What was measured on this text, by model. ValueError if nothing was."""
    found = {name: entry[text] for name, entry in record["models"].items() if text in entry}
    if not found:
        raise ValueError(f"text must be one that the record has, got {text!r}")
    return found


def _looks(names: list[str], dark: bool | None) -> dict[str, dict[str, Any]]:
    """Attention in its own colour, memories in theirs; each line with a dash and a mark."""
    seen = {"attention": 0, "fast": 0}
    found = {}
    for name in names:
        role = "attention" if name.startswith(("attention", "window")) else "fast"
        which = seen[role] % len(DASHES)
        seen[role] += 1
        look = {"linestyle": DASHES[which], "marker": MARKERS[which]}
        found[name] = {"color": style.colour(role, dark), **look}
    return found


def second_reading(
    record: Mapping[str, Any],
    text: str = "plays",
    *,
    alt: str | None = None,
    dark: bool | None = None,
    width: float | int = 7.0,
) -> Picture:
    """Bits a token that the second reading saves over the same tokens after another passage.

    A line a model, over the tokens read in between; the bars hold 95 % of the bootstrapped means.
    The names stand beside the lines, in their order.
    """
    models, measured = _models(record, text), record["measured"]
    models = dict(sorted(models.items(), key=lambda item: -item[1]["saved"][-1][0]))
    looks = _looks(list(models), dark)
    with picture(alt or _told(record, text), width, 3.6, dark) as figure:
        axes = figure.subplots()
        for name, found in models.items():
            mean, low, high = zip(*found["saved"], strict=True)
            ends = [[a - b for a, b in zip(mean, low, strict=True)],
                    [b - a for a, b in zip(mean, high, strict=True)]]  # fmt: skip
            axes.errorbar(measured["distances"], mean, ends, label=name, capsize=3, **looks[name])
        axes.axhline(0, color=style.colour("persistent", dark), linewidth=0.9)
        axes.set_xscale("log", base=2)
        axes.set_xticks(measured["distances"], measured["distances"])
        axes.set(xlabel="tokens between the two readings", ylabel="bits a token saved")
        axes.grid(axis="y")
        beside = dict(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
        axes.legend(handlelength=3.5, fontsize=8, **beside)
        figure.suptitle(_caption(record, text), x=0.01, ha="left", fontsize=9)
    return figure


def _told(record: Mapping[str, Any], text: str) -> str:
    """The picture in words: what every model saves at each distance."""
    told = [
        f"{name} {', '.join(f'{mean:.1f}' for mean, *_ in found['saved'])}"
        for name, found in _models(record, text).items()
    ]
    distances = ", ".join(map(str, record["measured"]["distances"]))
    return f"Bits a word saved with {distances} words in between: {'; '.join(told)}."


def _caption(record: Mapping[str, Any], text: str) -> str:
    measured = record["measured"]
    where = {"plays": "held-out Shakespeare", "moby_dick": "Moby-Dick"}.get(text, text)
    return f"{measured['passages']} passages of {measured['passage']} words, {where}"


def second_reading_table(
    record: Mapping[str, Any], text: str = "plays", distance: int | None = None
) -> Words:
    """The four readings at one distance, the longest unless said otherwise, and what was saved.

    Raises ValueError for a text or a distance that was not measured.
    """
    models, distances = _models(record, text), list(record["measured"]["distances"])
    distance = distances[-1] if distance is None else distance
    if distance not in distances:
        raise ValueError(f"distance must be one of {distances}, got {distance!r}")
    at, names = distances.index(distance), ("first", "second", "another", "shut")
    heads = ("model", "first", "second", "after another", "gates shut", "saved")
    body = ""
    for name, found in models.items():
        bits = [found["bits"][n][at] if n in found["bits"] else None for n in names]
        mean, low, high = found["saved"][at]
        cells = ["" if x is None else f"{x:.2f}" for x in bits]
        cells.append(f"{mean:+.2f} ({low:+.2f} to {high:+.2f})")
        body += f'<tr><td style="text-align:left">{escape(name)}</td>'
        body += "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    head = "".join(f"<th>{escape(words)}</th>" for words in heads)
    caption = escape(f"{_caption(record, text)}, {distance} words between: bits a word")
    html = f"<table><caption>{caption}</caption><tr>{head}</tr>{body}</table>"
    return Words(html, f"{len(models)} models, read twice with {distance} words between.")
