"""The gates of every token: how much is written, carried on and forgotten.

    symbol   meaning                                      shape               identifier
    theta    write rate, theta >= 0                       (B, H, T)           Gates.theta
    eta      momentum decay, 0 <= eta <= 1                (B, H, T)           Gates.eta
    alpha    forgetting, 0 <= alpha <= 1                  (B, H, T)           Gates.alpha

Rules of chapter 10 have more. Taught in chapters 04 and 10.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.values import extremes

if TYPE_CHECKING:
    from titans_book.memory.rule import Rule


@dataclass(frozen=True)
class Gates:
    """theta, eta and alpha of every token and head (Titans eqs. 10, 13, 14), and what few rules add.

    alpha   with channel-wise retention one number for each feature of the key, (B, H, T, d).
    delta   (B, H, T), where the objective learns its threshold (MIRAS eq. 26): above 0.
    erase   (B, H, T, d), write (B, H, T, d_v), where the rule has split=True: between 0 and 1.

    Raises ValueError for a wrong shape, or a value that is out of range or not a number. On a GPU
    the values are not looked at, because looking would wait for the device.
    """

    theta: Float[Tensor, "batch heads time"]
    eta: Float[Tensor, "batch heads time"]
    alpha: Float[Tensor, "batch heads time *features"]
    delta: Float[Tensor, "batch heads time"] | None = None
    erase: Float[Tensor, "batch heads time dim"] | None = None
    write: Float[Tensor, "batch heads time dim_v"] | None = None

    def check(
        self,
        k: Float[Tensor, "batch heads time dim"],
        v: Float[Tensor, "batch heads time dim_v"],
        rule: Rule | None = None,
    ) -> None:
        """Raise ValueError unless they fit the pairs and the rule."""
        ranges = {"theta": torch.inf, "eta": 1, "alpha": 1, "delta": torch.inf}
        ranges |= {"erase": 1, "write": 1}
        needed = ("theta", "eta", "alpha", *(() if rule is None else rule.needs))
        shapes = {"erase": tuple(k.shape), "write": tuple(v.shape)}
        if rule is not None and rule.retention.channels:
            shapes["alpha"] = tuple(k.shape)
        for name, most in ranges.items():
            gate = getattr(self, name)
            if (gate is None) == (name in needed):
                has = "must be given with" if gate is None else "has no effect with"
                raise ValueError(f"gates.{name} {has} this rule")
            if gate is None:
                continue
            want = shapes.get(name, tuple(k.shape[:3]))
            if tuple(gate.shape) != want:
                features = ", dim" * (len(want) - 3)
                raise ValueError(
                    f"gates.{name} must have the shape (batch, heads, time{features}) of k, "
                    f"{want}, got {tuple(gate.shape)}"
                )
            seen = extremes(gate)
            # written so that NaN is refused as well
            if seen and not (seen[0] >= 0 and seen[1] <= most and seen[1] < torch.inf):
                raise ValueError(
                    f"gates.{name} must be finite and between 0 and {most}, "
                    f"got values from {seen[0]:g} to {seen[1]:g}"
                )

    def given(self) -> dict[str, Tensor]:
        """The gates that there are, by name."""
        named = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: gate for name, gate in named.items() if gate is not None}

    def map(self, function: Callable[[Tensor], Tensor]) -> Gates:
        """The same function applied to every gate."""
        return Gates(**{name: function(gate) for name, gate in self.given().items()})

    def slice(self, start: int, stop: int) -> Gates:
        """The gates of the tokens from `start` up to `stop`.

        >>> ones = torch.ones(1, 1, 8)
        >>> Gates(ones, ones, ones).slice(2, 5).theta.shape
        torch.Size([1, 1, 3])
        """
        return self.map(lambda gate: gate[:, :, start:stop])
