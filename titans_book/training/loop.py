"""Training as a generator of events: whoever listens decides what to do with each step.

    for event in train(model, tokens, TrainingSettings(steps=500), folder):
        ...                       # Step, Evaluated, Saved, in the order in which they happen

Stop listening and training stops, with a checkpoint: when the loop is left, when `close` is called
or a `with` block ends, and at the latest when Python does. Everything that decides the next step
(weights, moments, random numbers, the place in the text) is in the checkpoint, so a run that was
interrupted, even by kill -9, goes on to the same numbers, bit for bit, as one that was not.
AdamW unless another optimizer is asked for (chapter 11), a linear warm-up, a cosine down, and
clipped gradients: Titans section 4 names the first and the third. Taught in chapter 13.
"""

import json
import os
import time
import weakref
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import torch.nn.functional as F
from jaxtyping import Int
from torch import Tensor, nn, optim

from titans_book.evaluation import bits_per_token
from titans_book.inspection.watching import watch
from titans_book.model.generation import device_of
from titans_book.training import checkpoints, runs
from titans_book.training.errors import TrainingError
from titans_book.training.events import LOOKED_AT, Evaluated, Saved, Snapshot, Step
from titans_book.training.lock import Lock, leave_older
from titans_book.training.optimizer import Chosen, differentiate, new_optimizer
from titans_book.training.schedule import TrainingSettings, windows

Event = Step | Evaluated | Saved


class Training(Iterator[Event]):
    """The events of one run, one after the other; see `train`.

        with train(model, tokens, settings, folder) as events:
            for event in events: ...

    Closing it, leaving the `with` block, or letting go of it saves a checkpoint of what has not
    been saved; if nothing else does, the end of Python does.
    """

    def __init__(self, run: "_Run", tokens: Tensor, held_out: Tensor | None) -> None:
        self._steps = _steps(run, tokens, held_out)
        self._leave = weakref.finalize(self, run.leave)

    def __next__(self) -> Event:
        return next(self._steps)

    def close(self) -> None:
        """Stop here, with a checkpoint. Raises CheckpointError if the disk refuses it."""
        self._steps.close()
        self._leave()

    def __enter__(self) -> "Training":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def train(
    model: nn.Module,
    tokens: Int[Tensor, " total"],
    settings: TrainingSettings,
    folder: Path | str | None = None,
    *,
    held_out: Int[Tensor, " total_held_out"] | None = None,
    resume: bool = False,
    optimizer: Chosen = None,
) -> Training:
    """Train `model` on `tokens` and yield what happens.

    model      a TitansLM, or one that torch.compile or DistributedDataParallel has wrapped.
    folder     where checkpoints and log.jsonl go; None keeps nothing.
    held_out   text for Evaluated events.
    resume     go on from the newest checkpoint in `folder`, which must have been made with the same
               configuration and settings; the model's weights are replaced.

    optimizer  another one than AdamW: its name (`titans_book.nested.names`), which takes rate and
               weight decay from the settings, itself, or a function that makes it of the model. The
               plan multiplies the learning rate of each of its groups. A run is resumed with the
               optimizer that it began with.

    However it ends, a checkpoint is saved first, see `Training`. Raises ValueError for a text that
    is too short, TrainingError if the loss is NaN or inf, or if the folder holds another run or one
    that somebody else is training, CheckpointError if a checkpoint cannot be read or written.
    """
    if len(tokens) < 2 * settings.length + 2:
        raise ValueError(
            f"tokens must hold at least {2 * settings.length + 2} tokens for windows of "
            f"length={settings.length}, got {len(tokens)}"
        )
    runs.unwrapped(model)  # which refuses what is no model of ours
    where = None if folder is None else Path(folder)
    asked = optimizer if isinstance(optimizer, str) else None
    run = _Run(model, settings, where, new_optimizer(model, settings, optimizer), asked)
    run.start(resume)
    return Training(run, tokens, held_out)


def _steps(run: "_Run", tokens: Tensor, held_out: Tensor | None):
    settings = run.settings
    try:
        while run.step < settings.steps and not run.left:
            yield run.advance(tokens)
            last = run.step == settings.steps
            if held_out is not None and _due(run.step, settings.evaluate_every, last):
                yield Evaluated(run.step, bits_per_token(run.model, held_out, settings.length))
            if run.folder and _due(run.step, settings.save_every, last):
                yield run.save()
    finally:
        run.leave()


def _due(step: int, every: int, last: bool) -> bool:
    return last or (every > 0 and step % every == 0)


class _Run:
    """The moving parts of one training run."""

    def __init__(
        self,
        model: nn.Module,
        settings: TrainingSettings,
        folder: Path | None,
        optimizer: optim.Optimizer,
        asked: str | None = None,
    ) -> None:
        self.model, self.settings, self.folder = model, settings, folder
        self.device = device_of(model)
        self.step, self.saved, self.whole = 0, 0, True
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
            self.step = runs.restore(self.folder, self.model, self.optimizer, self.settings)
            self.saved = self.step
        elif checkpoints.steps(self.folder):
            raise TrainingError(
                f"{self.folder} already holds a run. Resume it, or choose another folder."
            )
        runs.cut_log(self.folder / "log.jsonl", self.step)
        self.first = self.step

    def advance(self, tokens: Tensor) -> Step:
        """One step of the optimizer on the next batch."""
        settings, began = self.settings, time.monotonic()
        rows = windows(tokens, self.step, settings).to(self.device)
        watched = settings.watch_every > 0 and self.step % settings.watch_every == 0
        self.model.train()
        with watch(self.model, most=LOOKED_AT) if watched else nullcontext() as seen:
            logits, _ = self.model(rows[:, :-1])
        snapshot = Snapshot.of(rows[0, :-1], seen) if watched else None
        loss = F.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten())
        rate, norm = differentiate(self.model, self.optimizer, loss, self.step, settings)
        self.whole = False  # an interruption from here on would leave half a step
        self.optimizer.step()
        self.step += 1
        self.whole = True
        return self._event(loss.item(), rate, norm, began, snapshot)

    def _event(self, loss, rate, norm, began, snapshot) -> Step:
        now = time.monotonic()
        pace = (now - self.began) / (self.step - self.first)
        settings = self.settings
        event = Step(
            self.step,
            settings.steps,
            loss,
            rate,
            norm,
            tokens_per_second=settings.batch * settings.length / (now - began),
            seconds_left=pace * (settings.steps - self.step),
            snapshot=snapshot,
        )
        if self.folder:
            line = {"step": self.step, "loss": loss, "learning_rate": rate, "gradient_norm": norm}
            with open(self.folder / "log.jsonl", "a", encoding="utf-8") as log:
                log.write(json.dumps(line) + "\n")
        return event

    def save(self) -> Saved:
        """Write everything that decides the next step."""
        about = self.about_optimizer
        path = runs.save(self.folder, self.step, self.model, self.optimizer, self.settings, about)
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
