"""The plan of a training run: its settings, its learning rate at every step, its batches.

Everything here is a function of the settings and the step, so a run can be taken up at any step
without remembering how it got there. Taught in chapters 07 and 13.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Int, Integer
from torch import Tensor

from titans_book.check import choose, number, plain, whole
from titans_book.training.order import epoch

PRECISIONS = ("full", "bf16", "fp16")


@dataclass(frozen=True)
class Descent:
    """How to go downhill. Raises ValueError naming the field, its value and what is allowed.

    steps            optimizer steps in all.
    learning_rate    at the top of the schedule; it ends at `final` times that.
    warmup           steps until the top.
    weight_decay     AdamW's, on all that has two axes or more: matrices, taps, M_0. For another
                     optimizer by name it is scaled to the size of its rates.
    clip             largest norm of the gradient.
    """

    steps: int = 1000
    learning_rate: float = 4e-3
    final: float = 0.1
    warmup: int = 50
    weight_decay: float = 0.1
    clip: float = 1.0

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            object.__setattr__(self, name, plain(getattr(self, name)))
        whole("steps", self.steps, least=1)
        whole("warmup", self.warmup, least=0)
        for name, most in {"learning_rate": 1, "final": 1, "weight_decay": 1, "clip": 1e9}.items():
            value = getattr(self, name)
            zero_allowed = name in ("final", "weight_decay")
            if not (number(value) and 0 <= value <= most) or (value == 0 and not zero_allowed):
                least = "at least 0" if zero_allowed else "above 0"
                raise ValueError(f"{name} must be {least} and at most {most:g}, got {value!r}")


@dataclass(frozen=True)
class TrainingSettings(Descent):
    """How to train on a text: a Descent, and how the text is read. Raises ValueError as it does.

    batch, length    sequences a step, and tokens in each.
    accumulate       parts that the batch is read in, one after the other: memory for a part is
                     enough, and the step is the same to rounding.
    label_smoothing  share of every target that is spread over all tokens while training. Held-out
                     scores know none of it.
    precision        "full": everything in the dtype of the weights. "bf16" or "fp16": matrix
                     products in 16 bits, weights and memories in float32; fp16 scales its loss.
    seed             of the order in which the text is read.
    evaluate_every   steps between two looks at the held-out text; 0 for the end only.
    save_every       steps between two checkpoints (given a folder); 0 for the end only.
    watch_every      steps between two snapshots of the memories; 0 for none.

    A run that is resumed may have other accumulate, evaluate_every, save_every and watch_every.
    """

    batch: int = 8
    length: int = 128
    accumulate: int = 1
    label_smoothing: float = 0.0
    precision: str = "full"
    seed: int = 0
    evaluate_every: int = 100
    save_every: int = 100
    watch_every: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        whole("batch", self.batch, least=1)
        whole("length", self.length, least=2)
        whole("accumulate", self.accumulate, least=1)
        if self.batch % self.accumulate:
            raise ValueError(
                f"accumulate must divide batch={self.batch} into equal parts, got {self.accumulate}"
            )
        if not number(self.label_smoothing) or not 0 <= self.label_smoothing < 1:
            raise ValueError(
                f"label_smoothing must be at least 0 and below 1, got {self.label_smoothing!r}"
            )
        choose("precision", self.precision, PRECISIONS)
        for name in ("seed", "evaluate_every", "save_every", "watch_every"):
            whole(name, getattr(self, name), least=0)
        if self.seed >= 2**43:  # `windows` makes a larger number of it, below 2**64
            raise ValueError(f"seed must be below 2**43, got {self.seed}")


def learning_rate(step: int, settings: Descent) -> float:
    """Linear warm-up, then a cosine down to `final` times the top. `step` counts from 0.

    >>> s = Descent(steps=100, warmup=10, learning_rate=1e-3)
    >>> round(learning_rate(0, s), 6), learning_rate(10, s), round(learning_rate(99, s), 6)
    (0.0001, 0.001, 0.0001)
    """
    top, warmup = settings.learning_rate, settings.warmup
    if step < warmup:
        return top * (step + 1) / warmup
    progress = (step - warmup) / max(1, settings.steps - 1 - warmup)
    cosine = 0.5 * (1 + math.cos(math.pi * progress))
    return top * (settings.final + (1 - settings.final) * cosine)


def windows(
    tokens: Integer[Tensor, " total"], step: int, settings: TrainingSettings
) -> Int[Tensor, "batch length_plus_one"]:
    """The batch of one step: inputs and targets in one row of length + 1 tokens.

    Each epoch shifts the text by a random offset, cuts it into windows and shuffles them. The batch
    depends on (seed, step) alone, so the place in the text needs no memory of its own. The text may
    be mapped from a disk (titans_book/tasks/streaming.py): only these windows of it are read.
    """
    length = settings.length
    per_epoch = max(1, (len(tokens) - length) // length - 1)
    rows = torch.arange(step * settings.batch, (step + 1) * settings.batch)
    starts = torch.empty_like(rows)
    spare = len(tokens) - 1 - per_epoch * length
    for turn in torch.unique(rows // per_epoch).tolist():
        place, offset = epoch(per_epoch, spare, settings.seed * 1_000_003 + turn)
        mine = rows // per_epoch == turn
        starts[mine] = offset + length * place(rows[mine] % per_epoch)
    return tokens[starts[:, None] + torch.arange(length + 1)].long()
