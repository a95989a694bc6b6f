"""Reading a long text piece by piece: what the model says at each, with the state handed on."""

from collections.abc import Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor

from titans_book.check import whole
from titans_book.model.generation import Model, device_of


def pieces(
    model: Model, tokens: Int[Tensor, "batch time"], piece: int
) -> Iterator[Float[Tensor, "batch part vocab"]]:
    """The logits of `piece` tokens after the other, without gradients; the last may be shorter.

    Only one piece's logits and one state are held at a time. Raises ValueError if piece < 1.
    """
    whole("piece", piece, least=1)
    state, device = None, device_of(model)
    for part in tokens.split(piece, dim=1):
        with torch.no_grad():
            logits, state = model(part.to(device), state)
        yield logits
