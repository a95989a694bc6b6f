"""What attention hands on: the keys and values that later tokens may still see."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.state import State


@dataclass(frozen=True, repr=False)
class AttentionState(State):
    """The last `reach` keys (rotated) and values, and how many tokens have been read.

    A window or a segment keeps as many places as it can ever need, from the beginning on, so the
    size never changes; places before the first token hold zeros, which no row sees. Full attention
    keeps everything and grows. `columns` is 2 where every token has a memory column beside it.
    `tail` holds the last inputs of the convolution; None where there is none.
    """

    keys: Float[Tensor, "batch heads columns reach d"]
    values: Float[Tensor, "batch heads columns reach d"]
    position: int = 0
    tail: Float[Tensor, "batch columns taps channels"] | None = None

    @classmethod
    def fresh(cls, x: Tensor, size: tuple[int, int, int, int], taps: int) -> "AttentionState":
        """The state before the first token of x, (batch, time, dim).

        size: heads, columns, reach, d. taps: inputs that the convolution looks back at; 0 for none.
        """
        empty, tail = x.new_zeros(len(x), *size), None
        if taps:
            tail = x.new_zeros(len(x), size[1], taps, 3 * x.shape[-1])
        return cls(empty, empty, tail=tail)

    def read(
        self, k: Tensor, v: Tensor, reach: int | None, tail: Tensor | None = None
    ) -> "AttentionState":
        """The state after the tokens of k and v; everything is kept if reach is None.

        tail: what the convolution needs of them.
        """
        time = k.shape[3]

        def keep(old: Tensor, new: Tensor) -> Tensor:
            if reach is None:
                return torch.cat([old, new], dim=3)
            return torch.cat([old[:, :, :, time:], new[:, :, :, -reach:]], dim=3)

        keys, values = keep(self.keys, k), keep(self.values, v)
        return AttentionState(keys, values, self.position + time, tail)
