"""What an attention did, and traces by their places: the block, and the name of the part in it.

What a memory did is a MemoryTrace, of `titans_book.memory`. Taught in chapter 13.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jaxtyping import Float
from torch import Tensor

Place = tuple[int, str]


@dataclass(frozen=True)
class AttentionTrace:
    """What one attention looked at: every row of weights sums to 1 (Titans eq. 2).

    The columns are P || beside || x: `persistent` columns for the tokens of the layer, `recalled`
    columns for what a memory answered to every token (MAC, eq. 22; else 0), then the text.
    """

    weights: Float[Tensor, "heads time columns"]
    persistent: int
    recalled: int
    x: Float[Tensor, "time dim"]
    beside: Float[Tensor, "time dim"] | None
    answer: Float[Tensor, "time dim"]

    def shares(self) -> dict[str, Float[Tensor, "heads time"]]:
        """How much of every row goes to persistent tokens, to recalled columns, to the text."""
        text = self.weights.shape[-1] - self.persistent - self.recalled
        parts = self.weights.split([self.persistent, self.recalled, text], dim=-1)
        names = ("persistent", "recalled", "text")
        return {name: part.sum(-1) for name, part in zip(names, parts, strict=True)}

    def sink(self) -> Float[Tensor, " heads"]:
        """The mean share that goes where no token of the text is: to the persistent tokens.

        Without any, attention tends to park what it does not need on the first token; then the
        share is that token's, over the other rows (Xiao et al. 2023, "attention sinks").
        """
        if self.persistent:
            return self.shares()["persistent"].mean(-1)
        return self.weights[:, 1:, self.recalled].mean(-1)


class ByPlace(tuple):
    """Traces in the order of the blocks; `places` says where each is from.

    >>> found = ByPlace({(0, "fast"): "a", (0, "slow"): "b", (1, "fast"): "c"})
    >>> found[0], found.places[1], found.of(0)
    ('a', (0, 'slow'), ('a', 'b'))
    """

    places: tuple[Place, ...]

    def __new__(cls, found: Mapping[Place, Any]) -> "ByPlace":
        made = super().__new__(cls, found.values())
        made.places = tuple(found)
        return made

    def __reduce__(self) -> tuple:
        return type(self), (dict(zip(self.places, self, strict=True)),)

    def of(self, block: int) -> tuple:
        """Those of one block."""
        pairs = zip(self.places, self, strict=True)
        return tuple(trace for place, trace in pairs if place[0] == block)
