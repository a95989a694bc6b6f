"""The Omega rule of ATLAS: every token writes the last c pairs, and not only its own.

    u_t = sum_{i=t-c+1..t} theta_i grad loss(M_t'; k_i, v_i)            ATLAS eqs. 8-9
    S_t = eta_t S_{t-1} - u_t

The pairs of a window are the same for all tokens of a chunk but for a shift, so nothing new has to
be computed: with Omega_si = 1 where pair i lies in the window of token s, the coefficients P of
recurrence.py become P Omega, one column for each pair of the chunk and of the c - 1 before it. With
c = 1 it is Titans, with a linear memory and c as long as the text the Mesa layer. The paper's
weights gamma_i are the pairs' own theta_i here. Taught in chapter 10.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from titans_book.memory.recurrence import Coefficients
from titans_book.memory.rule import Rule
from titans_book.memory.state import Layers

Pair = tuple[Coefficients, Coefficients]


def band(time: int, window: int, like: Tensor) -> Tensor:
    """Omega: (time, window - 1 + time), row s has ones at the pairs s to s + window - 1.

    >>> band(2, 3, torch.ones(1))
    tensor([[1., 1., 1., 0.],
            [0., 1., 1., 1.]])
    """
    ones = like.new_ones(time, window - 1 + time)
    return ones.triu().tril(window - 1)


def widen(
    rule: Rule, piece: Sequence[Tensor], numbers: Pair, window: Layers
) -> tuple[tuple[Tensor, ...], Pair, Layers]:
    """The piece with the pairs before it, coefficients that fit, and the window behind it."""
    q, k, v, theta, *rest = piece
    needs, rates = rest[: len(rule.objective.needs)], rest[len(rule.objective.needs) :]
    old_k, old_v, *old_gates = window
    gates = [
        torch.cat([old[..., 0], new], dim=1)
        for old, new in zip(old_gates, (theta, *needs), strict=True)
    ]
    k, v = torch.cat([old_k, k], dim=1), torch.cat([old_v, v], dim=1)
    omega = band(q.shape[1], rule.window, q)
    wide = tuple(replace(one, P=one.P @ omega, last_E=one.last_E @ omega) for one in numbers)
    kept = [x[:, -(rule.window - 1) :] for x in (k, v, *(gate[..., None] for gate in gates))]
    return (q, k, v, *gates, *rates), wide, tuple(kept)
