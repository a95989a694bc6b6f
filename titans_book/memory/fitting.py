"""Do the arguments of a memory fit each other? What is wrong is said by name."""

from collections.abc import Sequence

from torch import Tensor

from titans_book.memory.gates import Gates
from titans_book.memory.rule import Rule
from titans_book.values import finite


def check(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    gates: Gates,
    weights: Sequence[Tensor],
    rule: Rule,
) -> None:
    """Raise TypeError or ValueError, naming the argument, unless the shapes fit each other."""
    writes = rule.writes
    for name, x in {"q": q, "k": k, "v": v}.items():
        if not x.is_floating_point():
            raise TypeError(f"{name} must be a floating-point tensor, got {x.dtype}")
        times = writes if name == "q" else 1
        if x.dim() != 4 or (*x.shape[:2], times * x.shape[2]) != tuple(k.shape[:3]):
            fewer = f"; k has {writes} for every token of q" if writes > 1 else ""
            raise ValueError(
                f"{name} must have shape (batch, heads, time, dim) with the batch, heads and time "
                f"of k, {tuple(k.shape)}, got {tuple(x.shape)}{fewer}"
            )
    _check_weights(q, k, v, weights, rule)
    gates.check(k, v, rule)
    finite(q=q, k=k, v=v)


def _check_weights(q, k, v, weights: Sequence[Tensor], rule: Rule) -> None:
    """The chain of the layers: each takes what the one before it gives."""
    batch, heads, _, dim = k.shape
    if len(weights) == 0:
        raise ValueError("weights must hold one tensor for each layer, got none")
    form = rule.network.form
    width, twice = dim, 2 if rule.network.signed else 1
    for layer, W in enumerate(weights):
        lead = tuple(W.shape[:-2])
        if form == "gated" and layer == 1:
            width = dim  # it reads what the first layer reads
        width = 1 if form == "vector" else twice * width
        if W.dim() not in (3, 4) or lead not in ((heads,), (batch, heads)) or W.shape[-2] != width:
            raise ValueError(
                f"weights[{layer}] must have shape (heads, {width}, d_out) or "
                f"(batch, heads, {width}, d_out) with heads={heads}, batch={batch}, "
                f"got {tuple(W.shape)}"
            )
        width = W.shape[-1]
    if form == "gated" and weights[0].shape[-1] != weights[1].shape[-1]:
        raise ValueError(
            f"weights[0] and weights[1] of a gated network must have the same d_out, got "
            f"{weights[0].shape[-1]} and {weights[1].shape[-1]}"
        )
    deep = len(weights) > 1 or form == "vector"
    if q.shape[-1] != dim or width != v.shape[-1] or (deep and width != dim):
        raise ValueError(
            f"q and k must share their dim, and the last layer must answer in the dim of v (a "
            f"residual network: in the dim of k too); got q {q.shape[-1]}, k {dim}, "
            f"v {v.shape[-1]}, last layer {width}"
        )
