"""Two copying tasks: what was seen is to be said again, and most of what was seen does not matter.

    selective_copy    · 7 · · 4 · 9 · ·  ! ! !        targets 7 4 9 at the three marks
    induction         5 2 0 7 3 3 5 1 4  0            target 7 at the last token

Selective copying: Mamba (arXiv 2312.00752, section 3.1; there 4096 tokens, 16 of them data).
Induction heads: Olsson et al. 2022, as a task in H3 (arXiv 2212.14052) and Mamba (trained at 256
tokens, read up to a million). A memory has to choose what it writes. Taught in chapter 09.
"""

from __future__ import annotations

import torch
from torch import Generator

from titans_book.tasks.batch import IGNORED, TaskBatch
from titans_book.tasks.check import count, source
from titans_book.tasks.draw import distinct

__all__ = ["NOISE", "SAY", "SIGNAL", "induction", "selective_copy"]

NOISE, SAY = 0, 1  # selective_copy: a token without meaning; say the next data token
SIGNAL = 0  # induction: remember what comes next, and say it when this comes again


def selective_copy(
    batch: int, *, time: int = 256, data: int = 8, vocab: int = 16, seed: int | Generator = 0
) -> TaskBatch:
    """Data tokens at random places among noise, to be said again in order, (batch, time).

    The last `data` places hold SAY and ask for the data tokens, which are drawn from 2 to
    vocab - 1 and may repeat. Raises ValueError or TypeError naming the field.

    >>> task = selective_copy(1, time=10, data=3, vocab=8, seed=1)
    >>> task.inputs
    tensor([[0, 3, 0, 7, 0, 0, 2, 1, 1, 1]])
    >>> task.targets[task.asked].tolist()
    [3, 7, 2]
    """
    batch, time, data = count("batch", batch), count("time", time), count("data", data)
    vocab, g = count("vocab", vocab, least=3), source(seed)
    if time < 2 * data:
        raise ValueError(f"time must be {2 * data} or more for data={data}, got {time}")
    values = torch.randint(2, vocab, (batch, data), generator=g)
    places = distinct(g, batch, time - data, data).sort(dim=1).values
    inputs = torch.full((batch, time), NOISE).scatter_(1, places, values)
    inputs[:, -data:] = SAY
    targets = torch.full_like(inputs, IGNORED)
    targets[:, -data:] = values
    return TaskBatch(inputs, targets)


def induction(
    batch: int, *, time: int = 64, vocab: int = 16, seed: int | Generator = 0
) -> TaskBatch:
    """Random tokens and one SIGNAL; at the end SIGNAL again, and what came after it is due.

    The tokens are drawn from 1 to vocab - 1, the place of SIGNAL from all that leave room for one
    token behind it. Raises ValueError or TypeError naming the field.

    >>> task = induction(1, time=8, vocab=8, seed=1)
    >>> task.inputs
    tensor([[1, 4, 5, 4, 4, 0, 1, 0]])
    >>> task.targets[task.asked].tolist()
    [1]
    """
    batch, time, g = count("batch", batch), count("time", time, least=3), source(seed)
    inputs = torch.randint(1, count("vocab", vocab, least=2), (batch, time), generator=g)
    place = torch.randint(time - 2, (batch, 1), generator=g)
    inputs.scatter_(1, place, SIGNAL)
    inputs[:, -1] = SIGNAL
    targets = torch.full_like(inputs, IGNORED)
    targets[:, -1:] = inputs.gather(1, place + 1)
    return TaskBatch(inputs, targets)
