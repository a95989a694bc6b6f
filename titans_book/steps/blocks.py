"""The three wirings of chapter 09, equation by equation, for one sequence.

symbol | meaning                                   | shape             | identifier
P      | persistent tokens                         | (N_p, dim)        | P
x, S   | tokens; those of one segment              | (T, dim)          | x, S
C      | tokens a segment                          | -                 | C
h      | what the memory recalls for each token    | (C, dim)          | h
y, m   | answers of attention and of the memory    | (T, dim)          | y, m
mask   | who sees whom                             | (T, N_p + ...)    | mask

The parts are functions, so a wiring says only what goes where:

    h, state = recall(x, state)        asks the memory and writes nothing; its convolution moves on
    m, state = memory(x, state)        reads x and answers it, token by token
    y        = attend(x, columns, mask)
    o        = gate(y, m)

state is None before the text. `parts_of` takes them out of a block of the model: with them `mac`
and `mag` are what the block adds to its residual, and `mal` is all of it but the gated perceptron.
Taught in chapter 09.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor

from titans_book.attention import Attention, rotary
from titans_book.memory import LayerState, NeuralMemory
from titans_book.memory.groups import begin
from titans_book.model.blocks import MACBlock, MAGBlock, MALBlock

__all__ = ["Parts", "State", "attend", "mac", "mac_mask", "mag", "mal", "parts_of"]

Tokens = Float[Tensor, "T dim"]
Columns = Float[Tensor, "columns dim"]


def mac_mask(N_p: int, C: int) -> Bool[Tensor, "C columns"]:
    """Row i of a segment sees all of P, and h_j and x_j for j <= i: columns P || h || x (eq. 22).

    Taught in notebooks/09_mac_mag_mal.ipynb.

    >>> mac_mask(1, 2).int()
    tensor([[1, 1, 0, 1, 0],
            [1, 1, 1, 1, 1]], dtype=torch.int32)
    """
    past = torch.ones(C, C).tril().bool()
    return torch.cat([torch.ones(C, N_p).bool(), past, past], dim=1)


def mac(
    x: Tokens,
    P: Float[Tensor, "N_p dim"],
    C: int,
    recall: Callable,
    attend: Callable,
    memory: Callable,
    gate: Callable,
) -> Tokens:
    """Memory as a context (Titans eqs. 21-25): recall, attend, write, gate, segment by segment.

    Taught in notebooks/09_mac_mag_mal.ipynb.
    """
    state, outputs = None, []
    for S in x.split(C):
        h, state = recall(S, state)
        y = attend(S, torch.cat([P, h, S]), mac_mask(len(P), len(S)))
        m, state = memory(y, state)
        outputs.append(gate(y, m))
    return torch.cat(outputs)


def mag(
    x: Tokens,
    P: Float[Tensor, "N_p dim"],
    mask: Bool[Tensor, "T columns"],
    attend: Callable,
    memory: Callable,
    gate: Callable,
) -> Tokens:
    """Memory as a gate (Titans eqs. 26-28): both read P || x; what they answer to P is dropped.

    Taught in notebooks/09_mac_mag_mal.ipynb.
    """
    seen = torch.cat([P, x])
    y = attend(x, seen, mask)
    m, _ = memory(seen, None)
    return gate(y, m[len(P) :])


def mal(
    x: Tokens,
    P: Float[Tensor, "N_p dim"],
    mask: Bool[Tensor, "T columns"],
    attend: Callable,
    memory: Callable,
    norm_m: Callable,
    norm_a: Callable,
) -> Tokens:
    """Memory as a layer (Titans eqs. 29-31): memory first, then attention; a residual for each.

    Taught in notebooks/09_mac_mag_mal.ipynb.
    """
    m, _ = memory(torch.cat([P, norm_m(x)]), None)
    x = x + m[len(P) :]
    z = norm_a(x)
    return x + attend(z, torch.cat([P, z]), mask)


class State(NamedTuple):
    """A memory between two calls, and the last tokens that asked it and did not write (MAC's h)."""

    layer: LayerState | None = None
    tail: Tensor | None = None


class Parts(NamedTuple):
    """What a wiring is made of. gate is None in MAL, norms are empty in MAC and MAG."""

    P: Float[Tensor, "N_p dim"]
    recall: Callable
    attend: Callable
    memory: Callable
    gate: Callable | None
    norms: tuple[Callable, ...]


def parts_of(block: MACBlock | MAGBlock | MALBlock) -> Parts:
    """The parts of a block as functions of one sequence, in its own weights."""
    attention, layer = block.attention, block.memory
    P = attention.persistent
    P = attention.project.weight.new_zeros(0, attention.dim) if P is None else P

    def recall(x: Tokens, state: State | None) -> tuple[Tokens, State]:
        return _recall(layer, x, state or State())

    def memory(x: Tokens, state: State | None) -> tuple[Tokens, State]:
        m, after = layer(x[None], None if state is None else state.layer)
        return m[0], State(after, None if state is None else state.tail)

    def see(x: Tokens, columns: Columns, mask: Tensor) -> Tokens:
        return attend(attention, x, columns, mask)

    def gate(y: Tokens, m: Tokens) -> Tokens:
        return block.gated(y[None], m[None])[0]

    if isinstance(block, MALBlock):
        return Parts(P, recall, see, memory, None, (block.memory_norm, block.attention_norm))
    return Parts(P, recall, lambda *x: block.attention_norm(see(*x)), memory, gate, ())


def _recall(layer: NeuralMemory, x: Tokens, state: State) -> tuple[Tokens, State]:
    """The memory's answers to x, and the state with the convolution of the questions moved on."""
    if state.layer is None and state.tail is None:
        asked = None
    else:
        fresh = state.layer is None
        memory = begin(layer.first_weights(), 1, layer.rule) if fresh else state.layer.memory
        tail = x.new_zeros(1, layer.conv - 1, 3 * layer.dim) if state.tail is None else state.tail
        asked = LayerState(memory, tail)
    h, asked = layer.recall(x[None], asked)
    return h[0], State(state.layer, asked.tail)


def attend(
    attention: Attention, x: Tokens, columns: Columns, mask: Bool[Tensor, "T columns"]
) -> Tokens:
    """Softmax attention of rows x over the columns that the mask lets each of them see (eq. 2).

    The columns are P, which stand nowhere, and then one stretch or two as long as x: each column
    stands where its token does.
    """
    first = 0 if attention.persistent is None else len(attention.persistent)
    q = _heads(attention, x)[0]
    _, k, v = _heads(attention, columns)
    places = torch.arange(len(columns) - first) % len(x)
    k = torch.cat([rotary.unplaced(k[:, :first]), rotary.rotate(k[:, first:], places)], dim=1)
    scores = rotary.rotate(q, torch.arange(len(x))) @ k.mT / q.shape[-1] ** 0.5
    y = scores.masked_fill(~mask, -torch.inf).softmax(-1) @ v
    return attention.out(rearrange(y, "h t d -> t (h d)"))


def _heads(attention: Attention, x: Columns) -> tuple[Tensor, Tensor, Tensor]:
    """q, k and v of every head, (heads, T, d)."""
    return rearrange(attention.project(x), "t (n h d) -> n h t d", n=3, h=attention.heads).unbind(0)
