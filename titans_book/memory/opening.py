"""How a gate opens: from what a token says, any number z, to a share between 0 and 1.

    sigmoid   1 / (1 + e^-z)             comes near 0 and 1, and is never there
    hard      clamp(z / 4 + 1/2, 0, 1)   the sigmoid's tangent at 0, which reaches both

A sigmoid times 2 has a write rate below 2, so an eigenvalue 1 - theta of a write stays above -1:
what turns a memory's sign at every token loses a little of it at every token. A hard gate is
exactly 2 where z is 2 or more. Its slope is 0 there, so it no longer learns from such a token.
Taught in chapter 12.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["GATES", "Gate", "hard"]


class Gate(NamedTuple):
    """open_(z) is the share of every token, closed(share) the z at which it is that."""

    open_: Callable[[Tensor], Tensor]
    closed: Callable[[float], float]


def hard(z: Tensor) -> Tensor:
    """A gate that reaches 0 and 1: clamp(z / 4 + 1/2, 0, 1).

    >>> hard(torch.tensor([-2.0, -1.0, 0.0, 2.0, 9.0]))
    tensor([0.0000, 0.2500, 0.5000, 1.0000, 1.0000])
    """
    return (z / 4 + 0.5).clamp(0, 1)


GATES = {
    "sigmoid": Gate(torch.sigmoid, lambda share: math.log(share / (1 - share))),
    "hard": Gate(hard, lambda share: 4 * share - 2),
}
