"""One training of a comparison: until nothing more is learned, or until its time is up.

Every contestant has as many processor seconds as the others. The learning rate rises for a few
steps, stays, and falls to 0 in the last part of the time; once the loss is flat that part begins at
once. Only what is spent on learning counts: a clock that stands still while a model is read.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import mean
from time import process_time

from torch import nn
from torch.optim import Optimizer

from titans_book.check import positive
from titans_book.tasks.batch import TaskBatch
from titans_book.training.errors import TrainingError
from titans_book.training.on_tasks import train_on
from titans_book.training.optimizer import adamw
from titans_book.training.schedule import Descent

WARMUP = 20  # steps in which the learning rate rises
FALL = 0.3  # share of the time in which it falls to 0
LEFT = 0.01  # nats: a loss that has less than this to lose is flat
ENOUGH = 40  # steps before a loss can be called flat
FIRST_LOOK = 25  # steps; the others follow at twice as many each


@dataclass
class Training:
    """What has come of a training so far.

    limit     processor seconds that it may take.
    losses    of every step, in nats.
    seconds   processor seconds spent on these steps.
    looks     (steps, seconds, score) at 25, 50, 100, ... steps.
    ended     "flat", "limit", or "diverged": the loss became NaN or inf.
    """

    limit: float
    losses: list[float] = field(default_factory=list)
    seconds: float = 0.0
    looks: list[tuple[int, float, float]] = field(default_factory=list)
    ended: str = "limit"

    def __post_init__(self) -> None:
        self.end = positive("limit", self.limit)

    @property
    def loss(self) -> float:
        """The mean of the last tenth of the steps; inf before the first."""
        tail = self.losses[-max(1, len(self.losses) // 10) :]
        return mean(tail) if tail else float("inf")

    def share_of_rate(self) -> float:
        """What is left of the learning rate: 1, and towards the end a straight line down to 0."""
        return max(0.0, min(1.0, (self.end - self.seconds) / (FALL * self.end)))

    def spend(self, seconds: float, loss: float) -> None:
        """One more step; if the loss is flat with it, the end comes nearer."""
        self.seconds += seconds
        self.losses.append(loss)
        early = self.seconds / (1 - FALL)
        if self.ended != "flat" and early < self.end and flat(self.losses):
            self.end, self.ended = early, "flat"


def flat(losses: list[float]) -> bool:
    """Is there nothing more to learn?

    The mean of the last tenth of the losses has to be below 0.01 nats: less than that is left to
    lose. A loss that has only stopped falling is not flat in this sense, because a task may be
    learned all at once after a long plateau. Such a training gets all of its time.

    >>> flat(100 * [0.001]), flat(100 * [2.0])
    (True, False)
    """
    n = len(losses)
    return n >= ENOUGH and mean(losses[-(n // 10) :]) < LEFT


def train(
    model: nn.Module,
    draw: Callable[[int], TaskBatch],
    rate: float,
    limit: float,
    look: Callable[[], float] | None = None,
) -> Training:
    """Train the model on draw(0), draw(1), ... for at most `limit` processor seconds.

    rate   the learning rate at its top.
    look   the model's score, asked for at 25, 50, 100, ... steps.

    A training that diverges ends with the weights of its last good step. Raises ValueError unless
    limit is above 0.
    """
    done = Training(limit)
    settings = Descent(steps=2**40, learning_rate=rate, final=1.0, warmup=WARMUP, weight_decay=0.0)
    optimizer = adamw(model, settings)
    optimizer.register_step_pre_hook(lambda chosen, *_: _slow_down(chosen, done.share_of_rate()))
    events, next_look = train_on(model, draw, settings, optimizer=optimizer), FIRST_LOOK
    while done.seconds < done.end:
        began = process_time()
        try:
            event = next(events)
        except TrainingError:
            done.ended = "diverged"
            break
        done.spend(process_time() - began, event.loss)
        if look is not None and event.step == next_look:
            next_look *= 2
            model.eval()
            done.looks.append((event.step, done.seconds, look()))
            model.train()
    model.eval()
    return done


def _slow_down(optimizer: Optimizer, share: float) -> None:
    """Every group's rate of this step, which the plan has just set, times the share."""
    for group in optimizer.param_groups:
        group["lr"] *= share
