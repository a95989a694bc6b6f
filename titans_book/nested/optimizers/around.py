"""Optimizers made of optimizers: one around another, and several side by side.

They share the groups of what they are made of, so a schedule that sets a learning rate reaches it.
Their state_dict holds the state_dict of each. Taught in chapter 11.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from titans_book.nested.optimizers.base import Closure, evaluated, tell


class Around(Optimizer):
    """A wrapper: the groups and the moments are those of `inner`. Subclasses say what a step is.

    Raises TypeError if `inner` is no torch.optim.Optimizer.
    """

    def __init__(self, inner: Optimizer) -> None:
        if not isinstance(inner, Optimizer):
            raise TypeError(f"inner must be a torch.optim.Optimizer, got {type(inner).__name__}")
        self.inner = inner
        super().__init__(inner.param_groups, inner.defaults)
        self._share()

    def _share(self) -> None:
        self.param_groups, self.state = self.inner.param_groups, self.inner.state

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters to the inner optimizer."""
        if any(param_group is own for own in self.inner.param_groups):  # while this one is made
            super().add_param_group(param_group)
        else:
            self.inner.add_param_group(param_group)

    def __getstate__(self) -> dict[str, Any]:
        return dict(self.__dict__)  # for copies: all of it, not groups and state alone

    def observe(self, loss: float | Tensor) -> None:
        """Tell the inner optimizer the loss whose gradients come next, if it listens to one."""
        tell(self.inner, loss)

    def _params(self) -> list[Tensor]:
        return [p for group in self.param_groups for p in group["params"]]

    def state_dict(self) -> dict[str, Any]:
        """The inner optimizer's, and beside it what this one remembers (`_own`)."""
        inner = self.inner.state_dict()
        groups = inner["param_groups"]
        return {"state": {}, "param_groups": groups, "inner": inner, "own": self._own()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up a state_dict of the same kind around the same kind."""
        missing = {"own", "inner"} - state_dict.keys()
        if missing:
            raise ValueError(
                f"state_dict must be one of a {type(self).__name__}: it lacks {sorted(missing)}"
            )
        self.inner.load_state_dict(state_dict["inner"])
        self._share()
        self._take(state_dict["own"])

    def _own(self) -> dict[str, Any]:
        raise NotImplementedError

    def _take(self, own: dict[str, Any]) -> None:
        raise NotImplementedError


class Together(Optimizer):
    """Several optimizers as one: each steps on its own groups, in turn.

    Muon is for matrices only, for instance, and AdamW takes the rest. Raises TypeError for what is
    no torch.optim.Optimizer, ValueError for none at all.
    """

    def __init__(self, each: Sequence[Optimizer]) -> None:
        self.each = list(each)
        for one in self.each:
            if not isinstance(one, Optimizer):
                raise TypeError(f"each must be a torch.optim.Optimizer, got {type(one).__name__}")
        if not self.each:
            raise ValueError("each must hold one optimizer or more, got none")
        super().__init__([group for one in self.each for group in one.param_groups], {})
        self._share()

    def _share(self) -> None:
        self.param_groups = [group for one in self.each for group in one.param_groups]

    def __getstate__(self) -> dict[str, Any]:
        return dict(self.__dict__)

    @torch.no_grad()
    def step(self, closure: Closure | None = None) -> float | Tensor | None:
        """A step of each."""
        loss = evaluated(closure)
        tell(self, loss)
        for one in self.each:
            one.step()
        return loss

    def observe(self, loss: float | Tensor) -> None:
        """Tell the loss whose gradients come next to each that listens to one."""
        for one in self.each:
            tell(one, loss)

    def state_dict(self) -> dict[str, Any]:
        """The state_dict of each."""
        groups = [group for one in self.each for group in one.state_dict()["param_groups"]]
        each = [one.state_dict() for one in self.each]
        return {"state": {}, "param_groups": groups, "each": each}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up a state_dict of as many optimizers of the same kinds."""
        found = state_dict.get("each", ())
        if len(found) != len(self.each):
            raise ValueError(f"state_dict must hold {len(self.each)} optimizers, got {len(found)}")
        for one, state in zip(self.each, found, strict=True):
            one.load_state_dict(state)
        self._share()
