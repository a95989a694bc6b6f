"""The block of a Titans model: mix along time, then think about each token.

    x = x + memory(norm(x))
    x = x + mlp(norm(x))          mlp(x) = (silu(x W_1) * x W_2) W_3

LMM is the memory alone in the first line (Titans section 4, "LMM"); residuals in all blocks are the
paper's section 4.4. Taught in chapters 09 and 13.
"""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from titans_book.memory import LayerState, NeuralMemory


class GatedMLP(nn.Module):
    """(silu(x W_1) * x W_2) W_3, the gated perceptron of Llama (Shazeer 2020, "SwiGLU")."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.up = nn.Linear(dim, 2 * hidden, bias=False)  # W_1 and W_2 side by side
        self.down = nn.Linear(hidden, dim, bias=False)

    def forward(self, x: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
        gate, value = self.up(x).chunk(2, dim=-1)
        return self.down(F.silu(gate) * value)


class LMMBlock(nn.Module):
    """Memory alone: a NeuralMemory and a gated MLP, each behind its own norm and residual.

    >>> import torch
    >>> block = LMMBlock(dim=16, hidden=32, memory=NeuralMemory(16))
    >>> y, state = block(torch.randn(2, 5, 16))
    >>> y.shape
    torch.Size([2, 5, 16])
    """

    def __init__(self, dim: int, hidden: int, memory: NeuralMemory) -> None:
        super().__init__()
        self.memory_norm, self.memory = nn.RMSNorm(dim), memory
        self.mlp_norm, self.mlp = nn.RMSNorm(dim), GatedMLP(dim, hidden)

    def forward(
        self,
        x: Float[Tensor, "batch time dim"],
        state: LayerState | None = None,
        trace: list | None = None,
    ) -> tuple[Float[Tensor, "batch time dim"], LayerState]:
        y, state = self.memory(self.memory_norm(x), state, trace)
        x = x + y
        return x + self.mlp(self.mlp_norm(x)), state
