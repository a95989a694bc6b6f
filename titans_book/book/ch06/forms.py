"""Three ways to work out one chunk, and small measurements for the page of chapter 06.

All forms freeze surprise at the memory that the chunk starts with, so they give the same answers.
Shapes are those of `titans_book/steps/chunk.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor

from titans_book.book.ch06 import alike
from titans_book.memory import Gates, memorize
from titans_book.memory.stability import gauge

__all__ = ["border_of_one_key", "by_loop", "by_scan", "dial_border", "one_by_one", "seconds"]


def seconds(work: Callable[[], object], runs: int = 3) -> float:
    """The best of a few runs, in seconds of one core."""
    best = float("inf")
    for _ in range(runs):
        begin = time.process_time()
        work()
        best = min(best, time.process_time() - begin)
    return best


def by_loop(M, S, q, k, v, theta, eta, alpha):
    """Token after token, with frozen surprise."""
    start, answers = M, []
    for t in range(len(k)):
        u = torch.outer(k[t], k[t] @ start - v[t])
        S = eta[t] * S - theta[t] * u
        M = (1 - alpha[t]) * M + S
        answers.append(q[t] @ M)
    return torch.stack(answers)


def _scan(decay: Tensor, h: Tensor) -> Tensor:
    """h_t = decay_t h_{t-1} + h_t for every t, in rounds: each adds what is 1, 2, 4, ... back."""
    step = 1
    while step < len(h):
        h = torch.cat([h[:step], h[step:] + decay[step:] * h[:-step]])
        decay = torch.cat([decay[:step], decay[step:] * decay[:-step]])
        step *= 2
    return h


def by_scan(M, S, q, k, v, theta, eta, alpha):
    """A matrix for every token, added up in log2(b) rounds: what eq. 18 suggests."""
    theta, eta, keep = (gate[:, None, None] for gate in (theta, eta, 1 - alpha))
    write = -theta * k[:, :, None] * (k @ M - v)[:, None, :]
    S_all = _scan(eta, torch.cat([write[:1] + eta[:1] * S, write[1:]]))
    M_all = _scan(keep, torch.cat([S_all[:1] + keep[:1] * M, S_all[1:]]))
    return (q[:, None, :] @ M_all)[:, 0]


def one_by_one(x: Tensor, gates: Gates, start: list[Tensor]) -> None:
    """Read x, (1, 1, T, d), with a call of memorize for each token."""
    state = None
    for t in range(x.shape[2]):
        now = x[:, :, t : t + 1]
        _, state = memorize(now, now, now, gates.slice(t, t + 1), start, chunk=1, state=state)


def dial_border(likeness: float | int, b: int = 16) -> tuple[float, float]:
    """The first theta on the dial at which the trace leaves the picture, and the gauge there."""
    told = alike.text(likeness)
    for n in range(1, 61):
        theta = n / 50
        if alike.errors(told, theta, b).max() > 2:
            rate = torch.full((len(told.k),), theta, dtype=told.k.dtype)
            return theta, float(gauge(told.k, rate, b).max())
    return float("inf"), float("inf")


def border_of_one_key(eta: float | int, b: int, tokens: int = 640) -> float:
    """The first theta that drives a memory of one key away, as a multiple of 2 (1 - eta) / b."""
    times = torch.logspace(0, 1.3, 391, dtype=torch.float64)  # from 1 to 20
    theta, M, S = times * 2 * (1 - eta) / b, 0 * times, 0 * times
    for start in range(0, tokens, b):
        missing = 1 - M  # frozen at the start of the chunk
        for _ in range(min(b, tokens - start)):
            S = eta * S + theta * missing
            M = M + S
    away = (M - 1).abs() > 1
    return float(times[away][0]) if bool(away.any()) else float("inf")
