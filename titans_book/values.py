"""Looking at numbers only where there are some, and where looking is free.

On a GPU a look waits for the device. A tensor on the device "meta", a fake one, one inside
torch.vmap or in a graph that is being compiled has no numbers to look at. Then the answer is None,
and a check that asks is passed over.
"""

from collections.abc import Callable

import torch
from torch import Tensor


def _number(function: Callable[[Tensor], Tensor], x: Tensor) -> float | None:
    if torch.compiler.is_compiling() or x.device.type != "cpu" or x.numel() == 0:
        return None
    try:
        return function(x.detach()).item()
    except RuntimeError:  # fake or batched: it has a shape, and no numbers
        return None


def length(x: Tensor) -> float:
    """|x| of all numbers together, NaN if one of them is; 0 where nobody can look.

    >>> length(torch.tensor([3.0, -4.0]))
    5.0
    """
    return _number(torch.linalg.vector_norm, x) or 0.0


def extremes(x: Tensor) -> tuple[float, float] | None:
    """The smallest and the largest number of x, NaN if one of them is; None where nobody can look.

    >>> extremes(torch.tensor([3.0, -1.0]))
    (-1.0, 3.0)
    >>> extremes(torch.empty(2, device="meta")) is None
    True
    """
    low = _number(torch.amin, x)
    return None if low is None else (low, _number(torch.amax, x))
