"""What the exercises of chapter 09 are given: the parts of a small block, and a text.

Not an exercise itself.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from titans_book.attention import Attention
from titans_book.memory import NeuralMemory
from titans_book.steps.blocks import Parts, mac_mask, parts_of

CHAPTER = "notebooks/09_mac_mag_mal.ipynb"
MISFIT = (
    "attend answers the rows of x, the memory all rows that it reads, P's too: which of them "
    "do not fit here?"
)


class Given:
    """A function that an exercise is given; it prints as what it is."""

    def __init__(self, function: Callable, what: str = "a function"):
        self.function, self.what = function, what

    def __call__(self, *arguments: object) -> object:
        return self.function(*arguments)

    def __repr__(self) -> str:
        return self.what


WHAT = {
    "recall": "h, state = recall(x, state)",
    "attend": "y = attend(x, columns, mask)",
    "memory": "m, state = memory(x, state)",
    "gate": "o = gate(y, m)",
}


def given(kind: type[nn.Module], seed: int, **bounds: int) -> Parts:
    """The parts of a small block drawn wide, with names that can be printed."""
    with torch.random.fork_rng(devices=[]):
        attention = Attention(4, persistent=2, **bounds)
        block = kind(4, 4, attention, NeuralMemory(4, depth=1, chunk=3, conv=2))
        torch.manual_seed(seed)
        for weight in block.parameters():
            nn.init.normal_(weight, std=0.7)
    parts = parts_of(block.double().requires_grad_(False))
    named = {name: Given(getattr(parts, name), WHAT[name]) for name in ("recall", "attend")}
    norms = [Given(norm, "a norm") for norm in parts.norms]
    gate = parts.gate and Given(parts.gate, WHAT["gate"])
    return parts._replace(**named, memory=Given(parts.memory, WHAT["memory"]), gate=gate,
                          norms=tuple(norms))  # fmt: skip


def text(time: int, seed: int) -> torch.Tensor:
    """Tokens of width 4."""
    return torch.randn(time, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def loop(x, C, step):
    """The loop over segments; step(S, state) returns a segment's output and the state."""
    state, outputs = None, []
    for S in x.split(C):
        o, state = step(S, state)
        outputs.append(o)
    return torch.cat(outputs)


def whole(P, recall, attend, memory, gate, edit=None):
    """One segment as it should be, but for what `edit` does to the mask."""

    def step(S, state):
        mask = mac_mask(len(P), len(S))
        if edit:
            edit(mask, len(S))
        h, state = recall(S, state)
        y = attend(S, torch.cat([P, h, S]), mask)
        m, state = memory(y, state)
        return gate(y, m), state

    return step


def see(S, P, h, attend):
    """Attention of a segment as it should be."""
    return attend(S, torch.cat([P, h, S]), mac_mask(len(P), len(S)))
