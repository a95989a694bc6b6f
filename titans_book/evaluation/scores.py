"""Bits a token on a text, right answers on a task."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int, Integer
from torch import Tensor, nn

from titans_book.check import whole
from titans_book.model.generation import device_of
from titans_book.tasks.batch import IGNORED, TaskBatch


def bits(nats: float | int) -> float:
    """A loss in nats, such as cross-entropy, as bits.

    >>> round(bits(math.log(256)), 6)
    8.0
    """
    return nats / math.log(2)


def bits_per_token(
    model: nn.Module, tokens: Integer[Tensor, " total"], length: int, batch: int = 32
) -> float:
    """Bits a token when the text is read in windows of `length`, each with a fresh memory.

    Every token but the first is predicted once, from the tokens before it in its window. `model`
    maps (tokens, state) to (logits, state). For ASCII text as bytes: bits per character.
    """
    whole("length", length, least=1)
    whole("batch", batch, least=1)
    if len(tokens) < 2:
        raise ValueError(f"tokens must hold at least 2 tokens, got {len(tokens)}")
    device = device_of(model)
    starts = torch.arange(0, len(tokens) - 1, length)
    total = 0.0
    for some in starts.split(batch):
        rows = some[:, None] + torch.arange(length + 1)
        inside = rows[:, 1:] < len(tokens)
        rows = tokens[rows.clamp(max=len(tokens) - 1)].long().to(device)
        with torch.no_grad():
            logits, _ = model(rows[:, :-1], None)
        nats = F.cross_entropy(logits.transpose(1, 2), rows[:, 1:], reduction="none")
        total += nats[inside.to(device)].double().sum().item()
    return bits(total / (len(tokens) - 1))


def accuracy_asked(
    logits: Float[Tensor, "batch time vocab"], targets: Int[Tensor, "batch time"]
) -> Float[Tensor, ""]:
    """The share of right answers among the places where one is due (targets not IGNORED).

    Where nothing is asked there is no share: the result is nan.

    Taught in notebooks/07_learning_to_memorise.ipynb.
    """
    asked = targets != IGNORED
    return (logits.argmax(-1) == targets)[asked].float().mean()


def accuracy(model: nn.Module, task: TaskBatch) -> float:
    """The share of questions that a model answers right, all sequences read at once.

    `model` maps tokens to (logits, state).
    """
    device = device_of(model)
    with torch.no_grad():
        logits, _ = model(task.inputs.to(device))
    return accuracy_asked(logits, task.targets.to(device)).item()
