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

from collections.abc import Iterable
from dataclasses import replace

import torch
from torch import Tensor

from titans_book.check import flag
from titans_book.nested.continuum.clocks import pieces
from titans_book.nested.continuum.gradients import works_in_inference_mode
from titans_book.nested.continuum.learning import LearningLevels
from titans_book.nested.continuum.liveness import Liveness, liveness
from titans_book.nested.continuum.state import ContinuumState
from titans_book.nested.continuum.steps import fresh, shapes
from titans_book.values import finite


class ContinuumMemory(LearningLevels):
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

    last: list[int] | None = None  # counts at the end of the last read

    @works_in_inference_mode
    def read(
        self,
        x: Tensor,
        target: Tensor,
        state: ContinuumState | None = None,
        *,
        freeze: Iterable[int] = (),
        create_graph: bool | None = None,
        trace: list[tuple[Tensor, ...]] | None = None,
    ) -> tuple[Tensor, ContinuumState]:
        """Serve a stream, (batch, time, dim), and learn from it; one call equals any split.

        target        what the answers are to be, (batch, time, ...) as the loss takes it.
        state         where an earlier call stopped; every row of the batch has weights of its own.
        freeze        periods of levels that stand still in this call, windows and all.
        create_graph  whether outer gradients go through the gradients of the steps (exact) or take
                      them as constants (first-order). None: exact only if kind is "sequential".
        trace         a list to which what each level says is added, piece by piece.

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
            if trace is not None:
                trace.append(tuple(said.detach() for said in says))
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
    like = state.wanted
    comparable = target.is_floating_point() and all(said.shape == target.shape for said in says)
    said = torch.stack([one.flatten(1).square().sum(1) for one in says], 1).to(like)
    agreed, wanted = like.new_zeros(1, 1), like.new_zeros(1)
    if comparable:
        agreed = (torch.stack(says, 1) * target[:, None]).flatten(2).sum(2).to(like)
        wanted = target.flatten(1).square().sum(1).to(like)
    return ContinuumState(
        state.levels,
        state.said + said,
        state.agreed + agreed,
        state.wanted + wanted,
        state.position + target.shape[1],
    )
