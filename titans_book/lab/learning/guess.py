"""What a learner guesses before seeing it: declared once, beside the chapter, by name.

    Sketch("03.after_shock", limits=(0, 6), xlabel="token", ylabel="|S|",
           alt="The size of the momentum after one shock")
    Lineup("03.which", curves=three_curves, right="fades",
           because={"fades": "...", "stays": "...", "grows": "..."}, alt="Three curves, A to C")

The cells that ask, `predict("03.after_shock", steps, size)` and `pick("03.which", steps, size)`,
say neither the answer nor why it is the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from titans_book.lab.pictures.picture import check_alt
from titans_book.lab.pictures.sheet import check_name

__all__ = ["Lineup", "Sketch"]

Limits = tuple[float | int, float | int]


def _as_given(*data: Any) -> Any:
    return data


class Sketch:
    """A curve to be sketched before it is shown (see predict.py).

    truth: a function of what the cell hands over that returns x and the true curve; without it the
    cell hands over just these. limits: the heights that are shown, at least.
    look: other keywords of `Predict`.
    """

    def __init__(
        self,
        name: str,
        *,
        alt: str,
        limits: Limits,
        truth: Callable[..., tuple[Any, Any]] = _as_given,
        **look: Any,
    ):
        self.name, self.limits, self.truth = check_name(name), limits, truth
        self.look = {"alt": check_alt(alt), **look}

    def holding(self, values: Any) -> tuple[float, float]:
        """The limits, moved apart where a curve goes beyond them: the numbers may be a learner's.

        >>> Sketch("03.size", alt="A size", limits=(0, 3)).holding([0.5, 4.0])
        (0.0, 4.4)
        """
        low, high = map(float, self.limits)
        least, most = float(np.min(np.asarray(values))), float(np.max(np.asarray(values)))
        air = 0.1 * (max(high, most) - min(low, least))
        return (low if least >= low else least - air), (high if most <= high else most + air)


class Lineup:
    """Curves of which one is what happens (see pick.py).

    curves: a function of what the cell hands over that returns x and the curves by name, in the
    order in which they are shown. right, because, look: as for `Pick`.
    """

    def __init__(
        self,
        name: str,
        *,
        curves: Callable[..., tuple[Any, Mapping[str, Any]]],
        right: str,
        because: Mapping[str, str],
        alt: str,
        **look: Any,
    ):
        if right not in because:
            raise ValueError(f"right={right!r} is not among the reasons: {', '.join(because)}")
        self.name, self.curves = check_name(name), curves
        self.right, self.because = right, dict(because)
        self.look = {"alt": check_alt(alt), **look}
