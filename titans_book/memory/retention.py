"""Choice 3 of MIRAS, the retention gate: what is let go, and what the memory falls back to.

    A_t = O + keep_t (A_{t-1} - O) + S_t          what is gathered
    M_t = retain(A_t)                             what is used (maps.py: at chunk ends)

    name          keep_t                O          retain            source
    decay         1 - alpha_t           0          A                 Titans eq. 13
    initial       1 - alpha_t           M_0        A                 ours (chapter 05)
    none          1                     -          A                 Titans eq. 9
    local-global  1/(1+strength theta)  0          A                 MIRAS: local + global L2
    lq            1 - alpha_t           0 or A_0   power, normed     MIRAS eq. 24 (Moneta)
    kl            1 - alpha_t           0 or A_0   c softmax         MIRAS eqs. 19-21, 27 (Memora)
    elastic-net   1 - alpha_t           0 or A_0   soft threshold    MIRAS eqs. 22-23
    sigmoid       1 - alpha_t           0 or A_0   sigmoid           MIRAS, Bregman divergence

Where `retain` is not the identity, maps.py says what it is. Towards 0 a deep memory forgets how to
store: its hidden layers come from M_0, and no token ever writes them back. After a few thousand
tokens its features are gone (chapter 05 shows it). So the layers of a model forget towards M_0;
`memorize` takes the paper's rule unless told otherwise. Taught in chapters 04, 05 and 10.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.check import flag, positive
from titans_book.memory.choice import Choice

__all__ = ["Decay", "Initial", "Keep", "LocalGlobal", "Retention"]


@dataclass(frozen=True)
class Retention(Choice, kind="retention"):
    """How much of the memory each token keeps, and what the memory is of what it has gathered.

    >>> Retention.of("decay").keep(torch.tensor([0.25]))
    tensor([0.7500])
    """

    to_initial: ClassVar[bool] = False  # O is what the memory began with
    gated: ClassVar[bool] = True  # alpha has an effect
    maps: ClassVar[bool] = False  # M is not A itself: the state holds A too
    at: ClassVar[str] = "token"  # when M becomes retain(A): at every token, or at a chunk's end
    channels: ClassVar[bool] = False  # alpha has one number for each feature of the key
    steady: ClassVar[bool] = False  # a layer's alpha is one number a head, whatever it reads

    def keep(self, alpha: Float[Tensor, "*batch time"]) -> Float[Tensor, "*batch time"]:
        """keep_t of every token, between 0 and 1."""
        return 1 - alpha

    def rates(self, theta: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
        """(theta_t, keep_t): how fast is written and what is kept, where one depends on the other.

        >>> Retention.of("decay").rates(torch.ones(1), torch.zeros(1))
        (tensor([1.]), tensor([1.]))
        """
        return theta, self.keep(alpha)

    def start(self, weights: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """A_0, from the M_0 that a memory is given."""
        return tuple(weights)

    def first(self, weights: Sequence[Tensor], gathered: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """The memory before the first token, from the M_0 that it is given and A_0."""
        return tuple(map(self.retain, gathered))

    def retain(self, gathered: Tensor) -> Tensor:
        """M = retain(A), for one layer, (..., d_in, d_out)."""
        return gathered

    def free(self, raw: Tensor) -> Tensor:
        """M_0 of a layer of the network, from a parameter that may hold any numbers."""
        return raw

    def bound(self, W: Tensor) -> Tensor:
        """The parameter of a layer with which the memory starts at about W: undoes `free`."""
        return W / self.gain(*W.shape[-2:])

    def gain(self, rows: int, columns: int) -> float:
        """How far M moves for a step of A, about, at the start: a layer's write rate is over it."""
        return 1.0

    def settle(self, gathered: Tensor, used: Tensor) -> Tensor:
        """A as it goes on behind a chunk, from A and M = retain(A)."""
        return gathered


@dataclass(frozen=True)
class _Gate(Retention):
    """What decays by gates has in common.

    channels   alpha has one number for each feature of the key, (B, H, T, d), so that every row of
               a matrix memory decays by itself (GLA, KDA). For networks of one layer.
    steady     in a layer, alpha is one learned number a head instead of a function of the token
               (RetNet, lightning attention). `memorize` takes the alpha that it is given.
    """

    channels: bool = False  # type: ignore[misc]
    steady: bool = False  # type: ignore[misc]

    def __post_init__(self) -> None:
        flag("channels", self.channels)
        flag("steady", self.steady)


@dataclass(frozen=True)
class Decay(_Gate, name="decay"):
    """Forget towards 0: M_t = (1 - alpha_t) M_{t-1} + S_t (Titans eq. 13)."""


@dataclass(frozen=True)
class Initial(_Gate, name="initial"):
    """Forget towards M_0: M_t = M_0 + (1 - alpha_t) (M_{t-1} - M_0) + S_t."""

    to_initial = True


@dataclass(frozen=True)
class Keep(Retention, name="none"):
    """Keep everything: M_t = M_{t-1} + S_t (Titans eq. 9)."""

    gated = False

    def keep(self, alpha: Tensor) -> Tensor:
        return torch.ones_like(alpha)


@dataclass(frozen=True)
class LocalGlobal(Retention, name="local-global"):
    """Stay near M_{t-1}, and near 0: the minimum of the step's objective, in closed form.

        M_t = argmin_M <M, u_t> + 1/(2 theta_t) |M - M_{t-1}|^2 + strength/2 |M|^2
            = keep_t (M_{t-1} - theta_t u_t),   keep_t = 1 / (1 + strength theta_t)

    So what is forgotten depends on how much is written (MIRAS's learning-retaining view, D and G
    both L2); alpha has no effect. Without momentum only.
    """

    gated = False
    strength: float = 0.01

    def __post_init__(self) -> None:
        positive("strength", self.strength)

    def rates(self, theta: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
        keep = 1 / (1 + self.strength * theta)
        return keep * theta, keep
