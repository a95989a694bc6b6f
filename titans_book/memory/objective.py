"""Choice 2 of MIRAS, the attentional bias: what does "remember" mean?

The memory is trained on its own answer M(k) by a loss against v. Everything else in the rule only
needs that loss's derivative by the answer, the error; so changing the objective changes one line.

    name   loss per token, summed over features     error          source
    l2     1/2 |M(k) - v|^2                         M(k) - v       Titans eq. 12, with the 1/2 of C
    dot    -<M(k), v>                               -v             linear attention: MIRAS eq. 8 / 2

One of your own is a class with a `loss`; see choice.py. Taught in chapters 01, 02 and 10.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.memory.choice import Choice

__all__ = ["L2", "Dot", "Objective"]


@dataclass(frozen=True)
class Objective(Choice, kind="objective"):
    """`loss(answer, value)` per token, and `error(answer, value)`, its derivative by the answer.

    overshoots   whether too large a write rate makes the loss worse: then a write can be damped.

    >>> Objective.of("huber")
    Traceback (most recent call last):
    ValueError: objective must be one of 'l2', 'dot', got 'huber'
    """

    overshoots = True

    def loss(
        self, answer: Float[Tensor, "*token dim"], value: Float[Tensor, "*token dim"]
    ) -> Float[Tensor, "*token"]:
        raise NotImplementedError(f"{type(self).__name__} must say its loss(answer, value)")

    def error(
        self, answer: Float[Tensor, "*token dim"], value: Float[Tensor, "*token dim"]
    ) -> Float[Tensor, "*token dim"]:
        """By automatic differentiation of `loss`; a formula of your own is faster."""
        return torch.func.grad(lambda answer: self.loss(answer, value).sum())(answer)


@dataclass(frozen=True)
class L2(Objective, name="l2"):
    """1/2 |M(k) - v|^2, the associative memory loss (Titans eq. 12)."""

    def loss(self, answer: Tensor, value: Tensor) -> Tensor:
        return 0.5 * (answer - value).square().sum(-1)

    def error(self, answer: Tensor, value: Tensor) -> Tensor:
        return answer - value


@dataclass(frozen=True)
class Dot(Objective, name="dot"):
    """-<M(k), v>, the loss whose gradient step is linear attention (MIRAS eq. 8, without its 2)."""

    overshoots = False

    def loss(self, answer: Tensor, value: Tensor) -> Tensor:
        return -(answer * value).sum(-1)

    def error(self, answer: Tensor, value: Tensor) -> Tensor:
        return -value
