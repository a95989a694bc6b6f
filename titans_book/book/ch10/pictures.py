"""The pictures of chapter 10 and what is guessed in it, by name: words, labels, answers.

The words that describe a picture are made of what is drawn, so they stay true when a learner has
changed a number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from titans_book.lab.learning.guess import Lineup
from titans_book.lab.pictures import figures
from titans_book.lab.pictures.curves import spoken
from titans_book.lab.pictures.picture import Drawing, Picture
from titans_book.lab.pictures.shades import shaded

__all__ = ["PICTURES"]

LOWEST, HIGHEST = 1e-4, 10  # of the map errors that are drawn


def _told(what: str, most: int = 7) -> Callable[[Any, Mapping[str, Any]], str]:
    """Words for curves: what they are, and then the heights of each at a few places."""

    def words(x: Any, curves: Mapping[str, Any]) -> str:
        few = np.unique(np.linspace(0, len(x) - 1, min(most, len(x))).round().astype(int))
        places = np.asarray(x, dtype=float)[few].round(2) + 0.0
        told = (
            f"{name}: {spoken(places, _short(np.asarray(y)[few]))}" for name, y in curves.items()
        )
        return f"{what} {'; '.join(told)}."

    return words


def _short(heights: np.ndarray) -> list[float]:
    """Two digits that count, of each."""
    return [float(f"{height:.2g}") + 0.0 for height in heights]


def _held(errors: Any) -> np.ndarray:
    """Map errors within the limits of the drawing; a memory that blew up is at the top."""
    values = torch.as_tensor(errors).nan_to_num(nan=HIGHEST, posinf=HIGHEST)
    return values.clamp(LOWEST, HIGHEST).numpy()


def _powers(p: Any, curves: Mapping[str, Any], *, alt: str, **look: Any) -> Picture:
    return shaded(p, {name: _held(errors) for name, errors in curves.items()}, alt=alt, **look)


def _logs(p: Any, curves: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The logarithms of the map errors, uniform noise first."""
    order = ("uniform", "outliers", "Gaussian")
    return np.asarray(p), {name: np.log10(_held(curves[name])) for name in order}


def _growth(d: Any, mixtures: Any, plain: Any) -> tuple[Any, dict[str, Any]]:
    """Three curves of tokens against inputs: as measured, halfway, and L2's."""
    mixtures, plain = np.asarray(mixtures, dtype=float), np.asarray(plain, dtype=float)
    return np.asarray(d), {"line": plain, "root": (mixtures * plain) ** 0.5, "log": mixtures}


def _memories_told(values: Any, **_: Any) -> str:
    sums = torch.as_tensor(np.asarray(values)).sum(-2)
    least = [float(f"{float(M.min()):.1f}") + 0.0 for M in torch.as_tensor(np.asarray(values))]
    return (
        "Three matrices with a row for each input and a column for each output: the truth, what L2 "
        f"has learned, and what the softmax has learned. Their smallest entries are {least}, and "
        f"their first columns add up to {[round(float(s[0]), 1) for s in sums]}."
    )


PICTURES = (
    Drawing(
        "10.errors",
        shaded,
        alt=_told("How far a memory is corrected, against how wrong it was.", most=9),
        xlabel="difference r = answer − value",
        ylabel="error",
        limits=(-4.2, 4.2),
        markers=False,
    ),
    Drawing(
        "10.powers",
        _powers,
        alt=_told("The map error at the best rate, against the power p.", most=9),
        xlabel="power p of the loss",
        ylabel="map error",
        log="y",
        limits=(4e-3, 12),
        levels={"an empty memory": 1},
    ),
    Drawing(
        "10.tokens",
        shaded,
        alt=_told(
            "The tokens until the map error is below 1 percent, against the number of inputs."
        ),
        xlabel="inputs, d",
        ylabel="tokens needed",
        log="xy",
        ticks=True,
    ),
    Drawing(
        "10.mixtures",
        figures.heatmap,
        alt=_memories_told,
        titles=("truth", "L2", "softmax"),
        limit=0.7,
        xlabel="outputs",
        ylabel="inputs",
        width=4.4,
    ),
    Lineup(
        "10.outliers",
        curves=_logs,
        right="outliers",
        because={
            "uniform": "Here large powers are the best. That is bounded noise: a difference can "
            "be large only if the memory is wrong, so large differences deserve to be heard.",
            "outliers": "From p = 1.5 on it rises steeply, up to an empty memory's error. One "
            "value in twenty is off by 10, and with a large power that one value decides.",
            "Gaussian": "This one hardly cares, with its lowest point between 2 and 3. That is "
            "Gaussian noise, for which least squares were invented.",
        },
        xlabel="power p",
        ylabel="log₁₀ of map error",
        alt="Three curves, A to C: one falls, one rises steeply, one is nearly flat",
    ),
    Lineup(
        "10.growth",
        curves=_growth,
        right="log",
        because={
            "line": "That is what L2 needs: it learns about every input separately. The softmax "
            "knows that only a few of them can matter.",
            "root": "This curve is invented: it lies halfway between the two measured ones. The "
            "softmax needs fewer tokens than that.",
            "log": "The rule multiplies weights instead of adding to them. It can rule out half of "
            "the inputs at a time, so doubling their number costs few tokens more.",
        },
        xlabel="inputs, d",
        ylabel="tokens needed",
        alt="Three curves, A to C: a steep line, a curve that bends, and one that is nearly flat",
    ),
)
