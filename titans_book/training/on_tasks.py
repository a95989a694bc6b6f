"""Training on tasks, as a generator of events: fresh sequences at every step, answers asked for.

    for event in train_on(model, lambda step: mqar(32, pairs=4, seed=step), Descent(steps=150)):
        print(event.step, event.loss, event.accuracy)

The loss is the cross entropy at the places where something is due, and nowhere else. No sequence
comes twice, so there is nothing to learn by heart: what a model gains here is a way of reading.
Taught in chapter 07.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch.nn.functional as F
from torch import nn

from titans_book.evaluation import accuracy_asked
from titans_book.model.generation import device_of
from titans_book.tasks.batch import IGNORED, TaskBatch
from titans_book.training.errors import TrainingError
from titans_book.training.optimizer import Chosen, differentiate, new_optimizer
from titans_book.training.schedule import Descent

__all__ = ["Descent", "TaskStep", "TrainingError", "train_on"]


@dataclass(frozen=True)
class TaskStep:
    """One outer step. loss in nats a question; accuracy: the share of questions answered right.

    Both are those of this step's batch before the step: a batch that the model had never seen.
    """

    step: int
    steps: int
    loss: float
    accuracy: float
    learning_rate: float
    gradient_norm: float


def train_on(
    model: nn.Module,
    draw: Callable[[int], TaskBatch],
    settings: Descent,
    *,
    optimizer: Chosen = None,
) -> Iterator[TaskStep]:
    """Train a model on draw(0), draw(1), ... and yield what happens; stop listening to stop.

    model   maps tokens to (logits, state).
    draw    the batch of a step; the same step should give the same batch, so that a run can be
            repeated: let it choose its seed by the step.
    optimizer   another one than AdamW: its name, itself, or a function that makes it of the model.

    Raises ValueError for a batch in which nothing is asked, TrainingError if the loss or the
    gradient is NaN or inf. The weights then are those of the last good step.
    """
    optimizer = new_optimizer(model, settings, optimizer)
    device = device_of(model)
    model.train()
    for step in range(settings.steps):
        task = draw(step)
        if not task.asked.any():
            raise ValueError(f"draw({step}) asks for nothing: every target is {IGNORED}")
        inputs, targets = task.inputs.to(device), task.targets.to(device)
        logits, _ = model(inputs)
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED)
        right = accuracy_asked(logits, targets).item()
        rate, norm = differentiate(model, optimizer, loss, step, settings)
        optimizer.step()
        yield TaskStep(step + 1, settings.steps, loss.item(), right, rate, norm)
