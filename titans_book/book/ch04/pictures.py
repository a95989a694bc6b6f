"""The pictures of chapter 04 and what is guessed in it, by name: words, labels, answers.

The words that describe a picture are made of what is drawn, so they stay true when a learner has
changed a number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from titans_book.book.ch04.pictures_travel import (
    gates,
    gates_told,
    mixtures,
    mixtures_told,
    surprise,
    surprise_told,
    worlds,
    worlds_told,
)
from titans_book.book.ch04.worlds import Worlds
from titans_book.lab.learning.guess import Lineup
from titans_book.lab.pictures.curves import spoken
from titans_book.lab.pictures.picture import Drawing, Picture
from titans_book.lab.pictures.shades import shaded

__all__ = ["PICTURES"]


def _told(what: str, most: int = 7) -> Callable[[Any, Mapping[str, Any]], str]:
    """Words for curves: what they are, and then the heights of each at a few places."""

    def words(x: Any, curves: Mapping[str, Any]) -> str:
        few = np.unique(np.linspace(0, len(x) - 1, min(most, len(x))).round().astype(int))
        places = np.asarray(x, dtype=float)[few]
        told = (f"{name}: {spoken(places, np.asarray(y)[few])}" for name, y in curves.items())
        return f"{what} {'; '.join(told)}."

    return words


def _one_wipe(wipe: int, *, alt: str, dark: bool | None = None) -> Picture:
    """The brush as a still picture."""
    return Worlds(alt="One wipe", wipe=wipe, dark=dark).figure(alt=alt)


def _three(alphas: Any, first: Any, fourth: Any, hurried: Any) -> tuple[Any, dict[str, Any]]:
    alphas, places = np.unique(np.asarray(alphas, dtype=float), return_index=True)
    curves = {"helps": hurried, "both": fourth, "harms": first}
    return alphas, {name: np.asarray(curve)[places] for name, curve in curves.items()}


PICTURES = (
    Drawing("04.worlds", worlds, alt=worlds_told),
    Drawing("04.surprise", surprise, alt=surprise_told),
    Drawing("04.gates", gates, alt=gates_told),
    Drawing("04.mixtures", mixtures, alt=mixtures_told),
    Drawing(
        "04.u_curve",
        shaded,
        alt=_told("The recall error, against the share that is forgotten at each token.", most=9),
        xlabel="forgetting α",
        ylabel="recall error",
    ),
    Drawing(
        "04.brush",
        Worlds,
        alt="Four worlds: sliders for forgetting and token, a brush that wipes, error and memory.",
    ),
    Drawing(
        "04.one_wipe",
        _one_wipe,
        alt="Recall error over four worlds with one wipe. At every border it jumps up and then "
        "falls slowly; where the memory is wiped, it jumps to 1 only. Beside it the memory after "
        "token 190, a matrix of 16 by 16 cells.",
    ),
    Lineup(
        "04.u_curve",
        curves=_three,
        right="both",
        because={
            "harms": "This is the first world. There is nothing old to get rid of, so every share "
            "that is forgotten is a loss.",
            "helps": "This is the one in a hurry. Nearly all that she has heard belongs to worlds "
            "that are gone, so it pays to forget fast.",
            "both": "A little forgetting makes room, and much of it loses this world as well. In "
            "between there is a best rate.",
        },
        xlabel="forgetting α",
        ylabel="recall error",
        alt="Three curves of a recall error against forgetting, A to C",
    ),
)
