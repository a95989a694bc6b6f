"""The floor: the matrix products of the memory alone, of the same shapes, in the same process.

What a chunk of b tokens cannot do without (depth 2, d -> m -> d, one G for batch times heads): keys
through both layers, the error back through one, queries through both layers of M and S, the write
of both layers of M and S, and the two masked attentions. Backward counts twice that.
"""

from __future__ import annotations

import time
from statistics import median
from typing import Any

import torch
import torch.nn.functional as F

from titans_book.memory import Gates, memorize

SHAPES = {"2 layers, d = 64, b = 64": (64, 256, 64), "2 layers, d = 128, b = 64": (128, 512, 64)}


def problem(d: int, m: int, time_: int, batch: int = 2, heads: int = 4) -> list[torch.Tensor]:
    """q, k, v, theta, eta, alpha and both layers, float32."""
    g = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(batch, heads, time_, d, generator=g) for _ in "qkv")
    gates = [torch.rand(batch, heads, time_, generator=g) * most for most in (0.1, 0.9, 0.01)]
    weights = [
        torch.randn(heads, *size, generator=g) * size[0] ** -0.5 for size in ((d, m), (m, d))
    ]
    return [F.normalize(q, dim=-1), F.normalize(k, dim=-1), v, *gates, *weights]


def products(d: int, m: int, b: int, chunks: int, groups: int) -> None:
    x, h, P = torch.randn(groups, b, d), torch.randn(groups, b, m), torch.randn(groups, b, b)
    up, down = torch.randn(groups, d, m), torch.randn(groups, m, d)
    for _ in range(chunks):
        for _ in range(3):  # keys; queries through M and through S
            x @ up, h @ down
        x @ down.mT
        for _ in range(2):  # write M, write S
            x.mT @ h, h.mT @ x
        x @ x.mT, P @ h, h @ h.mT, P @ x


def seconds(function, *arguments) -> float:
    start = time.process_time()
    function(*arguments)
    return time.process_time() - start


def measure(runs: int) -> list[dict[str, Any]]:
    """A row for every shape and mode: the share of the floor in the time of `memorize`.

    One thread, and no slow arithmetic with denormal numbers, as in the workers.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        return _measure(runs)
    finally:
        torch.set_num_threads(threads)
        torch.set_flush_denormal(False)


def _measure(runs: int) -> list[dict[str, Any]]:
    rows = []
    for name, (d, m, b) in SHAPES.items():
        leaves = problem(d, m, 8 * b)

        def forward(leaves=leaves, b=b):
            with torch.no_grad():
                memorize(*leaves[:3], Gates(*leaves[3:6]), leaves[6:], chunk=b)

        def both(leaves=leaves, b=b):
            fresh = [x.detach().requires_grad_() for x in leaves]
            y, _ = memorize(*fresh[:3], Gates(*fresh[3:6]), fresh[6:], chunk=b)
            y.square().mean().backward()

        for mode, run, passes in (("forward", forward, 1), ("forward+backward", both, 3)):
            shares = []
            for _ in range(runs + 1):
                least = seconds(products, d, m, b, 8, 8)
                shares.append(passes * least / seconds(run))
            rows.append({"name": name, "mode": mode, "share": median(shares[1:])})
    return rows
