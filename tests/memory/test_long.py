"""A memory as it comes out of the box stays a memory: on text, on streams, deep, and for long."""

from functools import partial

import pytest
import torch

from titans_book.memory import NeuralMemory
from titans_book.tasks import corpora
from titans_book.tasks.streams import KINDS, kv_stream

pytestmark = pytest.mark.bare


def largest(state):
    return max(W.abs().max().item() for W in (*state.memory.weights, *state.memory.momentum))


def text_tokens(length, dim=64):
    table = torch.randn(256, dim, generator=torch.Generator().manual_seed(1))
    return table[corpora.tokens(corpora.text("shakespeare")[:length]).long()][None]


def stream_tokens(kind, time, dim=64):
    """Key, value, key, value ...: what a layer sees that nobody told what a key is."""
    stream = kv_stream(kind, batch=1, time=time // 2, dim=dim)
    return torch.stack([dim**0.5 * stream.keys, stream.values], dim=2).flatten(1, 2)


def one_token(length, dim=64):
    """The worst text there is: every key of every chunk is the same."""
    return torch.randn(dim, generator=torch.Generator().manual_seed(2)).expand(1, length, dim)


LONG = {"text": text_tokens, "one token": one_token}
LONG |= {kind: partial(stream_tokens, kind) for kind in KINDS}


@pytest.mark.parametrize("depth", [1, 4])
@pytest.mark.parametrize("name", LONG)
@torch.no_grad()
def test_a_fresh_layer_does_not_diverge(name, depth):
    """Random slow weights, gates where they start: 16k tokens of text, 4k of each stream."""
    memory = NeuralMemory(64, heads=4, depth=depth)
    y, state = memory(LONG[name](16_384 if name in ("text", "one token") else 4096))
    assert y.isfinite().all() and largest(state) < 20


def test_without_a_guard_the_worst_text_breaks_a_deep_memory():
    """What the guards are for: the same layer without them, gates wide open."""
    free, damped = {"clamp": None}, {"clamp": None, "damping": 8.0}
    for guard, holds in ((free, False), (damped, True), ({}, True)):
        torch.manual_seed(0)
        memory = NeuralMemory(64, heads=4, depth=4, theta_max=8.0, **guard)
        with torch.no_grad():
            y, state = memory(one_token(1024))
        held = bool(y.isfinite().all()) and largest(state) < 1e3
        assert held == holds, f"{guard}: {largest(state):.1e}"
