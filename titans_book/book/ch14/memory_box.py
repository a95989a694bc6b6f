"""The last boxes of chapter 14: gates that are trained alone, and the surest of several answers."""

from __future__ import annotations

from jaxtyping import Float, Int
from torch import Tensor

from titans_book.book.ch14.finders import haystacks
from titans_book.model import TitansLM
from titans_book.training.on_tasks import Descent, train_on

__all__ = ["surest", "train_gates"]


def train_gates(model: TitansLM, steps: int = 30, length: int = 512, rows: int = 8) -> int:
    """Train the gates of all memories on longer haystacks, and nothing else; how many weights.

    The other weights are frozen, and stay so. With steps=0 nothing is trained.
    """
    for name, weight in model.named_parameters():
        weight.requires_grad_(".memory.gates." in name)
    if steps:
        settings = Descent(steps=steps, learning_rate=1e-2, warmup=5, weight_decay=0.0)
        for _ in train_on(
            model, lambda step: haystacks(length, rows=rows, seed=777_000 + step), settings
        ):
            pass
    model.eval()
    return sum(weight.numel() for weight in model.parameters() if weight.requires_grad)


def surest(chances: Float[Tensor, "memories rows vocab"]) -> Int[Tensor, " rows"]:
    """The likeliest answer of the memory that gives any answer the highest probability.

    >>> import torch
    >>> surest(torch.tensor([[[0.6, 0.4]], [[0.1, 0.9]]]))
    tensor([1])
    """
    return chances.amax(0).argmax(-1)
