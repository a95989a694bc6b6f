"""Write gates shut: what is left of a model whose memories stay as they were when a text began.

Taught in chapter 13.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import torch
from torch import nn

from titans_book.memory import Gates, NeuralMemory

__all__ = ["shut"]

WRITES = ("theta", "eta", "alpha", "erase", "write")


@contextmanager
def shut(model: nn.Module) -> Iterator[None]:
    """While it lasts, no NeuralMemory of the model writes or forgets: all of them stay at M_0.

    A model without a memory is as it was.

    >>> memory, x = NeuralMemory(8), torch.randn(1, 5, 8)
    >>> with shut(memory):
    ...     state = memory(x)[1]
    >>> torch.equal(state.memory.weights[0][0], memory.first_weights()[0])
    True
    """
    with ExitStack() as hooks:
        for part in model.modules():
            if isinstance(part, NeuralMemory):
                hooks.callback(part.gates.register_forward_hook(_closed).remove)
        yield


def _closed(_: nn.Module, __: tuple, gates: Gates) -> Gates:
    given = {name: getattr(gates, name) for name in WRITES}
    return replace(gates, **{n: torch.zeros_like(g) for n, g in given.items() if g is not None})
