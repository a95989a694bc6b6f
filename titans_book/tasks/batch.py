"""What every task gives: a batch of sequences of tokens, and what is due after each token.

Taught in chapter 07, where the first task is.
"""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Bool, Int
from torch import Tensor

__all__ = ["IGNORED", "TaskBatch"]

IGNORED = -100  # the target of a token that asks for nothing; PyTorch's cross entropy skips it


@dataclass(frozen=True)
class TaskBatch:
    """A batch of sequences. targets[b, t] is the token that is due after token t, or IGNORED.

    >>> import torch
    >>> task = TaskBatch(torch.tensor([[5, 9, 0, 5]]), torch.tensor([[-100, -100, -100, 9]]))
    >>> task.asked
    tensor([[False, False, False,  True]])
    """

    inputs: Int[Tensor, "batch time"]
    targets: Int[Tensor, "batch time"]

    @property
    def asked(self) -> Bool[Tensor, "batch time"]:
        """Where something is due."""
        return self.targets != IGNORED
