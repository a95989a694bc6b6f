"""Levels with clocks: serving the tokens between two updates, and learning from them.

`ContinuumMemory` (memory.py) cuts a stream into such pieces, and says what the options mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.func import vmap

from titans_book.check import choose, flag
from titans_book.nested.continuum.clocks import clocks_of
from titans_book.nested.continuum.gradients import learnable
from titans_book.nested.continuum.levels import Answers, Levels
from titans_book.nested.continuum.state import ContinuumState, LevelState, Weights
from titans_book.nested.continuum.steps import (
    gathered,
    started,
    stepped,
    untouched,
    updated,
)


def half_squared_error(y: Tensor, target: Tensor) -> Tensor:
    """1/2 |y - target|^2 of every token.

    >>> half_squared_error(torch.zeros(1, 2), torch.tensor([[3.0, 4.0]]))
    tensor([12.5000])
    """
    if y.shape != target.shape:
        raise ValueError(
            f"target must have the shape of the answer, (time, dim) = {tuple(y.shape)} in a row, "
            f"got {tuple(target.shape)}"
        )
    return 0.5 * (y - target).square().sum(-1)


class LearningLevels(Levels):
    """Levels that answer together and learn apart; see ContinuumMemory."""

    def __init__(
        self,
        levels: int | Iterable[nn.Module],
        periods: Sequence[int | None],
        kind: str = "chain",
        *,
        rates: float | Sequence[float] = 0.01,
        keep: float | Sequence[float] = 1.0,
        toward: str = "start",
        correct: str = "joint",
        aggregate: str = "sum",
        average: bool = False,
        loss: Callable[[Tensor, Tensor], Tensor] = half_squared_error,
    ) -> None:
        clocks = clocks_of(periods, rates, keep)
        super().__init__(levels, len(clocks), kind, aggregate)
        choose("toward", toward, ("start", "zero"))
        choose("correct", correct, ("joint", "slow first"))
        flag("average", average)
        if not callable(loss):
            raise TypeError(f"loss must be a function of answer and target, got {loss!r}")
        self.clocks, self.toward, self.correct = clocks, toward, correct
        self.average, self.loss = average, loss
        if kind == "nested":
            _refuse_unnested(self.periods)

    @property
    def periods(self) -> tuple[int | None, ...]:
        """C of every level."""
        return tuple(clock.period for clock in self.clocks)

    def _named(self, period: int) -> list[int]:
        """The levels of that period."""
        names = [own for own in self.periods if own is not None]
        found = [n for n, own in enumerate(self.periods) if own in names and own == period]
        if not found:
            raise ValueError(f"a level is named by its period, one of {names}, got {period!r}")
        return found

    def _active(self, freeze: Iterable[int]) -> list[int]:
        """The levels that learn; of "nested" all that have a period, as they learn together."""
        still = {n for period in freeze for n in self._named(period)}
        ticking = [n for n, clock in enumerate(self.clocks) if clock.ticks]
        if self.kind == "nested" and ticking:
            ticking = [n for n, clock in enumerate(self.clocks) if clock.period is not None]
        return [n for n in ticking if n not in still]

    def _learn(
        self, now: list[Weights], active: list[int], x: Tensor, target: Tensor, exact: bool
    ) -> tuple[Tensor, tuple[Tensor, ...], dict[int, Weights]]:
        """Answer tokens between two updates: the answer, what levels say, gradients of the loss.

        The rows share no weight, so the gradient of the sum of their losses is that of each.
        """
        outer = torch.is_grad_enabled() and any(
            one.requires_grad for one in (x, target, *self.parameters(), *_all(now))
        )
        x = x.to(torch.promote_types(x.dtype, torch.float32))
        with torch.enable_grad():
            own = {n: learnable(now[n]) for n in active}
            if self.correct == "joint":
                now = [own.get(n, W) for n, W in enumerate(now)]
                total, (y, says) = vmap(self._joint, randomness="different")(now, x, target)
            else:
                row = vmap(self._slow_first, randomness="different")
                total, (y, says) = row(own, now, x, target)
            gradients = torch.autograd.grad(
                total.sum(),
                _all(own.values()),
                create_graph=exact and outer,
                retain_graph=outer,
                materialize_grads=True,
            )
        found = iter(gradients)
        named = {n: {name: next(found) for name in weights} for n, weights in own.items()}
        return (y if outer else y.detach()), says, named

    def _joint(self, now: list[Weights], x: Tensor, target: Tensor) -> tuple[Tensor, Answers]:
        """The error of the whole answer, of one row, and the answer."""
        answers = self.answer(self.calls(now), x)
        return self.loss(answers[0], target).sum(), answers

    def _slow_first(
        self, own: dict[int, Weights], now: list[Weights], x: Tensor, target: Tensor
    ) -> tuple[Tensor, Answers]:
        """The errors of what each level answers with the slower ones; `own` is to be corrected."""
        calls, total = self.calls(now), 0
        for n, weights in own.items():
            mine = [*calls[:n], self.call(n, weights), *calls[n + 1 :]]
            least = self.clocks[n].slowness
            slower = [m for m, clock in enumerate(self.clocks) if clock.slowness >= least]
            total = total + self.loss(self.answer(mine, x, slower)[0], target).sum()
        return total, self.answer(calls, x)

    def _serve(self, now: list[Weights], x: Tensor) -> Answers:
        """Answer where nothing learns; if nothing ever has, as the plain modules do."""
        if all(map(untouched, self.levels, now)):
            return self.answer(self.levels, x)
        x = x.to(torch.promote_types(x.dtype, torch.float32))
        return vmap(lambda W, row: self.answer(self.calls(W), row), randomness="different")(now, x)

    def _stepped(self, state: ContinuumState, gradients: dict[int, Weights]) -> ContinuumState:
        """The state with the gradients in the windows, and those applied that are full."""
        levels = list(state.levels)
        for n, own in gradients.items():
            level = replace(levels[n], window=gathered(levels[n].window, own))
            if level.start is not None:
                level = replace(level, start_window=gathered(level.start_window, own))
            if self.clocks[n].due(state.position):
                level = self._updated(n, level)
            slower = self._slower(n)
            if slower in gradients and self.clocks[slower].due(state.position):
                level = self._again(slower, level)
            levels[n] = level
        return replace(state, levels=tuple(levels))

    def _updated(self, n: int, level: LevelState) -> LevelState:
        lets_go = self.clocks[n].keep != 1 and self.toward == "start"
        origin = self._start(n, level) if lets_go else None
        return updated(level, origin, self.clocks[n], self.average)

    def _again(self, slower: int, level: LevelState) -> LevelState:
        """The start learns from the window of the slower level, and is gone back to (72)."""
        clock = replace(self.clocks[slower], keep=1.0)
        start = stepped(level.start, level.start_window, None, clock, self.average)
        return replace(level, weights=start, window=None, start=start, start_window=None)

    def _start(self, n: int, level: LevelState) -> Weights:
        """What a level begins from, for every row."""
        if level.start is not None:
            return level.start
        return started(dict(self.levels[n].named_parameters()), len(level.moved))

    def _slower(self, n: int) -> int | None:
        """The next slower level of "nested", None for the slowest."""
        mine = self.clocks[n].slowness
        others = [m for m, c in enumerate(self.clocks) if mine < c.slowness < float("inf")]
        if self.kind != "nested" or not others:
            return None
        return min(others, key=lambda m: self.clocks[m].slowness)


def _refuse_unnested(periods: Sequence[int | None]) -> None:
    moving = sorted(p for p in periods if p is not None)
    for fast, slow in zip(moving, moving[1:], strict=False):
        if slow % fast or slow == fast:
            raise ValueError(
                "periods of kind='nested' must differ, and each must divide the next slower one, "
                f"got {fast} and {slow}"
            )


def _all(weights: Iterable[Weights]) -> list[Tensor]:
    return [W for own in weights for W in own.values()]
