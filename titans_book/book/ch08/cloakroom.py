"""An evening at the cloakroom, for chapters 08 and 09: numbers are keys, coats are values.

Both are random directions. At the end everybody wants his coat back, and the length of the error
says how wrong an answer is: 0 is the right coat, 1 is silence, about 1.4 a stranger's coat.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["coats", "mean_error"]


def coats(seed: int, guests: int = 48, d: int = 16) -> Float[Tensor, "2 guests d"]:
    """Numbers and coats of an evening, each of length 1, the first guest first.

    >>> number, coat = coats(0)
    >>> number.shape, coat.shape
    (torch.Size([48, 16]), torch.Size([48, 16]))
    """
    drawn = torch.randn(2, guests, d, generator=torch.Generator().manual_seed(seed)).double()
    return torch.nn.functional.normalize(drawn, dim=-1)


def mean_error(
    answer: Callable[[Tensor, Tensor], Tensor], evenings: int = 20, **evening: int
) -> Float[Tensor, " guests"]:
    """The length of the error for each guest, the latest first, as a mean over the evenings.

    answer(k, v): an evening's numbers and coats, (guests, d) each; what is handed out to each.
    """
    drawn = [coats(seed, **evening) for seed in range(evenings)]
    wrong = [(answer(k, v) - v).norm(dim=1) for k, v in drawn]
    return torch.stack(wrong).mean(0).flip(0)
