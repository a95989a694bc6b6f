"""A probe that also looks at gradients: a function may give the right numbers and be cut off.

    GradientProbe(inputs={"x": normal(3), "W": normal(3)}, returns=("y",), of=("W",))

Besides its results it yields, for every argument named in `of`, the gradient of a sum that sees all
results. Taught in chapter 07.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from titans_book.lab.learning.exercise import Probe, Step

__all__ = ["GradientProbe", "outer_gradients"]


@dataclass(frozen=True)
class GradientProbe(Probe):
    """A Probe without state; of: the arguments for which the results are differentiated.

    >>> probe = GradientProbe(inputs={"x": lambda g: torch.ones(())}, returns=("y",), of=("x",))
    >>> next(probe(lambda x: 0 * x.detach()))["gradient of x"]
    tensor(0.)
    """

    of: tuple[str, ...] = ()

    def __call__(self, function: Callable) -> Iterator[Step]:
        """Run the function on fresh inputs and yield results and gradients, example by example."""
        generator = torch.Generator().manual_seed(self.seed)
        for _ in range(self.steps):
            given = {name: make(generator) for name, make in self.inputs.items()}
            results = function(*given.values())
            results = results if isinstance(results, tuple) else (results,)
            results = (r.detach() if isinstance(r, Tensor) else r for r in results)
            step = dict(zip(self.returns, results, strict=True))
            found = outer_gradients(getattr(function, "function", function), given, self.of)
            yield step | {f"gradient of {name}": found[name] for name in self.of}


def outer_gradients(
    function: Callable, given: dict[str, Any], of: tuple[str, ...]
) -> dict[str, Tensor]:
    """The gradients of a number that sees all results; zeros where nothing flows back."""
    leaves = {name: given[name].detach().clone().requires_grad_() for name in of}
    # Clones, so that a function that writes into its arguments can still be differentiated.
    inputs = [leaves[n].clone() if n in leaves else _copy(value) for n, value in given.items()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of float(x), which the check will name
        results = function(*inputs)
    results = results if isinstance(results, (tuple, list)) else (results,)
    live = [r for r in results if isinstance(r, Tensor) and r.requires_grad]
    if not live:
        return {name: torch.zeros_like(leaf) for name, leaf in leaves.items()}
    seen = torch.stack([(r.double() + 0.5).square().sum() for r in live]).sum()
    found = torch.autograd.grad(
        seen, list(leaves.values()), allow_unused=True, materialize_grads=True
    )
    return dict(zip(leaves, found, strict=True))


def _copy(value: Any) -> Any:
    return value.clone() if isinstance(value, Tensor) else value
