"""Looking at numbers only where there are some, and where looking is free.

On a GPU a look waits for the device. A tensor on the device "meta", a fake one, one inside
torch.vmap or in a graph that is being compiled has no numbers to look at. Then the answer is None,
and a check that asks is passed over.
"""

from collections.abc import Callable

import torch
from torch import Tensor


def _looked_at(function: Callable[..., Tensor], *tensors: Tensor) -> list[float] | None:
    """The numbers of function(*tensors), which is a short vector; None where nobody can look."""
    hidden = any(x.device.type != "cpu" for x in tensors) or torch.compiler.is_compiling()
    if hidden or not any(x.numel() for x in tensors):
        return None
    try:
        return function(*(x.detach() for x in tensors)).tolist()
    except RuntimeError:  # fake or batched: it has a shape, and no numbers
        return None


def lengths(*tensors: Tensor) -> list[float]:
    """|x| of each, all its numbers together, NaN if one of them is; nothing where nobody can look.

    >>> lengths(torch.tensor([3.0, -4.0]), torch.zeros(2))
    [5.0, 0.0]
    """
    return _looked_at(lambda *xs: torch.stack(torch._foreach_norm(xs)), *tensors) or []


def extremes(x: Tensor) -> list[float] | None:
    """The smallest and the largest number of x, NaN if one of them is; None where nobody can look.

    >>> extremes(torch.tensor([3.0, -1.0]))
    [-1.0, 3.0]
    >>> extremes(torch.empty(2, device="meta")) is None
    True
    """
    return _looked_at(lambda x: torch.stack(torch.aminmax(x)), x)


def finite(**tensors: Tensor) -> None:
    """Raise ValueError for NaN, inf, or numbers so large that their squares would be inf.

    One such token would spoil its whole chunk: a mask multiplies by 0, and 0 times NaN is NaN.
    """
    for (name, x), length in zip(tensors.items(), lengths(*tensors.values()), strict=False):
        most = torch.finfo(torch.promote_types(x.dtype, torch.float32)).max ** 0.4
        if length <= most:
            continue
        low, high = extremes(x)
        if not (-most <= low and high <= most):
            raise ValueError(
                f"{name} must be finite, and no number in it larger than {most:.0e}; "
                f"got values from {low:g} to {high:g}"
            )


def fetched(x: Tensor, **weights: Tensor) -> None:
    """Raise RuntimeError where weights that meet x are on a disk and nobody has fetched them.

    Weights that are offloaded come when the module that owns them is called; these are read from
    outside it.
    """
    for name, weight in weights.items():
        if weight.is_meta and not x.is_meta:
            raise RuntimeError(
                f"{name} is offloaded, and its block reads it from outside the part that owns it: "
                "offload whole blocks, as accelerate.disk_offload(model, folder, "
                'preload_module_classes=["MACBlock", "MAGBlock", "MALBlock"]) does, or keep the '
                "model on the CPU in the device_map"
            )
