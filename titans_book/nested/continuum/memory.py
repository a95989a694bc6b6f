"""ContinuumMemory: levels of memory, each learning at its own pace (Nested Learning eqs. 70-74).

    symbol    meaning                                          identifier
    x_i       a token, (batch, time, dim)                      x
    C         tokens in a window, the period of a level        periods
    W_i       weights of a level when token i is served        state.levels[...].weights
    W_0       its start, the parameters of the module          levels
    g_i       gradient of token i's loss at W_i                window (summed)

Token i is served by W_i before its loss is known. The loss then gives every level a gradient, at
the weights that all levels have now. A level whose period divides i takes its whole window at once
and serves token i + 1 with the new weights (clocks.py).
Taught in chapter 12.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from titans_book.check import choose, flag, number, whole
from titans_book.nested.continuum.clocks import Clock, gathered, moves, pieces, updated
from titans_book.nested.continuum.levels import (
    Perceptron,
    chained,
    half_squared_error,
    side_by_side,
)
from titans_book.nested.continuum.state import ContinuumState, LevelState, Weights
from titans_book.values import finite

KINDS = ("chain", "headwise", "nested", "sequential")
Loss = Callable[[Tensor, Tensor], Tensor]


class ContinuumMemory(nn.Module):
    """Levels that answer together and learn apart: y, state = memory.read(x, target, state).

    levels    modules, one a level, each a map of every token by itself (time, dim) -> (time, dim);
              or a whole number `dim` for a Perceptron a level, residual unless kind is "headwise".
    periods   C of every level, in tokens; None for one that is frozen (all frozen: the
              feed-forward part of a transformer).
    kind      "chain": y = level_k(... level_1(x)), eq. 70.
              "headwise": y = level_1(x) + ... + level_k(x), eq. 74; see `aggregate`.
              "sequential": the chain; all starts are the outer parameters (73), so `read` lets
              outer gradients through its own steps unless told otherwise.
              "nested": the chain; a level has a start that the next slower level learns, with its
              own period C' and rate eta', and goes back to it when that level's window ends (72):
                  Phi <- Phi - eta' (g_{i-C'+1} + ... + g_i),   W <- Phi    if C' divides i
              (first-order: the gradients g are the level's own). Periods must differ, and each must
              divide the next slower one.
    rates     eta, one for all or one a level; average: of the mean over C instead of the sum.
    keep      share of W - W_0 that an update keeps, one for all or one a level; toward: "start", or
              "zero" for a share of W.
    correct   "joint": every level is corrected for the error of the whole answer. "slow first": for
              that of the answer of its own and the slower levels, the faster ones left out.
    aggregate of "headwise": "sum", "mean", or "learned", a sum with an outer weight a level.
    loss      loss(y, target) of a row, (time, ...) each, gives one number a token.

    Raises ValueError or TypeError naming the argument. Taught in chapter 12.

    >>> memory = ContinuumMemory(8, periods=(1, 4), kind="headwise")
    >>> x = torch.randn(2, 10, 8)
    >>> y, state = memory.read(x, target=x)
    >>> y.shape, memory.counts(state)
    (torch.Size([2, 10, 8]), [10, 2])
    """

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
        loss: Loss = half_squared_error,
    ) -> None:
        super().__init__()
        choose("kind", kind, KINDS)
        choose("toward", toward, ("start", "zero"))
        choose("correct", correct, ("joint", "slow first"))
        choose("aggregate", aggregate, ("sum", "mean", "learned"))
        flag("average", average)
        periods = _periods(periods)
        if isinstance(levels, int):
            residual = kind != "headwise"
            levels = [Perceptron(levels, residual=residual) for _ in periods]
        self.levels = nn.ModuleList(levels)
        if len(self.levels) != len(periods):
            raise ValueError(
                f"periods must be {len(self.levels)} numbers, one a level, got {len(periods)}"
            )
        each_rate = _numbers("rates", rates, len(periods), 0, float("inf"))
        each_keep = _numbers("keep", keep, len(periods), 0, 1)
        self.clocks = tuple(map(Clock, periods, each_rate, each_keep))
        if kind == "nested":
            _refuse_unnested(periods)
        if not callable(loss):
            raise TypeError(f"loss must be a function of the answer and the target, got {loss!r}")
        self.kind, self.toward, self.correct = kind, toward, correct
        self.aggregate, self.average, self.loss = aggregate, average, loss
        learned = kind == "headwise" and aggregate == "learned"
        self.shares = nn.Parameter(torch.ones(len(periods))) if learned else None
        self.last: list[int] | None = None

    @property
    def periods(self) -> tuple[int | None, ...]:
        """C of every level."""
        return tuple(clock.period for clock in self.clocks)

    def reset_parameters(self) -> None:
        """Draw all starts afresh, whatever they were."""
        for level in self.levels:
            _reset(level)
        if self.shares is not None:
            nn.init.ones_(self.shares)

    def forward(self, x: Tensor) -> Tensor:
        """The answer of the levels as they stand; nothing is learned."""
        return self._answer(list(self.levels), x, range(len(self.levels)))[0]

    def read(
        self,
        x: Tensor,
        target: Tensor,
        state: ContinuumState | None = None,
        *,
        freeze: Iterable[int] = (),
        create_graph: bool | None = None,
    ) -> tuple[Tensor, ContinuumState]:
        """Serve a stream, (batch, time, dim), and learn from it; one call equals any split.

        target        what the answers are to be, (batch, time, ...) as the loss takes it.
        state         where an earlier call stopped; every row of the batch has weights of its own.
        freeze        periods of levels that stand still in this call.
        create_graph  whether outer gradients go through the gradients of the steps (exact), or take
                      them as constants (first-order). None: only if kind is "sequential".

        Raises ValueError or TypeError naming the argument.
        """
        state = self._checked(x, target, state)
        exact = self.kind == "sequential" if create_graph is None else create_graph
        flag("create_graph", exact)
        active = self._active(freeze)
        full = torch.promote_types(x.dtype, torch.float32)
        lengths = pieces(state.position, x.shape[1], [self.clocks[n].period for n in active])
        answers = []
        for xs, targets in zip(x.to(full).split(lengths, 1), target.split(lengths, 1), strict=True):
            y, says, gradients = self._piece(state, active, xs, targets, exact)
            state = self._recorded(state, says, targets, xs.shape[1])
            state = self._learned(state, gradients)
            answers.append(y)
        y = torch.cat(answers, 1).to(x.dtype) if answers else self(x)
        self.last = self.counts(state)
        return y, state

    def counts(self, state: ContinuumState | None = None) -> list[int]:
        """Updates of every level so far; without a state, at the end of the last `read`."""
        if state is not None:
            return [level.updates for level in state.levels]
        if self.last is None:
            raise ValueError("state must be given: nothing has been read yet")
        return list(self.last)

    def _active(self, freeze: Iterable[int]) -> list[int]:
        frozen = {self._named(period) for period in freeze}
        still = {n for group in frozen for n in group}
        return [n for n, clock in enumerate(self.clocks) if clock.ticks and n not in still]

    def _named(self, period: int) -> tuple[int, ...]:
        """The levels of that period."""
        found = tuple(n for n, own in enumerate(self.periods) if own == period)
        if not found or period is None:
            own = ", ".join(str(p) for p in self.periods if p is not None)
            raise ValueError(f"a level is named by its period, one of {own}; got {period!r}")
        return found

    def _answer(self, calls: Sequence, x: Tensor, which: Iterable[int]) -> tuple[Tensor, Any]:
        """What these levels answer together, and what each of them says."""
        which = list(which)
        if self.kind != "headwise":
            return chained([calls[n] for n in which], x)
        if self.shares is not None:
            shares = [self.shares[n] for n in which]
        else:
            shares = [1 / len(self.levels) if self.aggregate == "mean" else None] * len(which)
        return side_by_side([calls[n] for n in which], x, shares)

    def _calls(self, weights: Sequence[Weights]) -> list[Callable[[Tensor], Tensor]]:
        """The levels with these weights."""

        def with_weights(level, own):
            return (lambda h: functional_call(level, own, (h,))) if own else level

        return [with_weights(level, own) for level, own in zip(self.levels, weights, strict=True)]

    def _row_loss(
        self, learning: dict[int, Weights], now: Sequence[Weights], x: Tensor, target: Tensor
    ) -> tuple[Tensor, tuple[Tensor, Any]]:
        """What the levels of one row are corrected for, its answer, and what each level says."""
        everything = range(len(self.levels))
        if self.correct == "joint":
            calls = self._calls([learning.get(n, now[n]) for n in everything])
            y, says = self._answer(calls, x, everything)
            return self.loss(y, target).sum(), (y, says)
        calls, total = self._calls(now), x.new_zeros(())
        for n, own in learning.items():
            mine = [*calls]
            mine[n] = lambda h, n=n, own=own: functional_call(self.levels[n], own, (h,))
            least = self.clocks[n].slowness
            slower = [m for m in everything if self.clocks[m].slowness >= least]
            total = total + self.loss(self._answer(mine, x, slower)[0], target).sum()
        return total, self._answer(calls, x, everything)

    def _piece(self, state, active, x, target, exact):
        """Answers, what the levels say, and gradients, of tokens between two updates."""
        now = [level.weights for level in state.levels]
        if not active:
            return *self._still(now, x), {}
        learning = {n: now[n] for n in active}
        per_row = vmap(grad(self._row_loss, has_aux=True), randomness="different")
        gradients, (y, says) = per_row(learning, now, x, target)
        if not exact:
            gradients = {
                n: {name: g.detach() for name, g in own.items()} for n, own in gradients.items()
            }
        return y, says, gradients

    def _still(self, now: Sequence[Weights], x: Tensor) -> tuple[Tensor, Any]:
        """Answers where nothing learns; of levels that never have, those of the plain modules."""
        everything = range(len(self.levels))
        if all(map(_untouched, self.levels, now)):
            return self._answer(list(self.levels), x, everything)
        if not any(now):
            return self._answer(self._calls(now), x, everything)
        row = vmap(lambda own, xs: self._answer(self._calls(own), xs, everything))
        return row(now, x)

    @torch.no_grad()
    def _recorded(self, state, says, target, time) -> ContinuumState:
        """The state with what `liveness` sums up, and the position after the piece."""
        comparable = target.is_floating_point()
        levels = []
        for level, said in zip(state.levels, says, strict=True):
            energy = level.energy + said.flatten(1).square().sum(1)
            agreed = level.agreed
            if comparable and said.shape == target.shape:
                agreed = agreed + (said * target).flatten(1).sum(1)
            levels.append(replace(level, energy=energy, agreed=agreed))
        wanted = state.wanted
        if comparable:
            wanted = wanted + target.flatten(1).square().sum(1).to(wanted)
        return ContinuumState(tuple(levels), wanted, state.position + time)

    def _learned(self, state: ContinuumState, gradients: dict[int, Weights]) -> ContinuumState:
        """The state with the gradients in the windows, and those applied that are full."""
        levels = list(state.levels)
        for n, own in gradients.items():
            level = replace(levels[n], window=gathered(levels[n].window, own))
            if level.start is not None:
                level = replace(level, start_window=gathered(level.start_window, own))
            if self.clocks[n].due(state.position):
                level = self._update(n, level)
            slower = self._slower(n)
            if slower is not None and self.clocks[slower].due(state.position):
                level = self._restart(slower, level)
            levels[n] = level
        return replace(state, levels=tuple(levels))

    def _update(self, n: int, level: LevelState) -> LevelState:
        origin = None if self.toward == "zero" else self._origin(n, level)
        after = updated(level.weights, level.window, origin, self.clocks[n], self.average)
        moved = level.moved + moves(level.weights, after)
        return replace(level, weights=after, window=None, moved=moved, updates=level.updates + 1)

    def _restart(self, slower: int, level: LevelState) -> LevelState:
        """The start learns what the window of the slower level holds, and is gone back to (72)."""
        clock = replace(self.clocks[slower], keep=1.0)
        start = updated(level.start, level.start_window, None, clock, self.average)
        return replace(level, weights=start, window=None, start=start, start_window=None)

    def _origin(self, n: int, level: LevelState) -> Weights:
        if level.start is not None:
            return level.start
        own = self.levels[n].named_parameters()
        return {
            name: p.to(level.weights[name].dtype).expand_as(level.weights[name]) for name, p in own
        }

    def _slower(self, n: int) -> int | None:
        """The next slower level, of "nested"; None if there is none that moves."""
        if self.kind != "nested":
            return None
        mine = self.clocks[n].slowness
        others = [m for m, clock in enumerate(self.clocks) if mine < clock.slowness < float("inf")]
        return min(others, key=lambda m: self.clocks[m].slowness, default=None)

    def _fresh(self, x: Tensor) -> ContinuumState:
        batch, levels = len(x), []
        nothing = x.new_zeros(batch, dtype=torch.promote_types(x.dtype, torch.float32))
        for n, level in enumerate(self.levels):
            weights = {}
            if self.clocks[n].period is not None:
                for name, p in level.named_parameters():
                    full = torch.promote_types(p.dtype, torch.float32)
                    weights[name] = p.to(full).expand(batch, *p.shape)
            start = weights if self._slower(n) is not None else None
            levels.append(LevelState(weights, None, nothing, nothing, nothing, start))
        return ContinuumState(tuple(levels), nothing)

    def _checked(self, x, target, state) -> ContinuumState:
        for name, given in (("x", x), ("target", target)):
            if not isinstance(given, Tensor):
                raise TypeError(f"{name} must be a torch.Tensor, got {type(given).__name__}")
        if x.dim() != 3 or not x.is_floating_point():
            raise ValueError(
                f"x must be numbers of shape (batch, time, dim), got {x.dtype} {tuple(x.shape)}"
            )
        if target.shape[:2] != x.shape[:2]:
            raise ValueError(
                f"target must begin with the batch and time of x, {tuple(x.shape[:2])}, "
                f"got shape {tuple(target.shape)}"
            )
        finite(x=x)
        if target.is_floating_point():
            finite(target=target)
        fresh = self._fresh(x)
        if state is None:
            return fresh
        if not isinstance(state, ContinuumState):
            raise TypeError(f"state must be a ContinuumState or None, got {type(state).__name__}")
        have, want = _shapes(state), _shapes(fresh)
        if have != want:
            raise ValueError(
                f"state belongs to another memory or batch: it has {have}, this call needs {want}"
            )
        return state


def _periods(periods: Sequence[int | None]) -> list[int | None]:
    if isinstance(periods, int | str) or not isinstance(periods, Iterable):
        raise TypeError(f"periods must be a sequence, one number a level, got {periods!r}")
    found = [None if p is None else whole("a period", p, least=1) for p in periods]
    if not found:
        raise ValueError("periods must hold at least one number")
    return found


def _numbers(name: str, given, size: int, low: float, high: float) -> list[float]:
    """One number a level, between low and high."""
    each = [given] * size if number(given) else list(given)
    if len(each) != size:
        raise ValueError(f"{name} must be one number or {size}, one a level, got {len(each)}")
    for one in each:
        if not (number(one) and low <= one <= high and one < float("inf")):
            allowed = f"between {low} and {high}" if high < float("inf") else f"finite and >= {low}"
            raise ValueError(f"{name} must be {allowed}, got {one!r}")
    return [float(one) for one in each]


def _refuse_unnested(periods: Sequence[int | None]) -> None:
    moving = sorted(p for p in periods if p is not None)
    for fast, slow in zip(moving, moving[1:], strict=False):
        if slow % fast or slow == fast:
            raise ValueError(
                "periods of kind='nested' must differ, and each must divide the next slower one, "
                f"got {fast} and {slow}"
            )


def _reset(module: nn.Module) -> None:
    """Draw all weights of a module afresh, in its own way or in that of its parts."""
    if callable(own := getattr(module, "reset_parameters", None)):
        own()
        return
    for part in module.children():
        _reset(part)


def _untouched(level: nn.Module, weights: Weights) -> bool:
    """Whether the weights are the module's own, in every row."""
    own = dict(level.named_parameters())
    return all(W.dtype == own[n].dtype and bool((W == own[n]).all()) for n, W in weights.items())


def _shapes(state: ContinuumState) -> list:
    """Names and shapes of all weights."""
    return [{name: tuple(W.shape) for name, W in level.weights.items()} for level in state.levels]
