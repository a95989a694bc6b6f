"""One step of a run: the gradient of a batch, read in parts, in the precision that was asked for.

    loss = 1/k sum_i loss(part i)        gradient = 1/k sum_i gradient(part i)

All parts are equally large, so loss and gradient are those of the whole batch, whatever k is and
however many processes share it. Only the activations of one part are in memory at a time. Taught in
chapter 13.
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn, optim

from titans_book.inspection.watching import watch
from titans_book.model.generation import device_of
from titans_book.nested.optimizers.base import tell
from titans_book.training.errors import refuse_unless_finite
from titans_book.training.events import LOOKED_AT, Snapshot
from titans_book.training.optimizer import clip, set_rate
from titans_book.training.precision import Precision
from titans_book.training.schedule import TrainingSettings
from titans_book.training.team import Team


@dataclass(frozen=True)
class Slope:
    """The batch before the step: its loss, the rate of the step, and the gradient's norm."""

    loss: Tensor
    learning_rate: float
    norm: Tensor
    snapshot: Snapshot | None


class OneStep:
    """Differentiates (`slope`), and then steps (`take`); until then no weight has changed."""

    def __init__(
        self,
        model: nn.Module,
        optimizer: optim.Optimizer,
        settings: TrainingSettings,
        team: Team,
        sharded: bool,
    ) -> None:
        self.model = model if sharded else team.spread(model)
        self.optimizer, self.settings, self.team = optimizer, settings, team
        self.device = device_of(model)
        self.precision = Precision(settings.precision, model, self.device)

    def slope(self, rows: Int[Tensor, "batch length_plus_one"], step: int, watched: bool) -> Slope:
        """Loss and gradients of the batch of one step, clipped and ready for `take`.

        step counts from 0. watched: keep what happens to the first sequence. Raises TrainingError
        if the loss is NaN or inf.
        """
        rate = set_rate(self.optimizer, step, self.settings)
        self.optimizer.zero_grad()
        self.model.train()
        snapshot, total = None, torch.zeros((), device=self.device)
        parts = self.team.share(rows).chunk(self.settings.accumulate)
        for i, part in enumerate(parts):
            part = part.to(self.device)
            with self._unless_last(i == len(parts) - 1):
                with watch(self.model, most=LOOKED_AT) if watched else nullcontext() as seen:
                    loss = self._loss(part) / len(parts)
                if watched:
                    snapshot, watched = Snapshot.of(part[0, :-1], seen), False
                self.precision.scaler.scale(loss).backward()
            total = loss.detach() + total
        total = self.team.mean(total)
        refuse_unless_finite("loss", total, step)
        self.precision.scaler.unscale_(self.optimizer)
        norm = clip(self.model, self.settings)
        return Slope(total, rate, norm, snapshot)

    def _unless_last(self, last: bool) -> AbstractContextManager:
        """The processes exchange their gradients once, when the last part has been read."""
        exchange = getattr(self.model, "no_sync", None)
        return nullcontext() if last or exchange is None else exchange()

    def _loss(self, rows: Tensor) -> Float[Tensor, ""]:
        with self.precision.autocast():
            logits, _ = self.model(rows[:, :-1])
            return F.cross_entropy(
                logits.flatten(0, 1),
                rows[:, 1:].flatten(),
                label_smoothing=self.settings.label_smoothing,
            )

    def allowed(self, slope: Slope, step: int) -> bool:
        """Is there something to `take`? Not if float16 overflowed: the step is left out then.

        Raises TrainingError if the gradient is NaN or inf.
        """
        return self.precision.allows(slope.norm, step)

    def take(self, slope: Slope) -> None:
        """The optimizer's step."""
        tell(self.optimizer, slope.loss.detach())
        self.precision.step(self.optimizer)
