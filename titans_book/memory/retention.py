"""Choice 3 of MIRAS, the retention gate: what is let go, and what the memory falls back to.

    M_t = O + keep_t (M_{t-1} - O) + S_t

    name      keep_t         O     source
    decay     1 - alpha_t    0     Titans eq. 13: alpha -> 0 keeps everything, alpha = 1 clears
    initial   1 - alpha_t    M_0   ours: what was read is forgotten, what was learned before is not
    none      1              -     Titans eq. 9: the memory only adds

Towards 0 a deep memory forgets how to store: its hidden layers come from M_0, and no token ever
writes them back. After a few thousand tokens its features are gone (chapter 05 shows it). So the
layers of a model forget towards M_0; `memorize` takes the paper's rule unless told otherwise.
Taught in chapters 04 and 05; chapter 10 adds the maps that act on M.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.memory.choice import Choice

__all__ = ["Decay", "Initial", "Keep", "Retention"]


@dataclass(frozen=True)
class Retention(Choice, kind="retention"):
    """How much of the memory each token keeps, and whether it falls back to M_0 or to 0.

    >>> Retention.of("decay").keep(torch.tensor([0.25]))
    tensor([0.7500])
    """

    to_initial = False  # O is M_0
    gated = True  # alpha has an effect

    def keep(self, alpha: Float[Tensor, "*batch time"]) -> Float[Tensor, "*batch time"]:
        """keep_t of every token, between 0 and 1."""
        return 1 - alpha


@dataclass(frozen=True)
class Decay(Retention, name="decay"):
    """Forget towards 0: M_t = (1 - alpha_t) M_{t-1} + S_t (Titans eq. 13)."""


@dataclass(frozen=True)
class Initial(Retention, name="initial"):
    """Forget towards M_0: M_t = M_0 + (1 - alpha_t) (M_{t-1} - M_0) + S_t."""

    to_initial = True


@dataclass(frozen=True)
class Keep(Retention, name="none"):
    """Keep everything: M_t = M_{t-1} + S_t (Titans eq. 9)."""

    gated = False

    def keep(self, alpha: Tensor) -> Tensor:
        return torch.ones_like(alpha)
