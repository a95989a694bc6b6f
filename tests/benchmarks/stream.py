"""Ever longer texts: time a token and memory, `python stream.py NAME TOKENS`, a process for each.

The memory reads the bytes of Shakespeare's plays through a fixed random embedding, 4,096 at a time,
and hands its state on; attention needs all tokens at once.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

PIECE, DIM, CHUNK = 4096, 64, 64
DEPTHS = {"memory, 1 layer": 1, "memory, 2 layers": 2}


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@torch.no_grad()
def read(depth: int, total: int) -> float:
    """Processor seconds for `total` tokens; ValueError if the memory is no longer one."""
    from titans_book.memory import NeuralMemory
    from titans_book.tasks import corpora

    memory = NeuralMemory(DIM, depth=depth, chunk=CHUNK)
    table = torch.randn(256, DIM, generator=torch.Generator().manual_seed(0))
    state, seconds = None, 0.0
    for piece in corpora.tokens(corpora.text("shakespeare"))[:total].split(PIECE):
        x = table[piece.long()][None]
        start = time.process_time()
        _, state = memory(x, state)
        seconds += time.process_time() - start
    size = max(W.abs().max().item() for W in state.memory.weights)
    if not 0.05 < size < 50:
        raise ValueError(f"after {total} tokens the largest weight is {size:g}")
    return seconds


@torch.no_grad()
def attend(total: int) -> float:
    g = torch.Generator().manual_seed(0)
    qkv = [torch.randn(1, 1, total, DIM, generator=g) for _ in "qkv"]
    start = time.process_time()
    F.scaled_dot_product_attention(*qkv, is_causal=True)
    return time.process_time() - start


def main(name: str, tokens: str) -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    total = int(tokens)
    run = attend if name == "attention" else lambda n: read(DEPTHS[name], n)
    if name != "attention":  # imports and first calls do not count
        run(CHUNK)
    base = megabytes()
    seconds = run(total)
    row = {"name": name, "tokens": total, "microseconds_per_token": seconds / total * 1e6}
    print(json.dumps({**row, "peak_mb": max(0.1, megabytes() - base)}))  # what can be told


if __name__ == "__main__":
    main(*sys.argv[1:])
