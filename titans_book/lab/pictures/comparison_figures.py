"""The variants side by side, drawn from the record of a comparison: every seed, mean and interval.

A record is what `titans_book.comparison.load` gives. Nothing is trained here.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from titans_book.comparison import TRIALS, interval
from titans_book.lab.pictures import style
from titans_book.lab.pictures.picture import Picture, Words, picture

__all__ = ["comparison", "comparison_curves", "comparison_table"]

LABELS = {"accuracy": "share of right answers", "bits": "bits a byte (less is better)"}
# model -> role (colour), line style, marker: memories in their colour, attention in its own
LOOKS = {
    "lmm": ("fast", "-", "o"),
    "mac": ("fast", "--", "s"),
    "mag": ("fast", "-.", "^"),
    "mal": ("fast", ":", "D"),
    "linear attention": ("fast", (0, (5, 1, 1, 1)), "v"),
    "attention": ("attention", "-", "P"),
    "window": ("attention", "--", "X"),
}
NEW = ("slow", "-", "*")  # a model that has no look of its own


def _scores(record: Mapping[str, Any], trial: str) -> dict[str, dict[int, list[float]]]:
    """model -> length -> the scores of all seeds. ValueError if the record has none."""
    found: dict[str, dict[int, list[float]]] = {}
    for row in record["rows"]:
        if row["trial"] == trial:
            lengths = found.setdefault(row["model"], {})
            for length, score in row["scores"].items():
                lengths.setdefault(length, []).append(score)
    if not found:
        known = sorted({row["trial"] for row in record["rows"]})
        raise ValueError(f"trial must be among those of the record, {known}, got {trial!r}")
    return {model: found[model] for model in dict.fromkeys((*LOOKS, *found)) if model in found}


def comparison(
    record: Mapping[str, Any],
    trial: str,
    *,
    alt: str,
    dark: bool | None = None,
    width: float | int = 7.4,
) -> Picture:
    """A panel a length: a row a model, a small mark a seed, a large one their mean.

    The bar is the 95 % interval of the mean (Student's t), cut at the edges of what a score can be.
    """
    scores = _scores(record, trial)
    lengths = sorted({length for by_length in scores.values() for length in by_length})
    kind = TRIALS[trial].score
    with picture(alt, width, 0.9 + 0.3 * len(scores), dark) as figure:
        panels = figure.subplots(1, len(lengths), sharey=True, sharex=True, squeeze=False)[0]
        for axes, length in zip(panels, lengths, strict=True):
            for row, (model, by_length) in enumerate(scores.items()):
                _row(axes, row, by_length.get(length, []), LOOKS.get(model, NEW), kind, dark)
            axes.set_title(f"read: {length:,} tokens", fontsize=9)
            axes.grid(axis="x")
        panels[0].set_yticks(range(len(scores)), scores)
        panels[0].set_ylim(len(scores) - 0.5, -0.5)
        if kind == "accuracy":
            panels[0].set_xlim(-0.04, 1.04)
        figure.supxlabel(LABELS[kind], fontsize=9)
        figure.suptitle(_caption(record, trial), x=0.01, ha="left", fontsize=9)
    return figure


def comparison_curves(
    record: Mapping[str, Any],
    trial: str,
    *,
    alt: str,
    dark: bool | None = None,
    width: float | int = 7.4,
) -> Picture:
    """The score on the way, twice: over the steps that were taken, and over the seconds they took.

    A thin line a training, a thick one a model: the mean of its seeds where all of them were looked
    at after as many steps, over the mean of the seconds spent until then.
    """
    models = _scores(record, trial)
    with picture(alt, width, 3.4, dark) as figure:
        panels = figure.subplots(1, 2, sharey=True)
        for model in models:
            role, line, marker = LOOKS.get(model, NEW)
            look = dict(color=style.colour(role, dark), linestyle=line)
            runs = [
                r["looks"] for r in record["rows"] if (r["trial"], r["model"]) == (trial, model)
            ]
            middle = _mean_looks(runs)
            for at, axes in enumerate(panels):
                for run in runs:
                    axes.plot([seen[at] for seen in run], [seen[2] for seen in run], **look,
                              linewidth=0.5, alpha=0.4)  # fmt: skip
                axes.plot([seen[at] for seen in middle], [seen[2] for seen in middle], **look,
                          marker=marker, markersize=5, linewidth=1.6, label=model)  # fmt: skip
        for axes, words in zip(panels, ("steps", "processor seconds"), strict=True):
            axes.set_xscale("log")
            axes.set_xlabel(words)
        panels[0].set_ylabel(LABELS[TRIALS[trial].score])
        panels[1].legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
        figure.suptitle(_caption(record, trial), x=0.01, ha="left", fontsize=9)
    return figure


def _mean_looks(runs: list[list[tuple[int, float, float]]]) -> list[tuple[float, ...]]:
    """(steps, seconds, score), each the mean of all runs: while all still learn, and at the end."""
    together = min(len(run) for run in runs) - 1
    rows = [*zip(*(run[:together] for run in runs), strict=True), [run[-1] for run in runs]]
    return [tuple(sum(values) / len(runs) for values in zip(*row, strict=True)) for row in rows]


def _row(axes, row: int, values: list[float], look: tuple, kind: str, dark: bool | None) -> None:
    """One model at one length."""
    if not values:
        return
    role, line, marker = look
    colour = style.colour(role, dark)
    middle, half = interval(values)
    if len(values) > 1:
        low, high = middle - half, middle + half
        if kind == "accuracy":
            low, high = max(0.0, low), min(1.0, high)
        axes.plot([low, high], [row, row], color=colour, linestyle=line, linewidth=1.6)
    axes.plot(values, [row] * len(values), "|", color=colour, markersize=9)
    axes.plot([middle], [row], marker, color=colour, markersize=6)


def _caption(record: Mapping[str, Any], trial: str) -> str:
    profile, rows = record["profile"], record["rows"]
    seeds = len({row["seed"] for row in rows if row["trial"] == trial})
    return (
        f"{trial}: learned at {profile['length']} tokens, for {profile['limit']:g} processor "
        f"seconds at most, {seeds} seed{'s' * (seeds != 1)} ({record['device']})"
    )


def comparison_table(record: Mapping[str, Any], trial: str) -> Words:
    """The same numbers: mean and half interval by length, and what each model had for them.

    That is its learning rate, the steps and seconds of its trainings, weights, bytes of the state.
    """
    scores = _scores(record, trial)
    lengths = sorted({length for by_length in scores.values() for length in by_length})
    heads = ["model", *(f"{n:,} tokens" for n in lengths)]
    heads += ["rate", "steps", "seconds", "weights", "state"]
    body = ""
    for model, by_length in scores.items():
        rows = [r for r in record["rows"] if r["trial"] == trial and r["model"] == model]
        cells = [_cell(by_length.get(n, [])) for n in lengths]
        cells += [f"{rows[0]['rate']:g}", _span([r["steps"] for r in rows])]
        cells += [_span([round(r["seconds"]) for r in rows])]
        cells += [f"{rows[0]['weights']:,}", f"{rows[0]['state_bytes']:,} bytes"]
        body += f'<tr><td style="text-align:left">{escape(model)}</td>'
        body += "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    head = "".join(f"<th>{escape(words)}</th>" for words in heads)
    html = f"<table><caption>{escape(_caption(record, trial))}</caption><tr>{head}</tr>{body}"
    return Words(html + "</table>", f"{trial}: {len(scores)} models at {len(lengths)} lengths.")


def _span(values: list[int]) -> str:
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _cell(values: list[float]) -> str:
    if not values:
        return ""
    middle, half = interval(values)
    return f"{middle:.3f}" + (f" ± {half:.3f}" if len(values) > 1 else "")
