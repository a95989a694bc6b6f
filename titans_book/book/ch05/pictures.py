"""The pictures of chapter 05 and what is guessed in it, by name: words, labels, answers.

The words that describe a picture are made of what is drawn, so they stay true when a learner has
changed a number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from titans_book.book.ch05.deep_dial import DeepDial
from titans_book.book.ch05.pictures_rates import edges, edges_told, rates, rates_told
from titans_book.lab.learning.guess import Lineup, Sketch
from titans_book.lab.pictures import figures
from titans_book.lab.pictures.curves import spoken
from titans_book.lab.pictures.picture import Drawing, Picture
from titans_book.lab.pictures.shades import shaded

__all__ = ["PICTURES"]

TOP = 1e9  # of an error that is drawn


def _told(what: str, most: int = 7) -> Callable[[Any, Mapping[str, Any]], str]:
    """Words for curves: what they are, and then the heights of each at a few places."""

    def words(x: Any, curves: Mapping[str, Any]) -> str:
        few = np.unique(np.linspace(0, len(x) - 1, min(most, len(x))).round().astype(int))
        places = np.asarray(x, dtype=float)[few]
        told = (f"{name}: {spoken(places, _short(_array(y)[few]))}" for name, y in curves.items())
        return f"{what} {'; '.join(told)}."

    return words


def _array(values: Any) -> np.ndarray:
    return torch.as_tensor(np.asarray(values, dtype=float)).numpy()


def _short(heights: np.ndarray) -> list[float]:
    """Two digits that count, of each; what is nearly 0 is 0."""
    return [0.0 if abs(height) < 1e-3 else float(f"{height:.2g}") for height in heights]


def _broken_off(x: Any, curves: Mapping[str, Any], *, alt: str, **look: Any) -> Picture:
    """Curves that end where a memory has broken."""
    held = {name: np.where(_array(y) < TOP, _array(y), np.nan) for name, y in curves.items()}
    return shaded(x, held, alt=alt, **look)


def _gelu(z: Any, bend: Any, slope: Any, *, alt: str, dark: bool | None = None) -> Picture:
    roles = {"gelu(z)": "fast", "its slope": "surprise"}
    look = {"xlabel": "z", "limits": (-0.5, 4), "markers": 20, "height": 2.6}
    return figures.lines(
        z, {"gelu(z)": bend, "its slope": slope}, roles=roles, alt=alt, dark=dark, **look
    )


def _dial(depth: int, hidden: int, *, alt: str, dark: bool | None = None) -> Picture:
    """The dial as a still picture."""
    dial = DeepDial(alt="Deep dial", depth=depth, hidden=hidden, theta=1.0, dark=dark)
    return dial.figure(alt=alt)


def _dial_told(depth: int, hidden: int) -> str:
    dial = DeepDial(alt="Deep dial", depth=depth, hidden=hidden, theta=1.0)
    return (
        f"Two panels for depth {depth} and {hidden} hidden units. Left, the error over the tokens "
        f"at a write rate of 1. {dial._told()} Right, the error at the end for every write rate. "
        f"{dial._edge()}"
    )


def _silent(matrix: Any, deep: Any) -> tuple[Any, dict[str, Any]]:
    """A matrix, a deep memory, and one that would be as good as new, around a silence."""
    matrix, deep = _array(matrix), _array(deep)
    early = deep[:20]
    fresh = np.concatenate([early, early, np.full(len(deep) - 40, early[-1])])
    return np.arange(1, len(deep) + 1), {"matrix": matrix, "fresh": fresh, "deep": deep}


PICTURES = (
    Drawing(
        "05.gelu",
        _gelu,
        alt="GELU is near zero for negative z, dips to −0.17, and follows the diagonal for "
        "positive z. Its slope goes from 0 to 1 and is a half at zero.",
    ),
    Drawing(
        "05.climb",
        shaded,
        alt=_told("The error over the times up and down the stairs.", most=9),
        levels={"the best matrix": 2},
        xlabel="times up and down the stairs",
        ylabel="|M(k) − v|²",
        limits=(0, 4.2),
        markers=False,
    ),
    Drawing(
        "05.held",
        shaded,
        alt=_told("The error against the number of pairs."),
        xlabel="pairs, n (d = 16)",
        ylabel="error",
        limits=(0, 1.3),
        levels={"an empty matrix": 1},
    ),
    Drawing(
        "05.two_rates",
        _broken_off,
        alt=_told("Errors at two write rates, on a logarithmic axis.", most=13),
        xlabel="token (a round is 32)",
        ylabel="error",
        log="y",
        limits=(1e-2, TOP),
        markers=False,
    ),
    Drawing(
        "05.gauge",
        _broken_off,
        alt=_told("Theta times the curvature at each token, on a logarithmic axis.", most=13),
        xlabel="token",
        ylabel="θ · curvature",
        log="y",
        levels={"2": 2},
        limits=(0.15, 99),
        markers=False,
    ),
    Drawing("05.landscape", edges, alt=edges_told),
    Drawing("05.rates", rates, alt=rates_told),
    Drawing(
        "05.dial",
        DeepDial,
        alt="Deep dial: sliders for depth, hidden units, write rate and loudness; error curves.",
    ),
    Drawing("05.dial_still", _dial, alt=_dial_told),
    Drawing(
        "05.age",
        shaded,
        alt=_told("The share of bits recalled, over the bytes read."),
        xlabel="bytes of Moby-Dick read",
        ylabel="bits recalled",
        limits=(0.4, 1.04),
        levels={"guessing": 0.5},
    ),
    Drawing("05.guards", edges, alt=edges_told, low=0.01),
    Sketch(
        "05.capacity",
        limits=(0, 1),
        role="fast",
        xlabel="pairs, n",
        ylabel="error",
        alt="The error of a deep memory against the number of pairs",
    ),
    Sketch(
        "05.cliff",
        limits=(0, 3),
        points=4,
        role="gates",
        xlabel="depth L",
        ylabel="largest θ",
        alt="The largest write rate that survives, for memories of depth 1 to 4",
    ),
    Lineup(
        "05.silence",
        curves=_silent,
        right="deep",
        because={
            "matrix": "This is the matrix. The silence has emptied it, and an empty matrix learns "
            "like a fresh one, because its surprise does not need any weights.",
            "fresh": "This would be a deep memory that the silence has made as good as new. But "
            "its beginning, M₀, was forgotten as well.",
            "deep": "The silence took both layers down to a twentieth of their size, and then they "
            "shrink further: each waits for the other to send it an error.",
        },
        xlabel="round",
        ylabel="error",
        alt="Three curves of an error over rounds with a silence after round 20, A to C",
    ),
)
