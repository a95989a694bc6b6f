"""Groups of parameters that learn at their own pace.

    symbol    meaning                                         identifier
    C         steps in a window, the period of a group        group["period"]
    sum g     gradients of the window so far                  windows
    f         error term of any optimizer                     inner

Taught in chapters 11 and 12.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from titans_book.check import flag, whole
from titans_book.nested.optimizers.around import Around
from titans_book.nested.optimizers.base import Closure, evaluated, tell


class ContinuumOptimizer(Around):
    """Every group is updated once in a period, with all gradients since (Nested Learning eq. 71).

        W_{i+1} = W_i - f(g_{i-C+1} + ... + g_i)   if C divides i,   else W_i       i = 1, 2, ...

    The sum has C terms; (71) prints it from i - C, which would be C + 1, one of them counted twice.
    With all periods 1 this is the inner optimizer, to the bit. Between two updates a group's inner
    state (moments, weight decay) stands still as well. The rate is the one at the update.

    inner     any torch.optim.Optimizer.
    periods   one number, or one for every group; None for the "period" in each group, 1 where it
              has none (see `build_groups`).
    average   the mean over the window in the place of its sum.

    An inner NestedController hears the loss of the step at which it updates, from a closure or from
    `observe(loss)` before the step.

    `counts()` says how often every group was updated, `flush()` updates those whose window is
    open, as at the end of a training. Open windows are in the state_dict.

    Raises ValueError for a period below 1 or a wrong number of them, TypeError for an inner that is
    no optimizer. Taught in chapters 11 and 12.
    """

    def __init__(
        self, inner: Optimizer, periods: int | Sequence[int] | None = None, *, average: bool = False
    ) -> None:
        flag("average", average)
        super().__init__(inner)
        self.average = average
        self.windows: dict[Tensor, Tensor] = {}
        groups = len(self.param_groups)
        self.seen, self.updates = [0] * groups, [0] * groups
        if periods is not None:
            each = [periods] * groups if isinstance(periods, int) else list(periods)
            if len(each) != groups:
                raise ValueError(f"periods must be {groups} numbers, one a group, got {len(each)}")
            for group, period in zip(self.param_groups, each, strict=True):
                group["period"] = period
        for group in self.param_groups:
            whole("period", group.setdefault("period", 1), least=1)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group to the inner optimizer; its window begins now."""
        whole("period", param_group.setdefault("period", 1), least=1)
        super().add_param_group(param_group)
        if hasattr(self, "seen"):  # not while this one is made
            self.seen.append(0)
            self.updates.append(0)

    def counts(self) -> list[int]:
        """Updates of every group so far."""
        return list(self.updates)

    @torch.no_grad()
    def step(self, closure: Closure | None = None) -> float | Tensor | None:
        """Take in one gradient for every group, and update those whose window is full."""
        loss = evaluated(closure)
        tell(self, loss)
        self.seen = [seen + 1 for seen in self.seen]
        due = [s >= g["period"] for s, g in zip(self.seen, self.param_groups, strict=True)]
        self._update(due, {p: p.grad for p in self._params()})
        return loss

    @torch.no_grad()
    def flush(self) -> None:
        """Update every group whose window is open, with the gradients that it holds."""
        self._update([seen > 0 for seen in self.seen], dict.fromkeys(self._params()))

    def _update(self, due: list[bool], gradients: dict[Tensor, Tensor | None]) -> None:
        """Let the inner optimizer see the sums of the groups that are due, and nothing else."""
        fresh = {p: p.grad for p in gradients}
        try:
            for index, group in enumerate(self.param_groups):
                for p in group["params"]:
                    p.grad = self._gathered(p, gradients[p], self.seen[index] if due[index] else 0)
                if due[index]:
                    self.seen[index] = 0
                    self.updates[index] += 1
            if any(due):
                self.inner.step()
        finally:
            for p, gradient in fresh.items():
                p.grad = gradient

    def _gathered(self, p: Tensor, gradient: Tensor | None, terms: int) -> Tensor | None:
        """The sum (or mean) of a window of so many terms that ends here; None while it is open."""
        total = self.windows.pop(p, None)
        if gradient is not None:
            total = gradient if total is None else total + gradient
        if terms and total is not None:
            return total / terms if self.average and terms > 1 else total
        if total is not None:
            self.windows[p] = total.clone() if total is gradient else total
        return None

    def _own(self) -> dict[str, Any]:
        windows = {i: self.windows[p] for i, p in enumerate(self._params()) if p in self.windows}
        return {"seen": list(self.seen), "updates": list(self.updates), "windows": windows}

    def _take(self, own: dict[str, Any]) -> None:
        params = self._params()
        self.seen, self.updates = list(own["seen"]), list(own["updates"])
        self.windows = {params[i]: w.to(params[i]).clone() for i, w in own["windows"].items()}
