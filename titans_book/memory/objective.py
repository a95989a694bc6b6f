"""Choice 2 of MIRAS, the attentional bias: what does "remember" mean?

The memory is trained on its own answer M(k) by a loss against v. Everything else in the rule only
needs that loss's derivative by the answer, the error; so changing the objective changes one line.
With r = M(k) - v, the error's raw material:

    name   loss per token, summed over features      error                       source
    l2     1/2 |r|^2                                 r                           Titans eq. 12
    dot    -<M(k), v>                                -v                          MIRAS eq. 8 / 2
    lp     1/p sum |r|^p                             sign(r) |r|^(p-1)           MIRAS eqs. 10-12
    huber  1/2 r^2 near 0, a straight line beyond    r, cut off at delta         MIRAS eqs. 13-16
    shift  1/2 (|r| + delta)^2                       r (1 + delta / |r|)         MIRAS eq. 17

All are half losses, as in appendix C of Titans: 1/p in the place of MIRAS's 1, so that lp with p = 2
is l2, and no factor hides in the write rate. One of your own is a class with a `loss`; see
choice.py. Taught in chapters 01, 02 and 10.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.check import choose, positive
from titans_book.memory.choice import Choice

__all__ = ["L2", "Dot", "Huber", "Lp", "Objective", "Shift"]


@dataclass(frozen=True)
class Objective(Choice, kind="objective"):
    """`loss(answer, value)` per token, and `error(answer, value)`, its derivative by the answer.

    overshoots   whether too large a write rate makes the loss worse: then a write can be damped.
    separable    whether each feature has a loss of its own, so that features may be apart.
    needs        gates beside theta, eta and alpha that both functions take by name: ("delta",).

    >>> Objective.of("hinge")
    Traceback (most recent call last):
    ValueError: objective must be one of 'l2', 'dot', 'lp', 'huber', 'shift', got 'hinge'
    """

    overshoots: ClassVar[bool] = True
    separable: ClassVar[bool] = True

    @property
    def needs(self) -> tuple[str, ...]:
        return ()

    def loss(
        self, answer: Float[Tensor, "*token dim"], value: Float[Tensor, "*token dim"], **gates: Any
    ) -> Float[Tensor, "*token"]:
        raise NotImplementedError(f"{type(self).__name__} must say its loss(answer, value)")

    def error(
        self, answer: Float[Tensor, "*token dim"], value: Float[Tensor, "*token dim"], **gates: Any
    ) -> Float[Tensor, "*token dim"]:
        """By automatic differentiation of `loss`; a formula of your own is faster."""
        loss = self.loss
        return torch.func.grad(lambda answer: loss(answer, value, **gates).sum())(answer)


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


@dataclass(frozen=True)
class Lp(Objective, name="lp"):
    """1/p sum |M(k) - v|^p for any p >= 1 (MIRAS eqs. 10-12; Moneta has p = 3).

    Below 2 large errors count for less, above 2 for more. At p = 1 the error is a sign, which jumps
    at 0; it is smoothed to tanh(sharp r), the slope of log cosh(sharp r) / sharp (MIRAS, remark 5).
    `sharp` has an effect at p = 1 only. Raises ValueError for a p below 1.

    >>> Lp(p=3).error(torch.tensor([2.0, -3.0]), torch.zeros(2))
    tensor([ 4., -9.])
    """

    p: float = 3.0
    sharp: float = 100.0

    def __post_init__(self) -> None:
        positive("p", self.p)
        positive("sharp", self.sharp)
        if self.p < 1:
            raise ValueError(f"p must be at least 1, or the loss has no slope at 0, got {self.p!r}")
        if self.p != 1 and self.sharp != Lp.sharp:
            raise ValueError(f"sharp has an effect at p = 1 only: leave it out at p = {self.p!r}")

    def loss(self, answer: Tensor, value: Tensor) -> Tensor:
        r = answer - value
        if self.p == 1:
            far = (self.sharp * r).abs()  # log cosh x = |x| + log(1 + e^(-2 |x|)) - log 2
            return (far + torch.log1p(torch.exp(-2 * far)) - math.log(2)).sum(-1) / self.sharp
        return (r * signed_power(r, self.p - 1)).sum(-1) / self.p

    def error(self, answer: Tensor, value: Tensor) -> Tensor:
        r = answer - value
        return torch.tanh(self.sharp * r) if self.p == 1 else signed_power(r, self.p - 1)


@dataclass(frozen=True)
class Huber(Objective, name="huber"):
    """L2 for errors up to delta, L1 beyond (MIRAS eqs. 13-16; Yaad has on="switch").

    delta   where it bends; None: gates.delta says it for every token and head, as Yaad learns it.
    on      "coordinate": every feature is cut off at delta by itself (eq. 14).
            "norm": the error as a whole is cut off at the length delta, its direction kept (eq. 15).
            "switch": the error itself if it is no longer than delta, else delta times the sign of
            every feature (eqs. 16, 26). The error jumps there, so no loss without a jump has it.

    >>> Huber(1.0).error(torch.tensor([0.5, -3.0]), torch.zeros(2))
    tensor([ 0.5000, -1.0000])
    """

    delta: float | None = 1.0
    on: str = "coordinate"

    def __post_init__(self) -> None:
        choose("on", self.on, ("coordinate", "norm", "switch"))
        if self.delta is not None:
            positive("delta", self.delta)

    @property
    def separable(self) -> bool:  # type: ignore[override]
        return self.on == "coordinate"

    @property
    def needs(self) -> tuple[str, ...]:
        return ("delta",) if self.delta is None else ()

    def loss(self, answer: Tensor, value: Tensor, delta: Tensor | None = None) -> Tensor:
        r = answer - value
        delta = self.bend(r, delta)
        if self.on == "norm":
            r = length(r)
        inside, size = 0.5 * r.square(), r.abs()
        if self.on == "switch":
            beyond = delta * size.sum(-1, keepdim=True)
            return torch.where(length(r) <= delta, inside.sum(-1, keepdim=True), beyond)[..., 0]
        return torch.where(size <= delta, inside, delta * (size - 0.5 * delta)).sum(-1)

    def error(self, answer: Tensor, value: Tensor, delta: Tensor | None = None) -> Tensor:
        r = answer - value
        delta = self.bend(r, delta)
        if self.on == "coordinate":
            return torch.maximum(torch.minimum(r, delta), -delta)
        norm = length(r)
        beyond = r * (delta / norm.clamp(min=torch.finfo(r.dtype).tiny))
        return torch.where(norm <= delta, r, delta * r.sign() if self.on == "switch" else beyond)

    def bend(self, r: Tensor, delta: Tensor | None) -> Tensor:
        """The threshold of every token, ready to be compared with its errors."""
        return r.new_tensor(self.delta) if delta is None else delta[..., None]


@dataclass(frozen=True)
class Shift(Objective, name="shift"):
    """1/2 (|M(k) - v| + delta)^2: the worst case over values moved by up to delta (MIRAS eq. 17).

    Its error never becomes small: it writes at every token, however well the pair is known.

    >>> Shift(5.0).error(torch.tensor([3.0, 4.0]), torch.zeros(2))
    tensor([6., 8.])
    """

    separable = False
    delta: float = 0.1

    def __post_init__(self) -> None:
        positive("delta", self.delta)

    def loss(self, answer: Tensor, value: Tensor) -> Tensor:
        return 0.5 * (length(answer - value)[..., 0] + self.delta).square()

    def error(self, answer: Tensor, value: Tensor) -> Tensor:
        r = answer - value
        norm = length(r)
        return r + torch.where(norm > 0, self.delta * r / torch.where(norm > 0, norm, 1), 0)


def length(r: Tensor) -> Tensor:
    """|r| of every token, with a slope of 0 in the place of none at r = 0."""
    square = r.square().sum(-1, keepdim=True)
    return torch.where(square > 0, torch.where(square > 0, square, 1).sqrt(), 0)


def signed_power(x: Tensor, power: float) -> Tensor:
    """sign(x) |x|^power, with a slope of 0 in the place of none at x = 0.

    >>> signed_power(torch.tensor([-4.0, 0.0, 9.0]), 0.5)
    tensor([-2.,  0.,  3.])
    """
    there = x != 0
    size = torch.where(there, x.abs(), 1)
    return torch.where(there, x.sign() * size.pow(power), 0)
