"""How far attention reaches: texts read in pieces, masks that reach far, influence, and time.

Taught in chapter 08.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from titans_book.book.ch08.who_sees import heard, leaks

__all__ = ["BAR", "CELLS", "WORDS", "answered", "in_pieces", "influence", "lacks", "seconds"]

WORDS, CELLS, LAYERS, BAR = 24, 4, 2, 0.6  # the puzzle: a text, cells a row, layers, least score


def in_pieces(
    read: Callable, q: Tensor, k: Tensor, v: Tensor, cuts: Sequence[int], mask: Callable, w: int
) -> Tensor:
    """The answers to a text that is cut before each place in `cuts`; `read` is a read_on."""
    answers, kept = [], (k[:0], v[:0])
    for first, last in zip([0, *cuts], [*cuts, len(q)], strict=True):
        now = [x[first:last] for x in (q, k, v)]
        y, *kept = read(*now, *kept, first, mask, w)
        answers.append(y)
    return torch.cat(answers)


def seconds(work: Callable[[], object]) -> float:
    """Processor time of a call, the best of three."""
    times = []
    for _ in range(3):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return min(times)


def influence(
    layers: Sequence[nn.Module], places: int = 30, texts: int = 6, seed: int = 1
) -> Float[Tensor, " places"]:
    """How strongly the last answer of a stack depends on the token so many places back.

    The length of a derivative, in a mean over random texts. Each layer is layer(x) -> (y, state),
    with a norm before it and a residual around it.
    """
    random, dim = torch.Generator().manual_seed(seed), layers[0].dim
    found = torch.zeros(places).double()
    for _ in range(texts):
        x = torch.randn(1, places, dim, generator=random).double().requires_grad_()
        y = x
        for layer in layers:
            y = y + layer(torch.nn.functional.rms_norm(y, (dim,)))[0]
        for one in y[0, -1]:
            (slope,) = torch.autograd.grad(one, x, retain_graph=True)
            found += slope[0].norm(dim=1).flip(0) / texts
    return found


def answered(mask: Bool[Tensor, "words words"]) -> float:
    """The score of a mask: the share of all pairs of a word and an earlier one, or itself, in which
    the first hears of the second through two layers.

    >>> answered(torch.ones(3, 3).tril().bool())
    1.0
    """
    pairs = len(mask) * (len(mask) + 1) / 2
    return heard(mask, LAYERS).tril().sum().item() / pairs


def lacks(mask: Bool[Tensor, "words words"]) -> str:
    """What a mask lacks for the puzzle, in words; "" if it is a solution."""
    if ahead := leaks(mask):
        row, column = ahead[0]
        return f"Row {row} sees column {column}, which has not come yet."
    if not mask.diagonal().all():
        return f"Row {int(mask.diagonal().int().argmin())} does not see itself."
    if (full := mask.sum(1)).max() > CELLS:
        row = int(full.argmax())
        return f"Row {row} sees {int(full[row])} columns; {CELLS} is the most."
    if (score := answered(mask)) < BAR:
        asked = f"{BAR:.0%} is asked for"
        return f"Through {LAYERS} layers it answers {score:.1%} of the questions; {asked}."
    return ""
