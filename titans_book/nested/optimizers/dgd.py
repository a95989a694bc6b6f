"""Delta gradient descent: a step that also forgets what the layer answered to this input.

    symbol   meaning                                          identifier
    x        input of a linear layer y = W x + b, one row     rows of `x`
    u        what the answer should have been, -grad_y L      not needed: grad_W L = sum -u x^T
    eta      the rate                                         lr
    N        rows that reached the layer since the last step  state[W]["rows"]
    X^T X    sum of x x^T over them                           state[W]["inputs"]

Taught in chapter 11.
"""

import weakref
from typing import Any

import torch
from torch import Tensor, nn

from titans_book.nested.optimizers.base import INFINITY, Closure, GroupOptimizer, evaluated


class DGD(GroupOptimizer):
    """Delta gradient descent (Nested Learning eqs. 56-57), for any length of x.

    For one datum, with the rate that the minimum really has (the paper prints |x| = 1):

        W_{t+1} = argmin_W 1/2 |W x - u|^2 + 1/(2 lr) |W - W_t|^2,   u = -grad_y L
                = W_t (I - eta' x x^T) - eta' grad_y L x^T,   eta' = lr / (1 + lr |x|^2)

    For a batch (or a text) of N rows the same minimum over the mean of all rows, solved exactly,
    not one row after the other:

        W_{t+1} = (W_t - lr grad_W L) (I + lr erase X^T X / N)^-1

    which takes L for a mean over the rows and is the formula above for N = 1. Gradients that are
    summed over several backward passes are one batch. erase = 1 is (57); below 1 the layer forgets
    less, with 0 this is gradient descent. As a fixed point has grad_W L = -erase W X^T X / N, the
    erase acts like a penalty erase/2 |W x|^2 on what the layers say: for a model that is to keep
    what it knows, take little of it.

    model    its nn.Linear layers are watched by hooks; nothing in it changes. A layer's inputs
             count once its outputs have had a gradient. Biases and all other parameters take
             plain gradient steps; so does a weight that is used without a call of its layer.
    params   parameters or groups, if not all of the model's.

    A copy (copy.deepcopy, pickle) of the optimizer watches the layers that were copied with it, so
    copy it together with its model: `model, dgd = copy.deepcopy((model, dgd))`. A model that is
    to be compiled needs its DGD before its first compiled call, which is when hooks are traced.

    `remove` takes the hooks off. Raises TypeError for a model that is no nn.Module, ValueError for
    lr < 0, weight_decay < 0 or erase outside [0, inf), RuntimeError in a step whose gradients
    reached the layers' weights when no layer's inputs were seen. Taught in chapter 11.
    """

    limits = {"erase": (0, INFINITY)}

    def __init__(
        self,
        model: nn.Module,
        lr: float = 1e-2,
        *,
        erase: float = 1.0,
        weight_decay: float = 0.0,
        params: Any = None,
    ) -> None:
        if not isinstance(model, nn.Module):
            raise TypeError(f"model must be an nn.Module, got {type(model).__name__}")
        params = model.parameters() if params is None else params
        super().__init__(params, dict(lr=lr, erase=erase, weight_decay=weight_decay))
        own = {p for group in self.param_groups for p in group["params"]}
        self.layers = [m for m in model.modules() if isinstance(m, nn.Linear) and m.weight in own]
        self._watch()

    def _watch(self) -> None:
        handles = [layer.register_forward_hook(_Watch(self)) for layer in self.layers]
        self.remove = weakref.finalize(self, _remove, handles)

    def __getstate__(self) -> dict[str, Any]:
        """For copies: the layers as well, unless the hooks have been taken off."""
        return {**super().__getstate__(), "layers": self.layers if self.remove.alive else []}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take up a copy's state, and watch its layers; load_state_dict passes here without any."""
        super().__setstate__(state)
        if "layers" in state:
            self._watch()

    def step(self, closure: Closure | None = None) -> float | Tensor | None:
        """One step for every parameter that has a gradient; the closure's loss if there is one."""
        loss = evaluated(closure)
        self._check_seen()
        super().step()
        return loss

    def _check_seen(self) -> None:
        """Raise where the erasing would be left out without a word."""
        moved = [m.weight for m in self.layers if m.weight.grad is not None]
        erasing = any(group["erase"] for group in self.param_groups) and self.remove.alive
        seen = any("inputs" in self.state.get(weight, ()) for weight in moved)
        if erasing and moved and not seen:
            raise RuntimeError(
                "DGD has seen no input of any nn.Linear layer since the last step, so it cannot "
                "erase. Make DGD before the model's first compiled call, and copy it together with "
                "its model. Where plain gradient steps are meant, call remove() or set erase=0."
            )

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, and the inputs that belong to them."""
        super().zero_grad(set_to_none)
        for group in self.param_groups:
            for p in group["params"]:
                self._taken(p)

    def _saw(self, weight: Tensor, x: Tensor) -> None:
        rows, state = x.reshape(-1, x.shape[-1]).to(weight.dtype), self.state[weight]
        state["inputs"] = state.get("inputs", 0) + rows.mT @ rows
        state["rows"] = state.get("rows", 0) + len(rows)

    def _taken(self, p: Tensor) -> Tensor | None:
        """X^T X / N since the last step, which begins anew; None if the layer was not called."""
        inputs, rows = (self.state[p].pop(name, None) for name in ("inputs", "rows"))
        if not self.state[p]:
            del self.state[p]
        return None if inputs is None else inputs / rows

    def _descend(self, group: dict[str, Any], params: list[Tensor]) -> None:
        torch._foreach_add_(params, [p.grad for p in params], alpha=-group["lr"])
        for p in params:
            seen = self._taken(p)
            if seen is not None and group["erase"]:
                full = torch.promote_types(p.dtype, torch.float32)  # what can be solved
                system = group["lr"] * group["erase"] * seen.to(full)
                system.diagonal().add_(1)
                p.copy_(torch.linalg.solve(system, p.to(full), left=False))


class _Watch:
    """A forward hook: once the gradient of a layer's answer comes, the layer's inputs count.

    A copy of it, as in a copied model, is deaf: it would tell the optimizer of another model.
    """

    def __init__(self, optimizer: DGD | None = None) -> None:
        self.optimizer = (lambda: None) if optimizer is None else weakref.ref(optimizer)

    def __reduce__(self) -> tuple:
        return _Watch, ()

    def __call__(self, layer: nn.Linear, inputs: tuple, output: Tensor) -> None:
        if not output.requires_grad or not inputs:
            return
        weight, x, me = layer.weight, inputs[0].detach(), self.optimizer

        def came(_: Tensor) -> None:
            if (optimizer := me()) is not None:
                with torch.no_grad():
                    optimizer._saw(weight, x)

        output.register_hook(came)


def _remove(handles: list) -> None:
    for handle in handles:
        handle.remove()
