"""Choice 4 of MIRAS, the learning rule: what is done with the surprise u_t.

    name             S_t                         A_t                              source
    gradient         eta S_{t-1} - theta_t u_t   keep A_{t-1} + S_t               Titans eq. 14
    newton-schulz    eta S_{t-1} - u_t           keep A_{t-1} + theta_t NS(S_t)   ATLAS eqs. 32-33
    least-squares    -                           (H_t + ridge)^-1 G_t             Mesa
    kernel           -                           none: the pairs are kept         attention

With newton-schulz every matrix of S_t is first brought near to the nearest one whose singular
values are all 1, so what is written has the same size in every direction (Muon). The last two are
the limits of the family: the best matrix for all pairs so far, and no matrix at all. Momentum,
several steps for a token and the Omega window are fields of the Rule. Taught in chapters 10 and 11.
"""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from titans_book.check import positive, whole
from titans_book.memory.choice import Choice

__all__ = ["Gradient", "Kernel", "LeastSquares", "Learning", "NewtonSchulz", "newton_schulz"]

QUINTIC = (3.4445, -4.7750, 2.0315)  # Muon's: singular values between 0.7 and 1.2 after five steps


@dataclass(frozen=True)
class Learning(Choice, kind="learning"):
    """What is done with the surprise; see the top of this file.

    >>> Learning.of("newton-schulz")
    NewtonSchulz(steps=5)
    """

    gradual: ClassVar[bool] = True  # M_t is made of M_{t-1} and a gradient


@dataclass(frozen=True)
class Gradient(Learning, name="gradient"):
    """A step down the gradient, with momentum if the rule has it (Titans eqs. 8, 14)."""


@dataclass(frozen=True)
class NewtonSchulz(Learning, name="newton-schulz"):
    """A step along the momentum made orthogonal, as Muon and ATLAS do; `steps` of the iteration."""

    steps: int = 5

    def __post_init__(self) -> None:
        whole("steps", self.steps, least=1)


@dataclass(frozen=True)
class LeastSquares(Learning, name="least-squares"):
    """The best matrix for all pairs so far (Mesa; ATLAS's Omega rule with a window of everything).

        H_t = keep H_{t-1} + theta_t k_t^T k_t,   G_t = keep G_{t-1} + theta_t k_t^T v_t
        M_t = (H_t + ridge I)^-1 (G_t + ridge M_0)

    It costs a d x d system for every token: for small d. Raises ValueError for a ridge of 0, with
    which the first tokens have no single best matrix.
    """

    gradual = False
    ridge: float = 1.0

    def __post_init__(self) -> None:
        positive("ridge", self.ridge)


@dataclass(frozen=True)
class Kernel(Learning, name="kernel"):
    """No matrix: all pairs are kept, and the answer is their mean, weighted by likeness.

        y_t = sum_{i<=t} exp(scale q_t k_i) v_i / sum_{i<=t} exp(scale q_t k_i)

    the locally constant L2 fit of Nadaraya and Watson, which is softmax attention (Titans eq. 2).
    The state grows with the text. scale: None for 1 / sqrt(d).
    """

    gradual = False
    scale: float | None = None

    def __post_init__(self) -> None:
        if self.scale is not None:
            positive("scale", self.scale)


def newton_schulz(
    G: Float[Tensor, "*batch rows columns"],
    steps: int = 5,
    coefficients: tuple[float, float, float] = QUINTIC,
) -> Float[Tensor, "*batch rows columns"]:
    """G with all its singular values brought near 1: X <- a X + (b X X^T + c (X X^T)^2) X.

    X starts as G / |G|, whose singular values are at most 1. A matrix of zeros stays one. With
    Muon's coefficients five steps leave singular values between about 0.7 and 1.2, not exactly 1.

    >>> import torch
    >>> X = newton_schulz(torch.diag(torch.tensor([5.0, 1.0])))
    >>> bool(((X.diagonal() > 0.65) & (X.diagonal() < 1.25)).all())
    True
    """
    a, b, c = coefficients
    square = G.square().sum((-2, -1), keepdim=True)
    X = G * (square > 0) / (square + (square == 0)).sqrt()
    tall = G.shape[-2] > G.shape[-1]
    X = X.mT if tall else X
    for _ in range(whole("steps", steps, least=1)):
        gram = X @ X.mT
        X = a * X + (b * gram + c * gram @ gram) @ X
    return X.mT if tall else X
