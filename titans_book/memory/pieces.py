"""A text cut into the pieces between chunk boundaries, and put together again.

Taught in chapter 06.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from titans_book.memory.recurrence import Coefficients, coefficients
from titans_book.memory.state import Layers

SWEEP = 64  # chunks after which numbers that are nearly subnormal are swept out


def sweep(layers: Layers) -> Layers:
    """The layers, with 0 in the place of numbers so small that they soon become subnormal.

    What decays without being rewritten would get there, stay there, and make a CPU ten times
    slower. No part of the function that is differentiated: a kind of rounding.
    """
    with torch.no_grad():
        swept = tuple(F.hardshrink(W, torch.finfo(W.dtype).tiny ** 0.5) for W in layers)
    if not torch.is_grad_enabled():
        return swept
    with torch.no_grad():
        return tuple(W.copy_(less) for W, less in zip(layers, swept, strict=True))


def together(pieces: Sequence[Tensor]) -> Tensor:
    """The pieces along the tokens; one alone is not copied."""
    return pieces[0] if len(pieces) == 1 else torch.cat(pieces, dim=1)


def flat(x: Tensor) -> Tensor:
    """Batch and heads as one dimension: every sequence and head is a memory of its own."""
    return x.flatten(0, 1)


def lengths_of(time: int, chunk: int, position: int) -> list[int]:
    """The pieces between boundaries: the rest of an open chunk, full chunks, and a new open one.

    >>> lengths_of(time=10, chunk=4, position=3)
    [1, 4, 4, 1]
    """
    head = min(-position % chunk, time)
    full, tail = (time - head) // chunk, (time - head) % chunk
    return [n for n in (head, *[chunk] * full, tail) if n]


def split(x: Tensor, lengths: list[int]) -> tuple[Tensor, ...]:
    """The pieces of x along the tokens; none where there are none."""
    return x.split(lengths, dim=2) if lengths else ()


def scalars_of(keep: Tensor, eta: Tensor, lengths: list[int]) -> list[Coefficients]:
    """The Coefficients of every piece; those of pieces of one length are made together."""
    made: dict[int, list[Coefficients]] = {}
    gates = [split(gate, lengths) for gate in (keep, eta)]
    for n in set(lengths):
        same = [torch.stack([flat(g) for g in gate if g.shape[-1] == n]) for gate in gates]
        made[n] = coefficients(*same).unbind()
    return [made[n].pop(0) for n in lengths]
