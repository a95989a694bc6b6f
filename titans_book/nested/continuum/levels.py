"""The levels that come with a continuum memory, and how levels answer together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from titans_book.check import flag, whole

Call = Callable[[Tensor], Tensor]


class Perceptron(nn.Module):
    """x + W_1 gelu(W_2 x), Nested Learning eq. 89, or without x.

    dim        width of what comes in and goes out; hidden: between, 4 dim unless told.
    residual   whether x is added.

    Raises ValueError or TypeError naming the field. Taught in chapter 12.
    """

    def __init__(self, dim: int, hidden: int | None = None, residual: bool = True) -> None:
        super().__init__()
        whole("dim", dim, least=1)
        hidden = 4 * dim if hidden is None else whole("hidden", hidden, least=1)
        flag("residual", residual)
        self.residual = residual
        self.up = nn.Linear(dim, hidden, bias=False)  # W_2
        self.down = nn.Linear(hidden, dim, bias=False)  # W_1

    def reset_parameters(self) -> None:
        """Draw all weights afresh, whatever they were."""
        self.up.reset_parameters()
        self.down.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        said = self.down(F.gelu(self.up(x)))
        return x + said if self.residual else said


def half_squared_error(y: Tensor, target: Tensor) -> Tensor:
    """1/2 |y - target|^2 of every token.

    >>> import torch
    >>> half_squared_error(torch.zeros(1, 2), torch.tensor([[3.0, 4.0]]))
    tensor([12.5000])
    """
    if y.shape != target.shape:
        raise ValueError(
            f"target must have the shape of the answer, {tuple(y.shape)} for a row, "
            f"got {tuple(target.shape)}"
        )
    return 0.5 * (y - target).square().sum(-1)


def chained(calls: Sequence[Call], x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
    """One level after the other (70): the answer, and what each has added to its input."""
    says = []
    for call in calls:
        h = call(x)
        says.append(h - x if h.shape == x.shape else h)
        x = h
    return x, tuple(says)


def side_by_side(
    calls: Sequence[Call], x: Tensor, shares: Sequence[Tensor | float | None]
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """The sum of all levels (74), each times its share: the answer, and each level's part of it."""
    answers = [call(x) for call in calls]
    says = [y if share is None else share * y for y, share in zip(answers, shares, strict=True)]
    total = says[0]
    for said in says[1:]:
        total = total + said
    return total, tuple(says)
