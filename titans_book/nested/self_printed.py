"""(90) as it is printed: what self-modifying Titans would be if a chunk could read its own end.

The printed index of the memory that token t asks is C ceil(t / C), the end of the token's own
chunk. That memory holds tokens after t, so the answer leaks them; and for k and v it asks a memory
that does not exist before they are made. This file does with the answer what is printed and leaves
all else causal, to show the leak; no model uses it. Taught in chapter 12.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.memory.network import Network
from titans_book.memory.pieces import lengths_of, split
from titans_book.nested.self_modifying import self_modify
from titans_book.nested.self_rules import Options

__all__ = ["self_modify_printed"]


def self_modify_printed(
    x: Float[Tensor, "batch heads time dim"],
    q: Float[Tensor, "batch heads time dim"],
    weights: Mapping[str, Sequence[Tensor]],
    **options: Any,
) -> Float[Tensor, "batch heads time dim"]:
    """y_t of the memory at the end of t's own chunk, Nested Learning (90) as printed: it leaks.

    >>> x, eye = torch.eye(2).view(1, 1, 2, 2), torch.eye(2)[None]
    >>> weights = {name: [eye] for name in ("k", "eta", "alpha", "memory")} | {"v": [-eye]}
    >>> y = self_modify_printed(x, x, weights, chunk=2)
    >>> x[..., 1, :] = 0.0  # the second token is another one ...
    >>> bool((self_modify_printed(x, x, weights, chunk=2) == y)[..., 0, :].all())  # ... in its past
    False
    """
    how, state, answers = Options(**options), None, []
    net = Network(len(weights["memory"]), how.activation)
    lengths = lengths_of(x.shape[2], how.chunk, 0)
    for tokens, asked in zip(split(x, lengths), split(q, lengths), strict=True):
        _, state = self_modify(tokens, asked, weights, state=state, **options)
        answers.append(net(state.memories["memory"], asked))
    return torch.cat(answers, dim=2) if answers else torch.zeros_like(x)
