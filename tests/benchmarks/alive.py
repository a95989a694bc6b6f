"""Does a memory stay alive? A million tokens of five streams, then eight pairs to remember.

    python -m tests.benchmarks.alive [--tokens 1000000] [--depth 1 2 4] [--stream text ...]
                                     [--retention initial] [--json FILE]

For each stream and depth: how many bits of eight fresh pairs, written once after the stream, are
recalled, beside a fresh memory's; and the time a token of the last 16k tokens beside the first 16k.
A memory that ages recalls less; one whose numbers become subnormal gets slower.
"""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from titans_book.memory import Gates, LayerState, MemoryState, NeuralMemory, memorize
from titans_book.tasks import corpora

DIM, PIECE, TIMED, DRAWS, PAIRS = 64, 2048, 16_384, 64, 8
STREAMS = ("text", "noise", "constant", "zeros", "alternating")


def stream(kind: str, tokens: int) -> Iterator[Tensor]:
    """The stream in pieces, (1, time, dim)."""
    generator = torch.Generator().manual_seed(1)
    table = torch.randn(256, DIM, generator=generator)
    text = corpora.tokens(corpora.text("moby_dick")).long() if kind == "text" else None
    for start in range(0, tokens, PIECE):
        time = min(PIECE, tokens - start)
        if kind == "text":
            yield table[text[torch.arange(start, start + time) % len(text)]][None]
        elif kind == "noise":
            yield torch.randn(1, time, DIM, generator=generator)
        elif kind == "alternating":
            yield table[torch.arange(start, start + time) % 2][None]
        else:
            yield (table[:1] if kind == "constant" else torch.zeros(1, DIM)).expand(1, time, DIM)


@torch.no_grad()
def recall(memory: NeuralMemory, state: MemoryState | None) -> float:
    """The share of bits recalled of eight fresh pairs, each written once and then asked for.

    Written as by a layer whose write gate is wide open and whose momentum is where it starts.
    """
    generator, width = torch.Generator().manual_seed(2), memory.dim // memory.heads
    shape = (DRAWS, memory.heads, PAIRS, width)
    k = F.normalize(torch.randn(shape, generator=generator), dim=-1)
    v = torch.randn(shape, generator=generator).sign()
    eta = torch.full(shape[:3], memory.START["eta"])
    gates = Gates(memory.stable * (1 - eta), eta, torch.zeros_like(eta))
    if state is not None:
        state = state.map(lambda W: W.expand(DRAWS, *W.shape[1:]))
        state = MemoryState(state.layers)  # from a chunk boundary on
    _, state = memorize(k, k, v, gates, list(memory.initial), rule=memory.rule, state=state)
    answers = memory.rule.network(state.weights, k)
    return (answers.sign() == v).float().mean().item()


@torch.no_grad()
def age(memory: NeuralMemory, kind: str, tokens: int) -> dict[str, float]:
    """Read the stream; what is recalled after it, and how long a token took at both ends."""
    times, state, read = [], None, 0
    for piece in stream(kind, tokens):
        began = time.process_time()
        _, state = memory(piece, state)
        times.append((time.process_time() - began) / piece.shape[1])
        read += piece.shape[1]
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


def shown(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, default=1_000_000)
    parser.add_argument("--depth", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--stream", nargs="+", choices=STREAMS, default=STREAMS)
    parser.add_argument("--retention", default="initial")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for depth in options.depth:
        for kind in options.stream:
            torch.manual_seed(0)
            memory = NeuralMemory(DIM, depth=depth, retention=options.retention)
            row = dict(depth=depth, stream=kind, **age(memory, kind, options.tokens))
            print("  ".join(f"{name} {shown(value)}" for name, value in row.items()), flush=True)
            rows.append(row)
    if options.json:
        about = {"tokens": options.tokens, "retention": options.retention}
        about |= {"torch": torch.__version__, "rows": rows}
        options.json.write_text(json.dumps(about, indent=1) + "\n")


if __name__ == "__main__":
    main()
