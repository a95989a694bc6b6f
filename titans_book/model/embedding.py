"""The vocabulary of a model: one table of vectors, read in both directions."""

import torch.nn.functional as F
from torch import Tensor, nn


class Vocabulary(nn.Embedding):
    """Tokens in, their vectors out; vectors in, logits out: the head is the embedding.

    Both ways go through a call of this module, so whatever keeps its weight elsewhere until it is
    called (on a disk, on another device, in pieces) serves both.

    >>> import torch
    >>> words = Vocabulary(5, 2)
    >>> words(torch.tensor([[1, 4]])).shape, words(torch.zeros(1, 3, 2)).shape
    (torch.Size([1, 2, 2]), torch.Size([1, 3, 5]))
    """

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight) if x.is_floating_point() else super().forward(x)

    @classmethod
    def of(cls, embedding: nn.Embedding) -> "Vocabulary":
        """The same weight, and both directions."""
        made = cls(*embedding.weight.shape, device="meta")
        made.weight = embedding.weight
        return made
