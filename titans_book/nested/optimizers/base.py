"""What the optimizers of this room share: groups that are checked, closures, weight decay.

    W_t' = (1 - lr weight_decay) W_t        the weight decay is decoupled (AdamW): not in g
    W_{t+1} = W_t' + what the rule says     g = gradient of the loss at W_t

Every option can differ from group to group, and each is checked wherever a group comes from.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.optim import Optimizer

from titans_book.check import number

Closure = Callable[[], float | Tensor]
INFINITY = float("inf")


def tell(optimizer: Optimizer, loss: float | Tensor | None) -> None:
    """Hand a loss to an optimizer that listens to one, such as a NestedController.

    >>> tell(torch.optim.SGD([torch.zeros(1)]), 2.0)
    """
    if loss is not None and hasattr(optimizer, "observe"):
        optimizer.observe(loss)


def evaluated(closure: Closure | None) -> float | Tensor | None:
    """The loss of a closure that computes it and its gradients again; None without one."""
    if closure is None:
        return None
    with torch.enable_grad():
        return closure()


def within(field: str, value: object, low: float, high: float) -> None:
    """Raise unless the value is a finite number from low to high.

    >>> within("momentum", 2, 0, 1)
    Traceback (most recent call last):
    ValueError: momentum must be a number from 0 to 1, got 2
    """
    if not (number(value) and low <= value <= high and abs(value) < INFINITY):
        allowed = f"a finite number >= {low:g}"
        if high < INFINITY:
            allowed = f"a number from {low:g} to {high:g}"
        raise ValueError(f"{field} must be {allowed}, got {value!r}")


def matrices(x: Tensor) -> Tensor:
    """A tensor as matrices (..., rows, columns): a vector is a matrix of one row.

    >>> matrices(torch.zeros(3)).shape, matrices(torch.zeros(2, 8, 32)).shape
    (torch.Size([1, 3]), torch.Size([2, 8, 32]))
    """
    return x if x.dim() >= 2 else x.reshape(1, -1)


class GroupOptimizer(Optimizer):
    """An optimizer whose rule is `_descend(group, params)`; see the top of this file.

    limits   option -> (least, most), both allowed; more than that is checked in `_check`.
    """

    limits: ClassVar[dict[str, tuple[float, float]]] = {}

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters. Raises ValueError naming an option that is out of bounds."""
        self._check({**self.defaults, **param_group})
        super().add_param_group(param_group)

    def _check(self, group: dict[str, Any]) -> None:
        limits = {"lr": (0, INFINITY), "weight_decay": (0, INFINITY), **self.limits}
        for name, (low, high) in limits.items():
            within(name, group[name], low, high)

    @torch.no_grad()
    def step(self, closure: Closure | None = None) -> float | Tensor | None:
        """One step for every parameter that has a gradient; the closure's loss if there is one."""
        loss = evaluated(closure)
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if any(p.grad.is_sparse for p in params):
                raise TypeError(f"{type(self).__name__} takes dense gradients, got a sparse one")
            if not params:
                continue
            if group["weight_decay"]:
                torch._foreach_mul_(params, 1 - group["lr"] * group["weight_decay"])
            self._descend(group, params)
        return loss

    def _descend(self, group: dict[str, Any], params: list[Tensor]) -> None:
        raise NotImplementedError

    def _kept(self, p: Tensor, name: str) -> Tensor:
        """What is remembered of a parameter under this name; zeros at first."""
        state = self.state[p]
        if name not in state:
            state[name] = torch.zeros_like(p, memory_format=torch.preserve_format)
        return state[name]
