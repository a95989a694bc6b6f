"""The memory as one operator, titans_book::memorize, for models that are compiled as a whole.

torch.compile would unroll the loop over the chunks, and again for every other length. It need not
look inside: it sees one operator that turns q, k, v, the gates and a state into answers and a state
of known shapes. So there is no graph break, and a longer text needs no new graph. On the way back
the operator computes the chunks again: of a whole text it keeps its inputs only.

Taught in chapter 06.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from titans_book.memory import chunked
from titans_book.memory import network as networks
from titans_book.memory import rule as rules
from titans_book.memory.state import Gates, MemoryState


def memorize(q, k, v, gates: Gates, options: dict, state: MemoryState):
    """`chunked.run` through the operator; options are the plain values that make its Rule."""
    layers = [*state.weights, *state.momentum, *state.anchor]
    inputs = [q, k, v, gates.theta, gates.eta, gates.alpha]
    y, *parts = _memorize(inputs, layers, state.position, **options)
    n = len(state.weights)
    M, S, anchor = (tuple(parts[i : i + n]) for i in (0, n, 2 * n))
    return y, MemoryState(M, S, anchor, state.position + k.shape[2])


OPTIONS = (
    "str activation, str objective, str retention, int chunk, str read, "
    "float? clamp, float? damping, int? recompute"
)
WHAT = f"Tensor[] inputs, Tensor[] layers, SymInt position, {OPTIONS}"


def _forward(
    inputs: Sequence[Tensor], layers: Sequence[Tensor], position: int, *options: Any
) -> list[Tensor]:
    """q, k, v and the gates, and the layers of M, S and the anchor: y and the layers after them."""
    activation, *choices, _ = options
    *qkv, theta, eta, alpha = inputs
    n = len(layers) // 3
    state = MemoryState(*(tuple(layers[i : i + n]) for i in (0, n, 2 * n)), position)
    network = networks.Network(n, activation)
    rule = rules.resolve(n, network, *choices)
    y, state = chunked.run(rule, *qkv, Gates(theta, eta, alpha), state)
    after = [*state.weights, *state.momentum, *state.anchor]
    whole = torch.contiguous_format  # and copies: an operator never hands back what it was given
    return [y.contiguous(), *(x.clone(memory_format=whole) for x in after)]


def _backward(
    slopes: Sequence[Tensor],
    inputs: Sequence[Tensor],
    layers: Sequence[Tensor],
    position: int,
    *options: Any,
) -> list[Tensor]:
    """The gradients by inputs and layers, from those by everything that `_forward` returns.

    Spans of `recompute` chunks one by one, the last one first: only one is in memory at a time.
    """
    _, _, _, chunk, *_, recompute = options
    lengths, n = chunked.lengths_of(inputs[0].shape[2], chunk, position), len(inputs)
    size = recompute or max(1, len(lengths))
    spans = [sum(lengths[i : i + size]) for i in range(0, len(lengths), size)] or [0]
    pieces = list(zip(*(x.split(spans, dim=2) for x in inputs), strict=True))
    starts = [(layers, position)]
    for piece, span in zip(pieces[:-1], spans, strict=False):
        old, at = starts[-1]
        starts.append((_forward(piece, old, at, *options)[1:], at + span))

    by_y, by_layers, found = slopes[0].split(spans, dim=2), slopes[1:], []
    for i in reversed(range(len(pieces))):
        old, at = starts[i]
        with _autograd_again():
            leaves = [x.detach().requires_grad_() for x in (*pieces[i], *old)]
            outputs = _forward(leaves[:n], leaves[n:], at, *options)
        ends = [by_y[i], *by_layers]
        grads = torch.autograd.grad(outputs, leaves, ends, materialize_grads=True)
        by_layers = grads[n:]
        found.insert(0, grads[:n])
    by_inputs = [torch.cat(parts, dim=2) for parts in zip(*found, strict=True)]
    return [x.contiguous() for x in (*by_inputs, *by_layers)]


@contextmanager
def _autograd_again() -> Iterator[None]:
    """Record operations again: PyTorch calls an operator with its autograd switched off."""
    keys = torch._C.DispatchKey
    with torch._C._PreserveDispatchKeyGuard(), torch.enable_grad():
        for key in (keys.AutogradFunctionality, keys.AutogradOther, keys.ADInplaceOrView):
            torch._C._dispatch_tls_set_dispatch_key_excluded(key, False)
        yield


def _keep(ctx, inputs, output) -> None:
    tensors, layers, *ctx.options = inputs
    ctx.n = len(tensors)
    ctx.save_for_backward(*tensors, *layers)


def _differentiate(ctx, slopes):
    inputs, layers = ctx.saved_tensors[: ctx.n], ctx.saved_tensors[ctx.n :]
    alike = (inputs[2], *layers)  # y has the shape of v, and the layers keep theirs
    full = [torch.zeros_like(x) if s is None else s for s, x in zip(slopes, alike, strict=True)]
    found = _memorize_backward(full, inputs, layers, *ctx.options)
    return (found[: ctx.n], found[ctx.n :], *(None for _ in ctx.options))


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
    lambda slopes, inputs, layers, *_: [x.new_empty(x.shape) for x in (*inputs, *layers)]
)
