"""Tasks at any length: what is still found when the text grows beyond that of the training?

Taught in chapters 09 and 14.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from titans_book.evaluation.pieces import Model, pieces
from titans_book.tasks.batch import TaskBatch

PIECE = 512  # tokens read at a time


@dataclass(frozen=True)
class LengthTable:
    """Shares of right answers, 0 to 1, by length of the text and, in a needle grid, by depth.

    depths      where the needle was, 0 at the beginning and 1 at the end; () if it was anywhere.
    lengths     tokens of a sequence.
    accuracy    the share of answers that were right, token by token.
    whole       the share of sequences in which every answer was right: what a model that writes its
                likeliest tokens would have written without a fault.
    sequences   how many were read for each number.
    """

    depths: tuple[float | int, ...]
    lengths: tuple[int, ...]
    accuracy: Float[Tensor, "*depths lengths"]
    whole: Float[Tensor, "*depths lengths"]
    sequences: Int[Tensor, "*depths lengths"]


def answers(
    model: Model, tokens: Int[Tensor, "batch time"], piece: int = PIECE
) -> Int[Tensor, "batch time"]:
    """The likeliest token after every token, on the CPU, read `piece` tokens at a time."""
    return torch.cat([logits.argmax(-1).cpu() for logits in pieces(model, tokens, piece)], dim=1)


def needle_grid(
    model: Model,
    draw: Callable[[float, int], TaskBatch],
    depths: Sequence[float | int],
    lengths: Sequence[int],
    piece: int = PIECE,
) -> LengthTable:
    """What a model finds, for every depth of the needle and every length of the haystack.

    draw: the batch for a depth and a length, such as
    `lambda depth, length: needle(50, time=length, depth=depth, seed=1)`.
    Raises ValueError if draw gives another length, or asks for nothing.
    """
    rows = [[_read(model, draw(d, n), n, piece) for n in lengths] for d in depths]
    return LengthTable(tuple(depths), tuple(lengths), *_columns(rows))


def accuracy_by_length(
    model: Model,
    draw: Callable[[int], TaskBatch],
    lengths: Sequence[int],
    piece: int = PIECE,
) -> LengthTable:
    """The same for any task without a depth. draw: the batch for a length.

    Raises ValueError if draw gives another length, or asks for nothing.
    """
    row = [_read(model, draw(n), n, piece) for n in lengths]
    return LengthTable((), tuple(lengths), *_columns(row))


def _read(model: Model, task: TaskBatch, length: int, piece: int) -> tuple[float, float, int]:
    """Accuracy, whole and sequences of one batch."""
    if task.inputs.shape[1] != length:
        raise ValueError(f"draw must give {length} tokens a row, got {task.inputs.shape[1]}")
    if not task.asked.any(1).all():
        raise ValueError(f"draw must ask for something in every row of length {length}")
    right: Bool[Tensor, "batch time"] = answers(model, task.inputs, piece) == task.targets
    whole = (right | ~task.asked).all(1)
    return right[task.asked].float().mean().item(), whole.float().mean().item(), len(whole)


def _columns(cells: list) -> tuple[Tensor, Tensor, Tensor]:
    accuracy, whole, sequences = torch.tensor(cells).unbind(-1)
    return accuracy, whole, sequences.long()
