"""Choice 3 of MIRAS, the retention gate: what does the memory let go?

    A_t = keep_t A_{t-1} + S_t

    name    keep_t         source
    decay   1 - alpha_t    Titans eq. 13: alpha -> 0 keeps everything, alpha = 1 clears the memory
    none    1              Titans eq. 9: the memory only adds

Taught in chapter 04; chapter 10 adds the maps that act on A_t.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from titans_book.check import choose

Retention = Callable[[Tensor], Tensor]

RETENTIONS: dict[str, Retention] = {
    "decay": lambda alpha: 1 - alpha,
    "none": torch.ones_like,
}


def resolve(retention: str) -> Retention:
    """The function alpha -> keep of that name.

    >>> resolve("decay")(torch.tensor([0.25]))
    tensor([0.7500])
    """
    choose("retention", retention, RETENTIONS)
    return RETENTIONS[retention]
