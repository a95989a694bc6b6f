"""Sums to be worked out: modular arithmetic with + - *, as in the Chomsky suite.

    3 + 4 * 2 - 1 =        the answer, 10 mod 5 = 0, is due at the sign =

"Modular arithmetic (simple)" of Deletang et al. (arXiv 2207.02098): a regular language, so a finite
state is enough for any length; they train on up to 40 tokens and test on up to 500. A product is
worked out before the sum that it stands in, as on paper. Taught in chapter 12.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from jaxtyping import Int
from torch import Generator, Tensor

from titans_book.tasks.batch import IGNORED, TaskBatch
from titans_book.tasks.check import count, source

__all__ = ["SIGNS", "arithmetic", "spell"]

SIGNS = "+-*= "  # the tokens behind the digits; the last one fills a row that is shorter


def arithmetic(
    batch: int,
    *,
    terms: int = 8,
    shortest: int | None = None,
    modulus: int = 5,
    seed: int | Generator = 0,
) -> TaskBatch:
    """A batch of problems, (batch, 2 terms).

    terms     numbers in the longest problem. A problem of n numbers has 2 n tokens, = included.
    shortest  numbers in the shortest problem, with blanks before it; None: as many as `terms`.
    modulus   the digits are the tokens 0 to modulus - 1, and so is the answer; the signs come
              behind them, so the vocabulary has modulus + 5 tokens.

    Raises ValueError or TypeError naming the field.

    >>> task = arithmetic(2, terms=4, shortest=2, seed=1)
    >>> [spell(row) for row in task.inputs], task.targets[:, -1].tolist()
    (['  4+4*3=', '    1*1='], [1, 1])
    """
    batch, terms, modulus = count("batch", batch), count("terms", terms), count("modulus", modulus)
    least, g = terms if shortest is None else count("shortest", shortest), source(seed)
    if least > terms:
        raise ValueError(f"shortest must be from 1 to terms={terms}, got {shortest}")
    digits = torch.randint(modulus, (batch, terms), generator=g)
    signs = torch.randint(3, (batch, terms - 1), generator=g)
    first = terms - torch.randint(least, terms + 1, (batch, 1), generator=g)

    inputs = torch.full((batch, 2 * terms), modulus + SIGNS.index("="))
    inputs[:, ::2], inputs[:, 1:-1:2] = digits, modulus + signs
    blank = torch.arange(2 * terms) < 2 * first
    inputs[blank] = modulus + SIGNS.index(" ")
    targets = torch.full_like(inputs, IGNORED)
    targets[:, -1] = _value(digits, signs, first[:, 0], modulus)
    return TaskBatch(inputs, targets)


def _value(
    digits: Int[Tensor, "batch terms"],
    signs: Int[Tensor, "batch gaps"],
    first: Int[Tensor, " batch"],
    modulus: int,
) -> Int[Tensor, " batch"]:
    """The value of every row from its first digit on, modulo `modulus`.

    Read from left to right it is total + product, where the product is still open.
    """
    total, product = torch.zeros_like(first), torch.zeros_like(first)
    before = torch.cat([torch.zeros_like(digits[:, :1]), signs], dim=1)  # the sign before a digit
    for i, (digit, sign) in enumerate(zip(digits.unbind(1), before.unbind(1), strict=True)):
        times = (sign == SIGNS.index("*")) & (i > first)
        signed = torch.where((sign == SIGNS.index("-")) & (i > first), -digit, digit)
        total = torch.where(times, total, total + product)
        product = torch.where(times, product * digit, signed) * (i >= first)
        product = product % modulus
    return (total + product) % modulus


def spell(tokens: Iterable[int] | Int[Tensor, " time"], modulus: int = 5) -> str:
    """A problem as a reader writes it.

    >>> spell([3, 5, 4, 7, 2, 6, 1, 8])
    '3+4*2-1='
    """
    return "".join(str(int(t)) if t < modulus else SIGNS[int(t) - modulus] for t in tokens)
