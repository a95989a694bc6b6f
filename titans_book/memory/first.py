"""M_0: what a memory is before its first token, learned by the outer loop.

Taught in chapters 05 and 07.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from titans_book.memory.rule import Rule


class FirstWeights(nn.ParameterList):
    """One tensor a layer, (heads, d_in, d_out). Called for them, so that offloaded ones come.

    The hidden layers start so that a unit key reaches every sigma with a spread of 1/2, where it
    bends; the last layer starts at zero, so that nothing is remembered.
    """

    __call__ = nn.Module.__call__

    def __init__(self, rule: Rule, heads: int, sizes: Sequence[tuple[int, int]]) -> None:
        super().__init__(torch.empty(heads, *size) for size in sizes)
        self.rule, self.sizes = rule, sizes
        if rule.learning.name == "kernel":  # it has no matrix to begin with
            self.requires_grad_(False)

    def forward(self) -> list[Tensor]:
        return [self.rule.retention.free(W) for W in self]

    def reset_parameters(self) -> None:
        """Draw all layers afresh, whatever they were."""
        network = self.rule.network
        hidden = list(self)[:-1] if network.layers > 1 else []
        for W, size in zip(hidden, network.spreads(self.sizes), strict=False):
            nn.init.normal_(W, std=0.5 * size**-0.5)
            with torch.no_grad():
                W.copy_(self.rule.retention.bound(W))
        nn.init.zeros_(self[-1])
