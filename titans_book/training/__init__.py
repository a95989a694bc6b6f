"""Training: a generator of events, and everything that decides its next step.

    loop         `train` on a text          on_tasks     `train_on` a synthetic task
    schedule     settings, rate, batches    optimizer    one step of the outer loop
    runs         a run's folder             checkpoints  files written whole or not at all
    packing      any optimizer's state as tensors and JSON

Taught in chapters 07 and 13.
"""

from titans_book.training import log
from titans_book.training.errors import TrainingError
from titans_book.training.events import LOOKED_AT, Evaluated, Saved, Snapshot, Step
from titans_book.training.loop import Training, train
from titans_book.training.runs import load_checkpoint
from titans_book.training.schedule import TrainingSettings

__all__ = [
    "LOOKED_AT",
    "Evaluated",
    "Saved",
    "Snapshot",
    "Step",
    "Training",
    "TrainingError",
    "TrainingSettings",
    "load_checkpoint",
    "log",
    "train",
]
