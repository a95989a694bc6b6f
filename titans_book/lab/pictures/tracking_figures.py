"""How far state tracking carries, from a recorded measurement: accuracy by length, every seed.

A record (notebooks/records/tracking_cpu.json) is a mapping with

    device, versions, command, settings    what was measured, and how to measure it again
    lengths    where the answers were looked at
    tasks      task -> contestant -> seed -> accuracy at each of the lengths, and more

Nothing is trained here. Taught in chapter 12.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import mean
from textwrap import fill
from typing import Any

from titans_book.lab.pictures import style
from titans_book.lab.pictures.picture import Picture, picture

__all__ = ["GUESS", "tracking", "tracking_told"]

GUESS = {"parity": 1 / 2, "s3": 1 / 6, "aa": 1 / 2, "abab": 3 / 4}  # the most frequent answer
COLUMNS, DASHES, MARKERS = 3, ("-", "--", ":"), ("o", "s", "^")
Curves = dict[str, list[list[float]]]


def _curves(record: Mapping[str, Any], task: str) -> Curves:
    """contestant -> a list of accuracies for each seed. ValueError names what is missing."""
    tasks = record.get("tasks", {})
    if task not in tasks:
        raise ValueError(f"task must be one of the record's, {sorted(tasks)}, got {task!r}")
    found = {
        name: [cells[seed]["accuracy"] for seed in sorted(cells)]
        for name, cells in tasks[task].items()
    }
    long = len(record["lengths"])
    for name, runs in found.items():
        if not runs or any(len(run) != long for run in runs):
            raise ValueError(f"{name!r} must have {long} accuracies for every seed of {task!r}")
    return found


def tracking_told(record: Mapping[str, Any], task: str) -> str:
    """The picture in words: for every contestant the mean over seeds at each length."""
    lengths = ", ".join(map(str, record["lengths"]))
    told = (
        f"{name}: {', '.join(f'{mean(at):.2f}' for at in zip(*runs, strict=True))}"
        for name, runs in _curves(record, task).items()
    )
    return (
        f"A panel for each memory: the accuracy on {task} by length, a line for each seed. "
        f"Means at {lengths} tokens: {'; '.join(told)}."
    )


def tracking(
    record: Mapping[str, Any],
    task: str,
    *,
    alt: str | None = None,
    dark: bool | None = None,
    width: float | int = 7.4,
) -> Picture:
    """A panel for each contestant, named above it, with a line for each seed over the length.

    The number at the end is the mean of the seeds at the longest length. The band on the left ends
    at the longest text of the training; the thin level is what the most frequent answer gets.
    Raises ValueError if the record has no such task, or a contestant without seeds.
    """
    curves, lengths = _curves(record, task), record["lengths"]
    rows = -(-len(curves) // COLUMNS)
    alt = tracking_told(record, task) if alt is None else alt
    with picture(alt, width, 0.6 + 1.35 * rows, dark) as figure:
        panels = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False)
        for axes, (name, runs) in zip(panels.flat, curves.items(), strict=False):
            _panel(axes, lengths, runs, dark)
            words = fill(name.replace(" ≤ ", "\u00a0≤\u00a0"), 26)  # no line ends at the sign
            axes.set_title(words, fontsize=8.5, loc="left")
            longest = record["settings"]["trained_at"][1]
            axes.axvspan(lengths[0] * 0.8, longest, **_faint(dark, alpha=0.18, lw=0))
            axes.axhline(GUESS.get(task, 0), **_faint(dark, lw=0.9, ls="-"))
        for axes in panels.flat[len(curves) :]:
            axes.set_visible(False)
        for axes in panels.flat[max(0, len(curves) - COLUMNS) : len(curves)]:
            axes.tick_params(labelbottom=True)
        first = panels.flat[0]
        first.annotate("a guess", (lengths[-1] * 2, GUESS.get(task, 0)), (0, -6), **_small("right"))
        first.annotate("trained", (lengths[0] * 0.85, 0), (0, 6), **_small("left"))
        figure.supxlabel("tokens read", fontsize=9)
        figure.supylabel("right answers", fontsize=9)
    return figure


def _panel(axes: Any, lengths: list[int], runs: list[list[float]], dark: bool | None) -> None:
    colour = style.colour("fast", dark)
    for n, run in enumerate(runs):
        look = {"ls": DASHES[n % len(DASHES)], "marker": MARKERS[n % len(MARKERS)]}
        axes.plot(lengths, run, color=colour, lw=1.3, markersize=3.5, **look)
    axes.set_xscale("log", base=2)
    axes.set_xlim(lengths[0] * 0.8, lengths[-1] * 2.1)
    axes.set_ylim(0, 1.06)
    axes.set_xticks(lengths, [f"{length:,}" for length in lengths], fontsize=8)
    axes.set_xticks([], minor=True)
    end = mean(run[-1] for run in runs)
    axes.annotate(f"{end:.2f}", (lengths[-1], end), (5, 0), **_small("left"))


def _faint(dark: bool | None, **look: Any) -> dict[str, Any]:
    return {"color": style.colour("persistent", dark), "zorder": 0, **look}


def _small(side: str) -> dict[str, Any]:
    return {"fontsize": 8, "ha": side, "va": "center", "textcoords": "offset points"}
