"""The pictures of chapter 11 and what is guessed in it, by name: words, labels, answers.

The words that describe a picture are made of what is drawn, so they stay true when a learner has
changed a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from titans_book.lab.learning.guess import Lineup, Sketch
from titans_book.lab.pictures import style
from titans_book.lab.pictures.curves import spoken
from titans_book.lab.pictures.picture import Drawing, Picture, picture
from titans_book.lab.pictures.shades import shaded

__all__ = ["PICTURES"]

RANKS = (1, 2, 4, 8, 16, 32)  # of the singular values that are drawn
BAND = (0.68, 1.21)  # where Muon's polynomial keeps a singular value once it is there
KNOWN = 1 - 0.1**0.5  # the height of a bar from which on a fact is known
MOST = 1e12  # errors beyond are drawn here


def _array(values: Any) -> np.ndarray:
    return np.nan_to_num(np.asarray(values, dtype=float), nan=MOST, posinf=MOST)


def _recalled(cosines: Any) -> tuple[Any, Any]:
    """The first curve of the buffers, by age."""
    heights = np.clip(np.asarray(cosines, dtype=float), -0.3, 1)
    return np.arange(len(heights)), heights


def _by_age(curves: Mapping[str, Any], *, alt: str, **look: Any) -> Picture:
    shown = {name: np.asarray(values) for name, values in curves.items()}
    return shaded(np.arange(len(next(iter(shown.values())))), shown, alt=alt, **look)


def _by_age_told(curves: Mapping[str, Any]) -> str:
    told = []
    for name, values in curves.items():
        heights = np.asarray(values, dtype=float)
        ages = np.linspace(0, len(heights) - 1, 4).round().astype(int)
        told.append(f"{name}: {spoken(ages, (heights[ages].round(1) + 0.0))}")
    return f"The cosine of answer and error, by the age of the gradient. {'; '.join(told)}."


def _spectra(ways: Mapping[str, Any], *, alt: str, dark: bool | None = None) -> Picture:
    """A panel for each way, a curve for some of the singular values; a band from 0.68 to 1.21."""
    base = np.linspace(1.0, 0.45, len(RANKS))
    with picture(alt, 7.8, 3.4, dark) as figure:
        panels = figure.subplots(1, len(ways), sharey=True)
        for axes, (name, values) in zip(np.atleast_1d(panels), ways.items(), strict=True):
            values = np.asarray(values)
            axes.axhspan(*BAND, color=style.colour("persistent", dark), alpha=0.18, lw=0)
            axes.axhline(1, color=style.colour("persistent", dark), lw=0.8)
            for rank, shade in zip(RANKS, base, strict=True):
                if rank <= values.shape[1]:
                    curve, colour = values[:, rank - 1], style.colour("fast", dark)
                    axes.plot(curve, color=colour, alpha=shade, ls="-", marker="", lw=1.5)
                    _ranked(axes, name, rank, curve)
            axes.set(title=name, xlabel="steps", ylim=(0, 1.35))
            axes.locator_params(axis="x", integer=True)
            axes.grid(axis="y")
        np.atleast_1d(panels)[0].set_ylabel("singular values")
    return figure


def _ranked(axes: Any, name: str, rank: int, curve: np.ndarray) -> None:
    """The rank of the fact beside its curve, where the curve rises; Muon's are too close for it."""
    if name != "Muon's quintic":
        at = int(np.argmax(curve > 0.5 * curve.max()))
        look = {"textcoords": "offset points", "fontsize": 8, "va": "center"}
        words = f"fact {rank}" if rank == 1 else f"{rank}"
        axes.annotate(words, (at, curve[at]), (4, -9 if rank == 1 else -5), **look)


def _spectra_told(ways: Mapping[str, Any]) -> str:
    told = []
    for name, values in ways.items():
        values = np.asarray(values)
        five = values[min(5, len(values) - 1)]
        told.append(
            f"{name}: from {five.min():.2f} to {five.max():.2f} after five steps, "
            f"from {values[-1].min():.2f} to {values[-1].max():.2f} at the end"
        )
    return f"Singular values, step by step, in {len(ways)} panels. {'; '.join(told)}."


def _learned(errors: Mapping[str, Any], *, alt: str, dark: bool | None = None) -> Picture:
    """A panel for each optimizer, a bar for each fact: how much of it is learned."""
    with picture(alt, 7.2, 4.0, dark) as figure:
        panels = figure.subplots(2, -(-len(errors) // 2), sharex=True, sharey=True, squeeze=False)
        for axes, (name, values) in zip(panels.flat, errors.items(), strict=False):
            share = 1 - np.sqrt(np.clip(np.asarray(values, dtype=float), 0, 1))
            known = np.asarray(values) < 0.1
            ranks = np.arange(1, len(share) + 1)
            colour = style.colour("fast", dark)
            axes.bar(ranks[known], share[known], color=colour, width=0.8)
            look = {"edgecolor": colour, "facecolor": "none", "hatch": "///", "lw": 0.6}
            axes.bar(ranks[~known], share[~known], width=0.8, **look)
            axes.axhline(KNOWN, color=axes.xaxis.label.get_color(), lw=0.9, ls=":")
            axes.set(title=f"{name}: {known.sum()} of {len(known)} known", ylim=(0, 1.03))
            axes.grid(axis="y")
        for axes in panels[-1]:
            axes.set_xlabel("rank of the fact")
        for axes in panels[:, 0]:
            axes.set_ylabel("1 − |kW − v|")
    return figure


def _learned_told(errors: Mapping[str, Any]) -> str:
    told = (
        f"{name} knows {int((np.asarray(values) < 0.1).sum())}" for name, values in errors.items()
    )
    some = len(next(iter(errors.values())))
    return (
        f"A bar for each of {some} facts, the most frequent on the left, and a panel for each "
        f"optimizer; hatched bars are not yet known. {'; '.join(told)}."
    )


def _rare(errors: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The errors by rank, of Adam, Muon and SGD."""
    names = {"Adam": "adam", "Muon": "muon", "SGD": "sgd"}
    some = len(next(iter(errors.values())))
    ranks = np.arange(1, some + 1)
    return ranks, {short: _array(errors[name]).clip(0, 1.5) for name, short in names.items()}


def _runs(errors: Mapping[str, Any], *, alt: str, **look: Any) -> Picture:
    shown = {name: _array(values).clip(1e-6, MOST) for name, values in errors.items()}
    return shaded(np.arange(1, 1 + len(next(iter(shown.values())))), shown, alt=alt, **look)


def _runs_told(errors: Mapping[str, Any]) -> str:
    told = (f"{name}: {_words(_array(values)[-1])}" for name, values in errors.items())
    return f"The error of the weights in training, and what it is at the end. {'; '.join(told)}."


def _words(value: float) -> str:
    """A size that two machines agree on.

    >>> _words(0.123), _words(5e8)
    ('0.1', 'above a thousand')
    """
    return "above a thousand" if value > 1e3 else f"{value:.1f}"


PICTURES = (
    Sketch(
        "11.recall",
        alt="How much of a gradient the usual momentum still knows, by the age of the gradient",
        limits=(-0.3, 1.0),
        truth=_recalled,
        xlabel="steps ago",
        ylabel="cosine",
    ),
    Drawing(
        "11.remembered",
        _by_age,
        alt=_by_age_told,
        xlabel="steps ago",
        ylabel="cosine",
        limits=(-0.3, 1.05),
        markers=False,
    ),
    Drawing(
        "11.literal",
        _runs,
        alt=_runs_told,
        xlabel="step",
        ylabel="|w − w*|² / |w*|²",
        log="y",
        markers=False,
    ),
    Drawing("11.spectra", _spectra, alt=_spectra_told),
    Drawing("11.facts", _learned, alt=_learned_told),
    Lineup(
        "11.rare",
        curves=_rare,
        right="muon",
        because={
            "sgd": "This is SGD: it knows the most frequent facts and has hardly begun with the "
            "rare ones, whose gradients are up to 180 times smaller.",
            "adam": "This is Adam: better than SGD, but the rare facts are still missing. It "
            "divides entry by entry, and a fact is not an entry of the matrix.",
            "muon": "Muon's error is about the same for every fact, frequent or rare: it brings "
            "all singular values near 1, and here each singular value belongs to one fact.",
        },
        xlabel="rank of the fact, most frequent first",
        ylabel="|kW − v|²",
        alt="Three curves of the error of 32 facts, A to C",
    ),
)
