"""The moving parts of one run: where it is, what it has saved, and how it is left. See loop.py."""

import os
import time
from pathlib import Path

from torch import Tensor, nn, optim

from titans_book.training import checkpoints, log, runs
from titans_book.training.errors import TrainingError
from titans_book.training.events import Event, Saved, Step
from titans_book.training.lock import Lock, leave_older
from titans_book.training.one_step import OneStep, Slope
from titans_book.training.schedule import TrainingSettings, windows
from titans_book.training.team import Team


class Run:
    """One run, from its `start` to its `leave`. step: how many have been taken."""

    def __init__(
        self,
        model: nn.Module,
        settings: TrainingSettings,
        folder: Path | None,
        optimizer: optim.Optimizer,
        asked: str | None = None,
        team: Team | None = None,
        sharded: bool = False,
    ) -> None:
        self.model, self.settings, self.folder = model, settings, folder
        self.team, self.sharded = team or Team(), sharded
        self.one_step = OneStep(model, optimizer, settings, self.team, sharded)
        self.step, self.saved, self.whole = 0, 0, True
        self.resumed = False
        self.optimizer, self.lock = optimizer, None
        self.about_optimizer: dict = {}
        if folder is not None:  # now, before a step changes anything
            self.about_optimizer = runs.about_optimizer(optimizer, asked)
        self.left, self.process, self.asked_to_stop = False, os.getpid(), False
        self.began, self.first = time.monotonic(), 0

    def start(self, resume: bool) -> None:
        """Resume, or make sure that no other run is written over."""
        if self.folder is None:
            if resume:
                raise ValueError("resume=True needs the folder of the run to go on with")
            return
        path = self.team.agree(lambda: self._take(resume))
        try:
            if path is not None:
                self._resume(path)
            self.team.agree(lambda: log.cut(self.folder, self.step))
        except BaseException:
            if self.lock is not None:
                self.lock.release()
            raise
        self.first = self.step

    def _take(self, resume: bool) -> Path | None:
        """Take the folder; the checkpoint to resume from. Done by one process for all."""
        leave_older(self.folder)
        path = checkpoints.newest(self.folder) if resume else None  # before a folder is made
        lock = Lock(self.folder, self)
        if path is None and checkpoints.steps(self.folder):
            lock.release()
            raise TrainingError(
                f"{self.folder} already holds a run. Resume it, or choose another folder."
            )
        self.lock = lock
        return path

    def _resume(self, path: Path) -> None:
        parts = (self.model, self.optimizer, self.settings, self._scaler)
        self.step = self.saved = runs.restore(
            path, *parts, team=self.team if self.sharded else None
        )
        self.resumed = True

    @property
    def _scaler(self):
        return self.one_step.precision.scaler

    def advance(self, tokens: Tensor) -> Step:
        """One step of the optimizer on the next batch."""
        settings, began = self.settings, time.monotonic()
        rows = windows(tokens, self.step, settings)
        watched = settings.watch_every > 0 and self.step % settings.watch_every == 0
        slope = self._slope(rows, watched and self.team.leads and not self.sharded)
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

    def _slope(self, rows: Tensor, watched: bool) -> Slope:
        """The gradients. Shards that one process could not finish cannot be saved by the others."""
        self.whole = not self.sharded
        slope = self.one_step.slope(rows, self.step, watched)
        self.whole = True
        return slope

    def told(self, event: Event) -> Event:
        """The event, which is in the log now."""
        if self.folder and self.team.leads:
            log.write(self.folder, event)
        return event

    def due(self, every: int) -> bool:
        """Is it time for what happens every so many steps, and at the end?"""
        return self.step == self.settings.steps or (every > 0 and self.step % every == 0)

    def looks_due(self) -> bool:
        """Is it time to look at the held-out text?"""
        return self.step > 0 and self.due(self.settings.evaluate_every)

    def missed_a_look(self) -> bool:
        """Was the run left between a step and the look that was due after it?"""
        if not (self.resumed and self.looks_due()):
            return False
        return not self.team.agree(lambda: log.evaluated_at(self.folder, self.step))

    def stop(self) -> None:
        """Let no other step begin."""
        self.asked_to_stop = True

    def stops(self) -> bool:
        """Has any process been asked to stop?"""
        return self.team.any(self.asked_to_stop)

    def save(self) -> Saved:
        """Write everything that decides the next step."""
        parts = (self.folder, self.step, self.model, self.optimizer, self.settings)
        more = (self.about_optimizer, self._scaler)
        if self.sharded:
            path = runs.save(*parts, *more, team=self.team)
        else:
            path = self.team.agree(lambda: runs.save(*parts, *more))
        self.saved = self.step
        return Saved(self.step, path)

    def leave(self, alone: bool = False) -> None:
        """Save what has not been saved, and let others have the folder. Once is enough.

        alone: the other processes are not known to do the same, so there is no saving of shards.
        """
        if os.getpid() != self.process:  # a forked child: the run is its parent's
            return
        if self.left:
            return
        lock, self.lock, self.left = self.lock, None, True
        try:
            if self.whole and self.step > self.saved and self._may_save(lock, alone):
                self._save_alone()
        finally:
            if lock is not None:
                lock.release()

    def _may_save(self, lock: Lock | None, alone: bool) -> bool:
        if self.sharded:  # all processes have a part of it
            return self.folder is not None and self.team.joined and not alone
        return lock is not None and lock.held

    def _save_alone(self) -> None:
        """As `save`; the others need not take part unless there are shards."""
        if not self.sharded:
            self.team = Team(device=self.team.device)
        self.save()
