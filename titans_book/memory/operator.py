"""The memory as one operator, titans_book::memorize, for models that are compiled as a whole.

torch.compile would unroll the loop over the chunks, and again for every other length. It need not
look inside: it sees one operator that turns q, k, v, the gates and a state into answers and a state
of known shapes. So there is no graph break, and a longer text needs no new graph. On the way back
the operator computes the chunks again: of a whole text it keeps its inputs only.

Taught in chapter 06.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import islice

import torch
from torch import Tensor

from titans_book.memory import engine, groups
from titans_book.memory.gates import Gates
from titans_book.memory.pieces import lengths_of
from titans_book.memory.rule import Rule
from titans_book.memory.state import Layers, MemoryState


def memorize(
    rule: Rule,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    gates: Gates,
    state: MemoryState,
    origin: Layers | None,
    recompute: int | None,
) -> tuple[Tensor, MemoryState]:
    """`engine.run` through the operator, to which a rule is a line of JSON."""
    given = gates.given()
    inputs = [q, k, v, *(given[name] for name in _names(rule))]
    layers = [W for name in groups.sizes(rule) for W in state.layers[name]]
    y, *parts = _memorize(inputs, layers, list(origin or ()), state.position, rule.line, recompute)
    return y, _state(rule, parts, state.position + k.shape[2])


def _names(rule: Rule) -> tuple[str, ...]:
    """The gates that the rule takes, in the order in which the operator has them."""
    return ("theta", "eta", "alpha", *rule.needs)


def _state(rule: Rule, layers: Sequence[Tensor], position: int) -> MemoryState:
    """Named groups of layers again, from one list."""
    sizes = groups.sizes(rule)
    parts = _groups(layers, list(sizes.values()))
    return MemoryState(dict(zip(sizes, map(tuple, parts), strict=True)), position)


WHAT = (
    "Tensor[] inputs, Tensor[] layers, Tensor[] origin, SymInt position, str rule, int? recompute"
)


@cache
def _rule(spec: str) -> Rule:
    return Rule.from_spec(json.loads(spec))


def _forward(
    inputs: Sequence[Tensor],
    layers: Sequence[Tensor],
    origin: Sequence[Tensor],
    position: int,
    rule: str,
    recompute: int | None,
) -> list[Tensor]:
    """q, k, v and the gates, the layers of the state, and the origin: y and the layers after."""
    made = _rule(rule)
    gates = Gates(**dict(zip(_names(made), inputs[3:], strict=True)))
    state, fallen = _state(made, layers, position), tuple(origin) or None
    y, state = engine.run(made, *inputs[:3], gates, state, fallen)
    after = [W for group in state.layers.values() for W in group]
    whole = torch.contiguous_format  # and copies: an operator never hands back what it was given
    return [y.contiguous(), *(x.clone(memory_format=whole) for x in after)]


def _backward(
    slopes: Sequence[Tensor],
    inputs: Sequence[Tensor],
    layers: Sequence[Tensor],
    origin: Sequence[Tensor],
    position: int,
    rule: str,
    recompute: int | None,
) -> list[Tensor]:
    """The gradients by inputs, layers and origin, from those by everything `_forward` returns.

    Spans of `recompute` chunks one by one, the last one first: only one is in memory at a time.
    """
    chunk, n, m = _rule(rule).chunk, len(inputs), len(layers)
    lengths = lengths_of(inputs[0].shape[2], chunk, position)
    size = recompute or max(1, len(lengths))
    spans = [sum(lengths[i : i + size]) for i in range(0, len(lengths), size)] or [0]
    pieces = list(zip(*(x.split(spans, dim=2) for x in inputs), strict=True))
    starts = [(layers, position)]
    for piece, span in zip(pieces[:-1], spans, strict=False):
        old, at = starts[-1]
        starts.append((_forward(piece, old, origin, at, rule, recompute)[1:], at + span))

    by_y, by_layers, found = slopes[0].split(spans, dim=2), slopes[1:], []
    by_origin = [torch.zeros_like(W) for W in origin]
    for i in reversed(range(len(pieces))):
        old, at = starts[i]
        with _autograd_again():
            leaves = [x.detach().requires_grad_() for x in (*pieces[i], *old, *origin)]
            parts = leaves[:n], leaves[n : n + m], leaves[n + m :]
            outputs = _forward(*parts, at, rule, recompute)
        ends = [by_y[i], *by_layers]
        grads = torch.autograd.grad(outputs, leaves, ends, materialize_grads=True)
        by_layers = grads[n : n + m]
        by_origin = [a + b for a, b in zip(by_origin, grads[n + m :], strict=True)]
        found.insert(0, grads[:n])
    by_inputs = [torch.cat(parts, dim=2) for parts in zip(*found, strict=True)]
    whole = torch.contiguous_format  # and copies, as above
    return [x.clone(memory_format=whole) for x in (*by_inputs, *by_layers, *by_origin)]


@contextmanager
def _autograd_again() -> Iterator[None]:
    """Record operations again: PyTorch calls an operator with its autograd switched off."""
    keys = torch._C.DispatchKey
    with torch._C._PreserveDispatchKeyGuard(), torch.enable_grad():
        for key in (keys.AutogradFunctionality, keys.AutogradOther, keys.ADInplaceOrView):
            torch._C._dispatch_tls_set_dispatch_key_excluded(key, False)
        yield


def _keep(ctx, inputs, output) -> None:
    *groups, ctx.position, ctx.rule, ctx.recompute = inputs
    ctx.sizes = [len(group) for group in groups]
    ctx.save_for_backward(*(x for group in groups for x in group))


def _groups(tensors: Sequence[Tensor], sizes: Sequence[int]) -> list[list[Tensor]]:
    """One list as several, of these sizes."""
    left = iter(tensors)
    return [list(islice(left, size)) for size in sizes]


def _differentiate(ctx, slopes):
    inputs, layers, origin = _groups(ctx.saved_tensors, ctx.sizes)
    alike = (inputs[2], *layers)  # y has the shape of v, and the layers keep theirs
    full = [torch.zeros_like(x) if s is None else s for s, x in zip(slopes, alike, strict=True)]
    options = (ctx.position, ctx.rule, ctx.recompute)
    found = _memorize_backward(full, inputs, layers, origin, *options)
    return (*_groups(found, ctx.sizes), None, None, None)


_memorize = torch.library.custom_op(
    "titans_book::memorize", _forward, mutates_args=(), schema=f"({WHAT}) -> Tensor[]"
)
_memorize.register_fake(
    lambda inputs, layers, *_: [x.new_empty(x.shape) for x in (inputs[2], *layers)]
)
_memorize.register_autograd(_differentiate, setup_context=_keep)
_memorize_backward = torch.library.custom_op(
    "titans_book::memorize_backward",
    _backward,
    mutates_args=(),
    schema=f"(Tensor[] slopes, {WHAT}) -> Tensor[]",
)
_memorize_backward.register_fake(
    lambda slopes, inputs, layers, origin, *_: [
        x.new_empty(x.shape) for x in (*inputs, *layers, *origin)
    ]
)
