"""Retention gates whose memory is a function of what it has gathered: M_t = retain(A_t).

Gradient descent measures how far the memory moves by L2. Another measure R of its size makes each
step a mirror step: A gathers the gradients in the dual space, and M is the point at which R's slope
is A (MIRAS, section on retention gates). Where `retain` is written here, `start` is its inverse if
the paper's recurrence is one of M, or the identity if it is one of A.

A is a linear recurrence, so a chunk gathers as fast as ever (chunked.py). `retain` acts at the ends of
chunks, as MIRAS has it (section on parallel training): inside a chunk M stays what it was at its
start, and A alone moves. With chunk = 1 that is the recurrence above; with at="token" it is for any
chunk, a few times slower (dense.py). Taught in chapter 10.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from titans_book.check import choose, positive
from titans_book.memory.objective import signed_power
from titans_book.memory.retention import Retention
from titans_book.values import extremes

__all__ = ["KL", "ElasticNet", "Lq", "Sigmoid"]


@dataclass(frozen=True)
class _Map(Retention):
    """What the maps have in common.

    toward   what A falls back to as it is forgotten: "zero", or "initial" for A_0.
    at       when M becomes retain(A): at the end of every "chunk", or at every "token".
    """

    maps = True
    toward: str = "zero"
    at: str = "chunk"

    def __post_init__(self) -> None:
        choose("toward", self.toward, ("zero", "initial"))
        choose("at", self.at, ("chunk", "token"))

    @property
    def to_initial(self) -> bool:  # type: ignore[override]
        return self.toward == "initial"


@dataclass(frozen=True)
class Lq(_Map, name="lq"):
    """Lq stability, the retention of Moneta (MIRAS eq. 24), for every layer as a whole.

        mirror    M = (p - 1) sign(A) |A|^(q-1) / |A|_q^(q-2),  p = q / (q - 1)
        printed   M = A / |A|_q^(q-2)

    q is the dual exponent: M minimises <-A, M> + |M|_p^2 / (2 (p - 1)), of degree 1 in A; q = 2 is
    the identity. The printed map lacks the power of every element, so its degree is 3 - q: for
    Moneta's q = 4 half of what was gathered makes the memory twice as large. M_0 is taken as A_0,
    since the paper's recurrence is one of A. Raises ValueError for a q of 1 or below.

    >>> Lq(q=4).retain(torch.tensor([[2.0, 0.0]]))
    tensor([[0.6667, 0.0000]])
    """

    q: float = 4.0
    map: str = "mirror"

    def __post_init__(self) -> None:
        super().__post_init__()
        choose("map", self.map, ("mirror", "printed"))
        if not positive("q", self.q) > 1:
            raise ValueError(f"q must be above 1, got {self.q!r}")

    def gain(self, rows: int, columns: int) -> float:
        return 1.0 if self.q == 2 else (rows * columns) ** -0.5

    def retain(self, gathered: Tensor) -> Tensor:
        most = gathered.detach().abs().amax((-2, -1), keepdim=True)
        most = torch.where(most > 0, most, 1)  # so that no power overflows
        share = gathered / most
        total = signed_power(share, self.q - 1).mul(share).sum((-2, -1), keepdim=True)
        norm = torch.where(total > 0, total, 1) ** (1 / self.q)
        if self.map == "printed":
            return share * norm ** (2 - self.q) * most ** (3 - self.q)
        return (most * norm / (self.q - 1)) * signed_power(share / norm, self.q - 1)


@dataclass(frozen=True)
class KL(_Map, name="kl"):
    """KL divergence on the simplex, the retention of Memora (MIRAS eqs. 19-21, 27).

        A_t = (1 - alpha_t) A_{t-1} - theta_t u_t,   M = scale softmax(A) over the inputs

    which is M_t = scale softmax((1 - alpha_t) log M_{t-1} - theta_t u_t): what the softmax divides
    by is one number a column, and the next softmax takes it out again. So every output of a layer
    is a mixture of its inputs with weights that add up to `scale`. A network with signed=True also
    sees -h: then it can hold any map. M_0 must be positive.

    >>> KL(scale=2.0).retain(torch.zeros(4, 1)).flatten()
    tensor([0.5000, 0.5000, 0.5000, 0.5000])
    """

    scale: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("scale", self.scale)

    def start(self, weights: Sequence[Tensor]) -> tuple[Tensor, ...]:
        _between(weights, 0, torch.inf, self.name)
        return tuple(W.log() for W in weights)

    def first(self, weights: Sequence[Tensor], gathered: Sequence[Tensor]) -> tuple[Tensor, ...]:
        return tuple(weights)

    def retain(self, gathered: Tensor) -> Tensor:
        return self.scale * torch.softmax(gathered, dim=-2)

    def free(self, raw: Tensor) -> Tensor:
        return self.retain(raw)

    def gain(self, rows: int, columns: int) -> float:
        return self.scale / rows

    def settle(self, gathered: Tensor, used: Tensor) -> Tensor:
        """Without the number of every column that softmax does not see: it would grow for ever."""
        return gathered - gathered.detach().amax(-2, keepdim=True)


@dataclass(frozen=True)
class ElasticNet(_Map, name="elastic-net"):
    """A soft threshold: small weights are exactly 0, the others are smaller by `threshold`.

        M = S(A),   S(z) = sign(z) max(0, |z| - threshold)

    form   "dual": A goes on as it is (MIRAS eq. 23). "proximal": behind every chunk A goes on from
           M, so that what was cut off is forgotten (eq. 22 at chunk = 1).

    >>> ElasticNet(threshold=0.5).retain(torch.tensor([[2.0, 0.25]]))
    tensor([[1.5000, 0.0000]])
    """

    threshold: float = 0.01
    form: str = "dual"

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("threshold", self.threshold)
        choose("form", self.form, ("dual", "proximal"))

    def retain(self, gathered: Tensor) -> Tensor:
        return torch.nn.functional.softshrink(gathered, self.threshold)

    def settle(self, gathered: Tensor, used: Tensor) -> Tensor:
        return used if self.form == "proximal" else gathered


@dataclass(frozen=True)
class Sigmoid(_Map, name="sigmoid"):
    """Every weight between 0 and 1: M = sigmoid(A) (MIRAS, the Bregman divergence of the entropy).

    Forgetting towards 0 in A is forgetting towards 1/2 in M. M_0 must lie between 0 and 1.

    >>> Sigmoid().retain(torch.zeros(1, 1))
    tensor([[0.5000]])
    """

    def start(self, weights: Sequence[Tensor]) -> tuple[Tensor, ...]:
        _between(weights, 0, 1, self.name)
        return tuple(torch.logit(W) for W in weights)

    def first(self, weights: Sequence[Tensor], gathered: Sequence[Tensor]) -> tuple[Tensor, ...]:
        return tuple(weights)

    def retain(self, gathered: Tensor) -> Tensor:
        return torch.sigmoid(gathered)

    def free(self, raw: Tensor) -> Tensor:
        return torch.sigmoid(raw)

    def gain(self, rows: int, columns: int) -> float:
        return 0.25


def _between(weights: Sequence[Tensor], least: float, most: float, name: str) -> None:
    """Raise ValueError unless every weight lies between, ends excluded, where one can look."""
    for layer, W in enumerate(weights):
        seen: Any = extremes(W)
        if seen and not (least < seen[0] and seen[1] < most):
            raise ValueError(
                f"weights[{layer}] must lie between {least} and {most}, ends excluded, with "
                f"retention {name!r}; got values from {seen[0]:g} to {seen[1]:g}"
            )
