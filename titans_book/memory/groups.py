"""What the state of a memory holds under a rule: the named groups of its layers.

group      holds                                               under a rule with
weights    M_t, momentum S_t and anchor M_t'                   any choices
gathered   A_t, of the shapes of the weights                   a retention that maps
window     keys, values and gates of the last c - 1 pairs      window = c > 1
sums       H_t (B, H, d, d), G_t (B, H, d, d_v), and M_0        learning "least-squares"
pairs      keys and values of all tokens so far                learning "kernel"
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from titans_book.memory.rule import Rule
from titans_book.memory.state import Layers, MemoryState
from titans_book.values import finite

Shapes = list[tuple[int, ...]]


def shapes(weights: Shapes, rule: Rule, position: int = 0) -> dict[str, Shapes]:
    """The shapes of every group, from those of the weights, each (B, H, d_in, d_out)."""
    batch, heads, rows, _ = weights[0]
    dim = rows // 2 if rule.network.signed else rows
    wide = weights[-1][-1]
    found = {name: list(weights) for name in ("weights", "momentum", "anchor")}
    if rule.retention.maps:
        found["gathered"] = list(weights)
    if rule.window > 1:
        widths = (dim, wide, 1, *(1 for _ in rule.objective.needs))
        found["window"] = [(batch, heads, rule.window - 1, width) for width in widths]
    if rule.learning.name == "least-squares":
        found["sums"] = [(batch, heads, dim, width) for width in (dim, wide, wide)]
    if rule.learning.name == "kernel":
        found["pairs"] = [(batch, heads, position, dim), (batch, heads, position, wide)]
    return found


def sizes(rule: Rule) -> dict[str, int]:
    """How many tensors every group has."""
    one = [(1, 1, 2, 2)] * rule.network.layers
    return {name: len(group) for name, group in shapes(one, rule).items()}


def begin(weights: Sequence[Tensor], batch: int, rule: Rule) -> MemoryState:
    """The state before the first token: M_0 for every sequence of the batch, the rest empty.

    weights: one tensor a layer, (H, d_in, d_out) shared by the batch or (B, H, d_in, d_out). The
    state holds a copy: an optimizer that moves M_0 later changes no state that was handed out.
    """
    start = tuple((W if W.dim() == 4 else W.expand(batch, *W.shape)).clone() for W in weights)
    filled: dict[str, Layers] = {"weights": start, "anchor": start}
    if rule.retention.maps:
        filled["gathered"] = rule.retention.start(start)
        filled["weights"] = rule.retention.first(start, filled["gathered"])
        filled["anchor"] = filled["weights"]
    if rule.learning.name == "least-squares":
        sums = start[0].new_zeros(*start[0].shape[:-1], start[0].shape[-2])
        filled["sums"] = (sums, torch.zeros_like(start[0]), start[0])
    wanted = shapes([tuple(W.shape) for W in start], rule)
    empty = {
        name: tuple(start[0].new_zeros(shape) for shape in group)
        for name, group in wanted.items()
        if name not in filled
    }
    return MemoryState({name: {**filled, **empty}[name] for name in wanted})


def resume(
    state: MemoryState | None,
    weights: Sequence[Tensor],
    batch: int,
    dtype: torch.dtype,
    rule: Rule,
) -> MemoryState:
    """The state to go on from, in `dtype`: the one handed in, or a fresh one if that is None.

    Raises TypeError or ValueError unless a state that is handed in has the shapes of a fresh one.
    """
    if state is None:
        finite(**{f"weights[{layer}]": W for layer, W in enumerate(weights)})
        return begin([W.to(dtype) for W in weights], batch, rule)
    check_state(state, weights, batch, rule)
    return state if all(x.dtype == dtype for x in state.tensors()) else state.to(dtype)


def check_state(state: MemoryState, weights: Sequence[Tensor], batch: int, rule: Rule) -> None:
    """Raise TypeError or ValueError unless it is a state of a memory with these M_0."""
    if not isinstance(state, MemoryState):
        raise TypeError(f"state must be a MemoryState or None, got {type(state).__name__}")
    wanted = shapes([(batch, *W.shape[-3:]) for W in weights], rule, state.position)
    for name in {**wanted, **state.layers}:
        have = [tuple(x.shape) for x in state.layers.get(name, ())]
        if have != (want := wanted.get(name, [])):
            raise ValueError(
                f"state belongs to another memory or batch: its {name} have shapes {have}, "
                f"this call needs {want}"
            )
