"""ContinuumMemory: levels of memory, each learning at its own pace (Nested Learning eqs. 70-74).

    symbol    meaning                                          identifier
    x_i       a token, (batch, time, dim)                      x
    C         tokens in a window, the period of a level        periods
    W_i       weights of a level when token i is served        state.levels[n].weights
    W_0       its start, the parameters of the module          levels
    g_i       gradient of token i's loss at W_i                state.levels[n].window (the sum)

Token i = 1, 2, ... is served by W_i before its loss is known. The loss then gives every level a
gradient, at the weights that all levels have now. A level whose period divides i takes its whole
window at once (steps.py), and token i + 1 is served by the new weights. So an update after token i
may use the target of token i, which in a text is token i + 1. Between two updates all weights stand
still, and all tokens are read in one call. Taught in chapter 12.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.func import vmap

from titans_book.check import choose, flag
from titans_book.nested.continuum.clocks import clocks_of, pieces
from titans_book.nested.continuum.levels import Answers, Levels
from titans_book.nested.continuum.liveness import Liveness, liveness
from titans_book.nested.continuum.state import ContinuumState, LevelState, Weights
from titans_book.nested.continuum.steps import (
    fresh,
    gathered,
    learnable,
    shapes,
    stepped,
    untouched,
    updated,
)
from titans_book.values import finite


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


class ContinuumMemory(Levels):
    """Levels that answer together and learn apart: y, state = memory.read(x, target, state).

    levels    modules, one a level; each maps every token by itself, whatever axes come before the
              last. Or a whole number dim for a Perceptron a level, residual unless side by side.
              All parameters learn, those that do not require gradients as well.
    periods   C of every level, by which it is named; None for one that is frozen. If all are, this
              is the feed-forward part of a transformer.
    kind      "chain": y = level_k(... level_1(x)), eq. 70.
              "headwise": y = level_1(x) + ... + level_k(x), eq. 74; see aggregate.
              "sequential": the chain; all starts are the outer parameters and never gone back to
              (73), so outer gradients go through the steps of `read` unless told otherwise.
              "nested": the chain; what a level starts from is learned by the next slower level, of
              period C' and rate eta', and gone back to when that one's window ends (72):
                  Phi <- Phi - eta' (g_{i-C'+1} + ... + g_i),   W <- Phi   if C' divides i
              with the level's own gradients g, as in first-order MAML. Only the slowest level has
              its start outside. Periods must differ, and each must divide the next slower one.
    rates     eta, one for all or one a level; average: of the mean over C in the place of the sum.
    keep      share of W - W_0 (toward "start") or of W (toward "zero") that an update keeps, one
              for all or one a level.
    correct   "joint": every level is corrected for the error of the whole answer. "slow first": for
              the error of what it and the slower levels answer, with the faster ones left out (a
              chain then goes past them, so its levels should be residual).
    aggregate of "headwise": "sum", "mean", or "learned", a sum with an outer weight a level.
    loss      loss(y, target), both (time, ...) of one row, gives one number a token.

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
        self.last: list[int] | None = None
        if kind == "nested":
            _refuse_unnested(self.periods)

    @property
    def periods(self) -> tuple[int | None, ...]:
        """C of every level."""
        return tuple(clock.period for clock in self.clocks)

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
        freeze        periods of levels that stand still in this call, windows and all.
        create_graph  whether outer gradients go through the gradients of the steps (exact) or take
                      them as constants (first-order). None: exact only if kind is "sequential".

        Where nothing can learn, as with all rates 0, the answer is that of the modules to the bit.
        Raises ValueError or TypeError naming the argument.
        """
        state = self._checked(x, target, state)
        exact = self.kind == "sequential" if create_graph is None else create_graph
        flag("create_graph", exact)
        active = self._active(freeze)
        cuts = pieces(state.position, x.shape[1], [self.clocks[n].period for n in active])
        answers = []
        for piece, wanted in zip(x.split(cuts, 1), target.split(cuts, 1), strict=True):
            now = [level.weights for level in state.levels]
            if active:
                y, says, gradients = self._learn(now, active, piece, wanted, exact)
            else:
                (y, says), gradients = self._serve(now, piece), {}
            state = self._stepped(_recorded(state, says, wanted), gradients)
            answers.append(y.to(x.dtype))
        self.last = self.counts(state)
        return torch.cat(answers, 1) if answers else self(x), state

    def counts(self, state: ContinuumState | None = None) -> list[int]:
        """Updates of every level so far; without a state, at the end of the last `read`."""
        if state is not None:
            return [level.updates for level in state.levels]
        if self.last is None:
            raise ValueError("state must be given, as nothing has been read yet")
        return list(self.last)

    def liveness(self, state: ContinuumState, since: ContinuumState | None = None) -> Liveness:
        """Which levels learn, speak and are right, from `since` or the beginning until now."""
        return liveness(self.periods, state, since)

    def wipe(self, state: ContinuumState, period: int) -> ContinuumState:
        """The state with the level of that period back at its start, and its window empty."""
        levels = list(state.levels)
        for n in self._named(period):
            weights = self._start(n, levels[n])
            levels[n] = replace(levels[n], weights=weights, window=None, start_window=None)
        return replace(state, levels=tuple(levels))

    def _named(self, period: int) -> list[int]:
        """The levels of that period."""
        found = [n for n, own in enumerate(self.periods) if own == period is not None]
        if not found:
            names = ", ".join(str(own) for own in self.periods if own is not None)
            raise ValueError(f"a level is named by its period, one of {names}; got {period!r}")
        return found

    def _active(self, freeze: Iterable[int]) -> list[int]:
        """The levels that learn; of "nested", those as well at whose end others start again."""
        still = {n for period in freeze for n in self._named(period)}
        ticking = [n for n, clock in enumerate(self.clocks) if clock.ticks]
        ticking += [m for n in ticking if (m := self._slower(n)) is not None]
        return sorted(set(ticking) - still)

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
            total, (y, says) = vmap(self._row, randomness="different")(own, now, x, target)
            gradients = torch.autograd.grad(
                total.sum(), _all(own.values()), create_graph=exact and outer, retain_graph=outer,
                materialize_grads=True,
            )  # fmt: skip
        found = iter(gradients)
        named = {n: {name: next(found) for name in weights} for n, weights in own.items()}
        return (y if outer else y.detach()), says, named

    def _row(
        self, own: dict[int, Weights], now: list[Weights], x: Tensor, target: Tensor
    ) -> tuple[Tensor, Answers]:
        """What one row is corrected for, with its answer; `own` is what gradients are asked of."""
        if self.correct == "joint":
            answers = self.answer(self.calls([own.get(n, W) for n, W in enumerate(now)]), x)
            return self.loss(answers[0], target).sum(), answers
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
                origin = None if self.toward == "zero" else self._start(n, level)
                level = updated(level, origin, self.clocks[n], self.average)
            slower = self._slower(n)
            if slower in gradients and self.clocks[slower].due(state.position):
                level = self._again(slower, level)
            levels[n] = level
        return replace(state, levels=tuple(levels))

    def _again(self, slower: int, level: LevelState) -> LevelState:
        """The start learns from the window of the slower level, and is gone back to (72)."""
        clock = replace(self.clocks[slower], keep=1.0)
        start = stepped(level.start, level.start_window, None, clock, self.average)
        return replace(level, weights=start, window=None, start=start, start_window=None)

    def _start(self, n: int, level: LevelState) -> Weights:
        """What a level begins from, for every row."""
        if level.start is not None:
            return level.start
        own = dict(self.levels[n].named_parameters())
        return {name: own[name].to(W.dtype).expand_as(W) for name, W in level.weights.items()}

    def _slower(self, n: int) -> int | None:
        """The next slower level of "nested", None for the slowest."""
        mine = self.clocks[n].slowness
        others = [m for m, c in enumerate(self.clocks) if mine < c.slowness < float("inf")]
        if self.kind != "nested" or not others:
            return None
        return min(others, key=lambda m: self.clocks[m].slowness)

    def _fresh(self, x: Tensor) -> ContinuumState:
        levels = []
        none = x.new_zeros(len(x), dtype=torch.promote_types(x.dtype, torch.float32)).detach()
        for n, (level, clock) in enumerate(zip(self.levels, self.clocks, strict=True)):
            own = {} if clock.period is None else dict(level.named_parameters())
            one = fresh(own, len(x), none)
            levels.append(one if self._slower(n) is None else replace(one, start=one.weights))
        sums = none[:, None].expand(-1, len(levels))
        return ContinuumState(tuple(levels), sums, sums, none)

    def _checked(self, x: Tensor, target: Tensor, state: ContinuumState | None) -> ContinuumState:
        for name, given in (("x", x), ("target", target)):
            if not isinstance(given, Tensor):
                raise TypeError(f"{name} must be a torch.Tensor, got {type(given).__name__}")
        if x.dim() != 3 or not x.is_floating_point():
            shape = f"{x.dtype} of shape {tuple(x.shape)}"
            raise ValueError(f"x must be numbers of shape (batch, time, dim), got {shape}")
        if target.shape[:2] != x.shape[:2]:
            raise ValueError(
                f"target must begin with the batch and time of x, {tuple(x.shape[:2])}, "
                f"got shape {tuple(target.shape)}"
            )
        finite(x=x, **({"target": target} if target.is_floating_point() else {}))
        if state is not None and not isinstance(state, ContinuumState):
            raise TypeError(f"state must be a ContinuumState or None, got {type(state).__name__}")
        begin = self._fresh(x)
        if state is not None and shapes(state.levels) != shapes(begin.levels):
            raise ValueError(
                "state belongs to another memory or batch: it has "
                f"{shapes(state.levels)}, this call needs {shapes(begin.levels)}"
            )
        return begin if state is None else state


@torch.no_grad()
def _recorded(state: ContinuumState, says: tuple[Tensor, ...], target: Tensor) -> ContinuumState:
    """The state after the tokens, with what `liveness` is made of."""

    def sums(one: Tensor, other: Tensor) -> Tensor:
        if one.shape != other.shape or not other.is_floating_point():
            return state.wanted.new_zeros(len(one))
        return (one * other).flatten(1).sum(1).to(state.wanted)

    said = torch.stack([sums(one, one) for one in says], 1)
    agreed = torch.stack([sums(one, target) for one in says], 1)
    return ContinuumState(
        state.levels,
        state.said + said,
        state.agreed + agreed,
        state.wanted + sums(target, target),
        state.position + target.shape[1],
    )


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
