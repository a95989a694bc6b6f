"""The moving parts of one run: where it is, what it has saved, and how it is left. See loop.py."""

import os
import time
from pathlib import Path

from torch import Tensor, nn, optim

from titans_book.training import checkpoints, log, runs
from titans_book.training.errors import TrainingError
from titans_book.training.events import Event, Saved, Step
from titans_book.training.lock import Lock, leave_older
from titans_book.training.one_step import OneStep
from titans_book.training.schedule import TrainingSettings, windows


class Run:
    """One run, from its `start` to its `leave`. step: how many have been taken."""

    def __init__(
        self,
        model: nn.Module,
        settings: TrainingSettings,
        folder: Path | None,
        optimizer: optim.Optimizer,
        asked: str | None = None,
    ) -> None:
        self.model, self.settings, self.folder = model, settings, folder
        self.one_step = OneStep(model, optimizer, settings)
        self.step, self.saved, self.whole = 0, 0, True
        self.resumed = False
        self.optimizer, self.lock = optimizer, None
        self.about_optimizer: dict = {}
        if folder is not None:  # now, before a step changes anything
            self.about_optimizer = runs.about_optimizer(optimizer, asked)
        self.left, self.process = False, os.getpid()
        self.began, self.first = time.monotonic(), 0

    def start(self, resume: bool) -> None:
        """Resume, or make sure that no other run is written over."""
        if self.folder is None:
            if resume:
                raise ValueError("resume=True needs the folder of the run to go on with")
            return
        leave_older(self.folder)
        if resume:
            checkpoints.newest(self.folder)  # before a folder is made
        self.lock = Lock(self.folder, self)
        try:
            self._begin(resume)
        except BaseException:
            self.lock.release()
            raise

    def _begin(self, resume: bool) -> None:
        if resume:
            parts = (self.model, self.optimizer, self.settings, self._scaler)
            self.step = self.saved = runs.restore(self.folder, *parts)
            self.resumed = True
        elif checkpoints.steps(self.folder):
            raise TrainingError(
                f"{self.folder} already holds a run. Resume it, or choose another folder."
            )
        log.cut(self.folder, self.step)
        self.first = self.step

    @property
    def _scaler(self):
        return self.one_step.precision.scaler

    def advance(self, tokens: Tensor) -> Step:
        """One step of the optimizer on the next batch."""
        settings, began = self.settings, time.monotonic()
        rows = windows(tokens, self.step, settings)
        watched = settings.watch_every > 0 and self.step % settings.watch_every == 0
        slope = self.one_step.slope(rows, self.step, watched)
        allowed = self.one_step.allowed(slope, self.step)
        self.whole = False  # an interruption from here on would leave half a step
        if allowed:
            self.one_step.take(slope)
        self.step += 1
        self.whole = True
        now = time.monotonic()
        pace = (now - self.began) / (self.step - self.first)
        event = Step(
            self.step,
            settings.steps,
            slope.loss.item(),
            slope.learning_rate,
            slope.norm.item(),
            tokens_per_second=settings.batch * settings.length / (now - began),
            seconds_left=pace * (settings.steps - self.step),
            snapshot=slope.snapshot,
            skipped=not allowed,
        )
        return self.told(event)

    def told(self, event: Event) -> Event:
        """The event, which is in the log now."""
        if self.folder:
            log.write(self.folder, event)
        return event

    def due(self, every: int) -> bool:
        """Is it time for what happens every so many steps, and at the end?"""
        return self.step == self.settings.steps or (every > 0 and self.step % every == 0)

    def looks_due(self) -> bool:
        """Is it time to look at the held-out text?"""
        return self.step > 0 and self.due(self.settings.evaluate_every)

    def has_looked(self) -> bool:
        """Is the look after this step in the log?"""
        return log.evaluated_at(self.folder, self.step)

    def save(self) -> Saved:
        """Write everything that decides the next step."""
        parts = (self.model, self.optimizer, self.settings)
        path = runs.save(self.folder, self.step, *parts, self.about_optimizer, self._scaler)
        self.saved = self.step
        return Saved(self.step, path)

    def leave(self) -> None:
        """Save what has not been saved, and let others have the folder. Once is enough."""
        if os.getpid() != self.process:  # a forked child: the run is its parent's
            return
        lock, self.lock, self.left = self.lock, None, True
        if lock is None:
            return
        try:
            if self.whole and self.step > self.saved and lock.held:
                self.save()
        finally:
            lock.release()
