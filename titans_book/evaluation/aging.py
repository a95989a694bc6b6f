"""Does a memory age? Let it read a stream, then see whether it still stores eight fresh pairs.

A memory that forgets towards 0 loses its first layers on the way, and with them what it takes to
store anything; one whose numbers become subnormal gets slower. Taught in chapter 05.
"""

import time
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from titans_book.check import choose
from titans_book.memory import Gates, LayerState, MemoryState, NeuralMemory, memorize
from titans_book.tasks import corpora

__all__ = ["STREAMS", "age", "recall", "stream", "subnormal"]

PIECE, TIMED, DRAWS, PAIRS = 2048, 16_384, 64, 8
STREAMS = ("text", "noise", "constant", "zeros", "alternating")


def stream(kind: str, tokens: int, dim: int = 64, piece: int = PIECE) -> Iterator[Tensor]:
    """The stream in pieces, (1, time, dim): bytes of Moby-Dick as random vectors, or none at all.

    >>> [x.shape for x in stream("noise", 3000)]
    [torch.Size([1, 2048, 64]), torch.Size([1, 952, 64])]
    """
    choose("kind", kind, STREAMS)
    generator = torch.Generator().manual_seed(1)
    table = torch.randn(256, dim, generator=generator)
    text = corpora.tokens(corpora.text("moby_dick")).long() if kind == "text" else None
    for start in range(0, tokens, piece):
        length = min(piece, tokens - start)
        if kind == "text":
            yield table[text[torch.arange(start, start + length) % len(text)]][None]
        elif kind == "noise":
            yield torch.randn(1, length, dim, generator=generator)
        elif kind == "alternating":
            yield table[torch.arange(start, start + length) % 2][None]
        else:
            yield (table[:1] if kind == "constant" else torch.zeros(1, dim)).expand(1, length, dim)


@torch.no_grad()
def recall(memory: NeuralMemory, state: MemoryState | None) -> float:
    """The share of bits recalled of eight fresh pairs, each written once and then asked for.

    Written as by a layer whose write gate is wide open and whose momentum is where it starts.
    """
    generator, width = torch.Generator().manual_seed(2), memory.dim // memory.heads
    shape = (DRAWS, memory.heads, PAIRS, width)
    k = F.normalize(torch.randn(shape, generator=generator), dim=-1)
    v = torch.randn(shape, generator=generator).sign()
    eta = torch.full(shape[:3], memory.gates_at_start()["eta"])
    gates = Gates(memory.stable * (1 - eta), eta, torch.zeros_like(eta))
    if state is not None:
        state = state.map(lambda W: W.expand(DRAWS, *W.shape[1:]))
        state = MemoryState(state.layers)  # from a chunk boundary on
    _, state = memorize(k, k, v, gates, memory.first_weights(), rule=memory.rule, state=state)
    answers = memory.rule.network(state.weights, k)
    return (answers.sign() == v).float().mean().item()


@torch.no_grad()
def age(memory: NeuralMemory, kind: str, tokens: int) -> dict[str, float]:
    """Read the stream; what is recalled after it, and how long a token took at both ends."""
    times, state = [], None
    for x in stream(kind, tokens, memory.dim):
        began = time.process_time()
        _, state = memory(x, state)
        times.append((time.process_time() - began) / x.shape[1])
    ends = max(1, TIMED // PIECE)
    first, last = sorted(times[1 : ends + 1] or times), sorted(times[-ends:])
    return {
        "fresh": recall(memory, None),
        "aged": recall(memory, state.memory),
        "slower": last[len(last) // 2] / first[len(first) // 2],
        "subnormal": subnormal(state),
    }


def subnormal(state: LayerState) -> int:
    """How many numbers of the state are neither 0 nor of full precision."""
    layers = [W for group in state.memory.layers.values() for W in group]
    return sum(int(((W != 0) & (W.abs() < torch.finfo(W.dtype).tiny)).sum()) for W in layers)
