"""Choice 2 of MIRAS, the attentional bias: what does the memory try to get right?

An objective is a loss of the memory's answer M(k) against the value v, summed over the features of
one token. Only its error, the derivative with respect to the answer, enters the update. Chapter 01
teaches both, chapter 10 adds more.

    name   loss                       error         source
    l2     1/2 |M(k) - v|^2           M(k) - v      Titans eq. 12, with the 1/2 of its appendix C
    dot    -<M(k), v>                 -v            linear attention: MIRAS eq. 8, without its 2
"""

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from titans_book.check import choose


@dataclass(frozen=True)
class Objective:
    """`loss(answer, value)` per token, and `error(answer, value)`, its derivative by the answer."""

    loss: Callable[[Tensor, Tensor], Float[Tensor, "*token"]]
    error: Callable[[Tensor, Tensor], Float[Tensor, "*token dim"]]


OBJECTIVES = {
    "l2": Objective(
        loss=lambda answer, value: 0.5 * (answer - value).square().sum(-1),
        error=lambda answer, value: answer - value,
    ),
    "dot": Objective(
        loss=lambda answer, value: -(answer * value).sum(-1),
        error=lambda answer, value: -value,
    ),
}


def resolve(objective: Objective | str) -> Objective:
    """The Objective of that name; an Objective of your own passes through.

    >>> resolve("huber")
    Traceback (most recent call last):
    ValueError: objective must be one of 'l2', 'dot', got 'huber'
    """
    if isinstance(objective, Objective):
        return objective
    choose("objective", objective, OBJECTIVES)
    return OBJECTIVES[objective]
