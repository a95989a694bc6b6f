"""Training: a generator of events, and everything that decides its next step.

    loop         `train` on a text          on_tasks     `train_on` a synthetic task
    running      one run, start to leave    one_step     the gradient of a batch, and the step
    schedule     settings, rate, batches    order        which window is read when
    optimizer    what moves the weights     precision    autocast, and the scale of float16
    runs         a run's folder             checkpoints  files written whole or not at all
    log          log.jsonl                  tensorboard  the same events as curves
    team         many processes             sharding     FSDP2; shards: its files
    held_out     the score, shared          launching    many processes from a notebook
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
