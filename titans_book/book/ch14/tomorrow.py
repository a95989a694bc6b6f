"""A passage that is read today and tomorrow: the state in between, and what a word costs."""

from __future__ import annotations

import math
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from titans_book.model import TitansLM

__all__ = ["bits", "state_after"]


@torch.no_grad()
def state_after(model: TitansLM, passage: Int[Tensor, " words"]) -> Any:
    """The state of a model that has read a passage."""
    return model(passage[None])[1]


@torch.no_grad()
def bits(model: TitansLM, passage: Int[Tensor, " words"], state: Any = None) -> float:
    """What a word of the passage costs, in bits, read on from a state; the first is not counted."""
    logits, _ = model(passage[None, :-1], state)
    cost = -logits[0].log_softmax(-1).gather(1, passage[1:, None]).mean()
    return float(cost) / math.log(2)
