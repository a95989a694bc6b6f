"""What the book promises, from the record of chapter 13: a second reading is cheaper.

Nothing is trained or measured here.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from titans_book.lab.pictures import style
from titans_book.lab.pictures.picture import Picture, picture
from titans_book.lab.project import ROOT

__all__ = ["MODELS", "recorded", "saved_bits"]

RECORD = ROOT / "notebooks" / "records" / "twice_read.json"
MODELS = {  # name in the record: what it is, in words, and its role
    "attention, convolution": ("attention to every word", "attention", "-"),
    "lmm": ("Titans' deep memory", "fast", "-"),
    "lmm, gated-deltanet": ("a memory of one matrix", "fast", "--"),
    "window, convolution": ("attention to 16 words", "attention", ":"),
}


@cache
def recorded() -> dict[str, Any]:
    """The record of the twice-read experiment: how it was measured, and its models."""
    return json.loads(RECORD.read_text(encoding="utf-8"))


def saved_bits(record: dict[str, Any], *, alt: str, dark: bool | None = None) -> Picture:
    """Bits a word saved at the second reading, over the words between the two readings."""
    distances = record["measured"]["distances"]
    with picture(alt, 6.8, 3.1, dark) as figure:
        axes = figure.subplots()
        for name, (words, role, dash) in MODELS.items():
            mean, low, high = zip(*record["models"][name]["plays"]["saved"], strict=True)
            ends = [[a - b for a, b in zip(mean, low, strict=True)],
                    [b - a for a, b in zip(mean, high, strict=True)]]  # fmt: skip
            colour = style.colour(role, dark)
            axes.errorbar(distances, mean, ends, color=colour, ls=dash, marker="o", capsize=3)
            near = {"textcoords": "offset points", "va": "center", "fontsize": 9}
            axes.annotate(words, (distances[-1], mean[-1]), (8, 0), color=colour, **near)
        axes.set_xscale("log", base=2)
        axes.set_xticks(distances, distances)
        axes.set_xticks([], minor=True)
        axes.set(
            xlabel="words between the two readings", ylabel="bits a word saved", ylim=(-0.5, 7.5)
        )
        axes.set_xlim(distances[0] * 0.85, distances[-1] * 4.2)
        axes.grid(axis="y")
    return figure


def told(record: dict[str, Any]) -> str:
    """The picture in words."""
    distances = ", ".join(map(str, record["measured"]["distances"]))
    lines = []
    for name, (words, *_) in MODELS.items():
        saved = record["models"][name]["plays"]["saved"]
        lines.append(f"{words} {', '.join(f'{abs(mean):.1f}' for mean, *_ in saved)}")
    return f"Bits a word saved with {distances} words in between: {'; '.join(lines)}."
