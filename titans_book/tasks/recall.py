"""Multi-query associative recall (MQAR): pairs are told, and asked for later, as tokens.

    k1 v1 k2 v2 ... kn vn  ·  k2 · · k7 · k1 · · ·        the value of k2 is due at the token k2
    told in order             asked once each, at random gaps

It is the task on which Zoology (arXiv 2312.04927) compares models that mix tokens. Keys are tokens
from 1 to vocab/2 - 1, values from vocab/2 on; in one sequence no key and no value is told twice.
With `updates`, some keys are told again with another value, and the last one counts: only a memory
that lets go can be right. Taught in chapter 07.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from titans_book.tasks.batch import IGNORED, TaskBatch
from titans_book.tasks.check import count, source, within
from titans_book.tasks.draw import distinct

__all__ = ["IGNORED", "Recall", "mqar"]

Recall = TaskBatch  # its name in chapter 07, which knows no other task


def mqar(
    batch: int,
    *,
    time: int = 64,
    pairs: int = 8,
    updates: int = 0,
    vocab: int = 256,
    power: float | int = 0.01,
    fill: bool = False,
    seed: int | Generator = 0,
) -> TaskBatch:
    """A batch of recall sequences, (batch, time).

    pairs    keys that are told; each is asked for once.
    updates  how many of them are told again, after the others, with a new value.
    power    a in p(gap) proportional to gap^(a - 1): near 0 most questions come soon after the
             telling, at 1 they come at any time.
    fill     the places between the questions hold random tokens, that are never keys of this
             sequence, instead of 0.
    seed     an int or a torch.Generator; the same seed gives the same batch.

    Raises ValueError or TypeError naming the field: a sequence needs room for the pairs and then
    two places for each question, and the vocabulary as many keys and values as are told.

    >>> task = mqar(1, time=16, pairs=3, vocab=16, seed=1)
    >>> task.inputs
    tensor([[ 5, 14,  2, 10,  7, 15,  5,  0,  7,  0,  0,  0,  2,  0,  0,  0]])
    >>> task.targets[task.asked].tolist()
    [14, 15, 10]
    """
    batch, time, pairs = count("batch", batch), count("time", time), count("pairs", pairs)
    updates = count("updates", updates) if updates else 0
    half, told, g = _checked(time, pairs, updates, vocab, power), pairs + updates, source(seed)
    keys = 1 + distinct(g, batch, half - 1, half - 1 if fill else pairs)
    values = half + distinct(g, batch, vocab - half, told)
    again = distinct(g, batch, pairs, updates)
    keys_told = torch.cat([keys[:, :pairs], keys.gather(1, again)], dim=1)
    newest = values[:, :pairs].scatter(1, again, values[:, pairs:])

    places = 2 * told + 2 * _gaps(g, batch, (time - 2 * told) // 2, pairs, power)
    inputs = torch.zeros(batch, time, dtype=torch.long)
    if fill:
        inputs = _fillers(g, keys[:, pairs:], inputs.shape)
    inputs[:, : 2 * told] = torch.stack([keys_told, values], dim=2).flatten(1)
    inputs.scatter_(1, places, keys[:, :pairs])
    targets = torch.full_like(inputs, IGNORED).scatter_(1, places, newest)
    return TaskBatch(inputs, targets)


def _checked(time: int, pairs: int, updates: int, vocab: int, power: float | int) -> int:
    """Half the vocabulary, where the values begin."""
    within("updates", updates, 0, pairs)
    within("power", power, 1e-6)
    half, told = count("vocab", vocab) // 2, pairs + updates
    if half - 1 < pairs or vocab - half < told:
        raise ValueError(f"vocab={vocab} has too few tokens for {pairs} keys and {told} values")
    if time < 2 * told + 2 * pairs:
        least, what = 2 * told + 2 * pairs, f"{pairs} pairs and {updates} updates"
        raise ValueError(f"time must be {least} or more for {what}, got {time}")
    return half


def _gaps(g: Generator, batch: int, room: int, n: int, power: float | int) -> Tensor:
    """n different gaps below `room` in each row, drawn one after the other with p(gap).

    The n largest of log p + Gumbel noise are a draw without replacement, in its order.
    """
    log_p = (power - 1) * torch.arange(1, room + 1, dtype=torch.float64).log()
    uniform = torch.rand(batch, room, generator=g, dtype=torch.float64).clamp(min=1e-300)
    return (log_p - (-uniform.log()).log()).topk(n, dim=1).indices


def _fillers(g: Generator, spare: Tensor, shape: torch.Size) -> Tensor:
    """Random tokens for every place, out of the keys that a row does not use."""
    if not spare.shape[1]:
        raise ValueError("vocab has no token left to fill the gaps with: make it larger")
    return spare.gather(1, torch.randint(spare.shape[1], shape, generator=g))
