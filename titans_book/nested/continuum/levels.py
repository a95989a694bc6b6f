"""How levels answer together, and the level that comes with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from numbers import Integral

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from titans_book.check import choose, flag, whole
from titans_book.nested.continuum.state import Weights

KINDS = ("chain", "headwise", "nested", "sequential")
Call = Callable[[Tensor], Tensor]
Answers = tuple[Tensor, tuple[Tensor, ...]]  # of all levels together, and what each of them says


class Perceptron(nn.Module):
    """x + W_1 gelu(W_2 x), Nested Learning eq. 89, or without x.

    dim        width of what comes in and goes out; hidden: in between, 4 dim unless told.
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


class Levels(nn.Module):
    """Modules that answer together: one after the other (70), or side by side (74).

    What a level says is what it adds: its answer, times its share of the sum; in a chain its answer
    minus its input, if they have one shape.
    """

    def __init__(
        self, levels: int | Iterable[nn.Module], size: int, kind: str, aggregate: str
    ) -> None:
        super().__init__()
        choose("kind", kind, KINDS)
        choose("aggregate", aggregate, ("sum", "mean", "learned"))
        if isinstance(levels, Integral):
            levels = [Perceptron(levels, residual=kind != "headwise") for _ in range(size)]
        levels = list(levels)
        for level in levels:
            if not isinstance(level, nn.Module):
                raise TypeError(f"levels must be modules or one whole number, got {level!r}")
        if len(levels) != size:
            raise ValueError(f"periods must be {len(levels)} numbers, one a level, got {size}")
        self.levels = nn.ModuleList(levels)
        self.kind, self.aggregate = kind, aggregate
        learned = kind == "headwise" and aggregate == "learned"
        self.shares = nn.Parameter(torch.ones(size)) if learned else None

    def reset_parameters(self) -> None:
        """Draw all starts afresh, whatever they were."""
        for level in self.levels:
            _reset(level)
        if self.shares is not None:
            nn.init.ones_(self.shares)

    def forward(self, x: Tensor) -> Tensor:
        """The answer of the levels as they stand; nothing is learned."""
        if self.kind == "headwise":
            return self.answer(self.levels, x)[0]
        for level in self.levels:
            x = level(x)
        return x

    def answer(
        self, calls: Iterable[Call], x: Tensor, which: Sequence[int] | None = None
    ) -> Answers:
        """What the levels answer, or some of them, with the rest left out."""
        calls = list(calls)
        which = range(len(calls)) if which is None else which
        if self.kind != "headwise":
            return _chained([calls[n] for n in which], x)
        says = [self._share(n, calls[n](x)) for n in which]
        total = says[0]
        for said in says[1:]:
            total = total + said
        return total, tuple(says)

    def _share(self, n: int, y: Tensor) -> Tensor:
        if self.shares is not None:
            return self.shares[n].to(y.dtype) * y
        return y / len(self.levels) if self.aggregate == "mean" else y

    def calls(self, weights: Sequence[Weights]) -> list[Call]:
        """The levels with these weights, each its own where there are none."""
        return [self.call(n, own) for n, own in enumerate(weights)]

    def call(self, n: int, own: Weights) -> Call:
        """A level with these weights."""
        level = self.levels[n]
        if own:
            return lambda h: functional_call(level, own, (h,))
        dtypes = {p.dtype for p in level.parameters()} or {None}
        return lambda h: level(h.to(next(iter(dtypes)) or h.dtype)).to(h.dtype)


def _chained(calls: Sequence[Call], x: Tensor) -> Answers:
    says = []
    for call in calls:
        y = call(x)
        says.append(y - x if y.shape == x.shape else y)
        x = y
    return x, tuple(says)


def _reset(module: nn.Module) -> None:
    """Draw all weights of a module afresh, in its own way or in that of its parts."""
    if callable(own := getattr(module, "reset_parameters", None)):
        own()
        return
    for part in module.children():
        _reset(part)
