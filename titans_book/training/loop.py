"""Training as a generator of events: whoever listens decides what to do with each step.

    for event in train(model, tokens, TrainingSettings(steps=500), folder):
        ...                       # Step, Evaluated, Saved, in the order in which they happen

Stop listening and training stops, cleanly, with a checkpoint. Everything that decides the next step
(weights, moments, random numbers, the place in the text) is in the checkpoint, so a run that was
interrupted, even by kill -9, goes on to the same numbers, bit for bit, as one that was not.
AdamW, a linear warm-up, a cosine down, and clipped gradients: Titans section 4 names the first and
the third. Taught in chapter 13.
"""

import json
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch.nn.functional as F
from jaxtyping import Int
from torch import Tensor

from titans_book.evaluation import bits_per_token
from titans_book.inspection.looking import AttentionTrace, listening
from titans_book.memory import MemoryTrace
from titans_book.model import TitansLM
from titans_book.training import checkpoints, runs
from titans_book.training.errors import TrainingError
from titans_book.training.optimizer import adamw, differentiate
from titans_book.training.runs import load_checkpoint
from titans_book.training.schedule import TrainingSettings, windows

__all__ = [
    "Evaluated",
    "Saved",
    "Snapshot",
    "Step",
    "TrainingError",
    "TrainingSettings",
    "load_checkpoint",
    "train",
]


LOOKED_AT = 192  # tokens of a snapshot whose attention is kept: its maps are quadratic


@dataclass(frozen=True)
class Snapshot:
    """What the model saw and did at one step: a row of tokens, and one trace a block.

    A model without memory has no traces of one, a model without attention no traces of that; of
    attention, the first 192 tokens are kept.
    """

    tokens: Int[Tensor, " time"]
    memories: tuple[MemoryTrace, ...]
    attentions: tuple[AttentionTrace, ...] = ()


@dataclass(frozen=True)
class Step:
    """One optimizer step. loss in nats a token; seconds_left is an estimate."""

    step: int
    steps: int
    loss: float
    learning_rate: float
    gradient_norm: float
    tokens_per_second: float
    seconds_left: float
    snapshot: Snapshot | None = None


@dataclass(frozen=True)
class Evaluated:
    """Bits a token on text that is never trained on (for bytes of ASCII: bits per character)."""

    step: int
    bits_per_token: float


@dataclass(frozen=True)
class Saved:
    """A checkpoint is safely on the disk."""

    step: int
    path: Path


def train(
    model: TitansLM,
    tokens: Int[Tensor, " total"],
    settings: TrainingSettings,
    folder: Path | str | None = None,
    *,
    held_out: Int[Tensor, " total_held_out"] | None = None,
    resume: bool = False,
) -> Iterator[Step | Evaluated | Saved]:
    """Train `model` on `tokens` and yield what happens.

    folder     where checkpoints and log.jsonl go; None keeps nothing.
    held_out   text for Evaluated events.
    resume     go on from the newest checkpoint in `folder`, which must have been made with the same
               configuration and settings; the model's weights are replaced.

    Closing the generator (or Ctrl-C) saves a checkpoint first. Raises ValueError for a text that is
    too short, TrainingError if the loss is no longer a number or the folder holds another run,
    CheckpointError if a checkpoint cannot be read or written.
    """
    if len(tokens) < 2 * settings.length + 2:
        raise ValueError(
            f"tokens must hold at least {2 * settings.length + 2} tokens for windows of "
            f"length={settings.length}, got {len(tokens)}"
        )
    run = _Run(model, settings, None if folder is None else Path(folder))
    run.start(resume)
    return _steps(run, tokens, held_out)


def _steps(run: "_Run", tokens: Tensor, held_out: Tensor | None):
    settings = run.settings
    try:
        while run.step < settings.steps:
            yield run.advance(tokens)
            last = run.step == settings.steps
            if held_out is not None and _due(run.step, settings.evaluate_every, last):
                yield Evaluated(run.step, bits_per_token(run.model, held_out, settings.length))
            if run.folder and _due(run.step, settings.save_every, last):
                yield run.save()
    finally:
        if run.folder and run.whole and run.step > run.saved:
            run.save()


def _due(step: int, every: int, last: bool) -> bool:
    return last or (every > 0 and step % every == 0)


class _Run:
    """The moving parts of one training run."""

    def __init__(self, model: TitansLM, settings: TrainingSettings, folder: Path | None) -> None:
        self.model, self.settings, self.folder = model, settings, folder
        self.device = next(model.parameters()).device
        self.step, self.saved, self.whole = 0, 0, True
        self.optimizer = adamw(model, settings)
        self.began, self.first = time.monotonic(), 0

    def start(self, resume: bool) -> None:
        """Resume, or make sure that no other run is written over."""
        if self.folder is None:
            if resume:
                raise ValueError("resume=True needs the folder of the run to go on with")
            return
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
        """One step of AdamW on the next batch."""
        settings, began = self.settings, time.monotonic()
        rows = windows(tokens, self.step, settings).to(self.device)
        watch = settings.watch_every > 0 and self.step % settings.watch_every == 0
        trace: list | None = [] if watch else None
        self.model.train()
        with listening(self.model) if watch else nullcontext(()) as ears:
            logits, _ = self.model(rows[:, :-1], trace=trace)
        attentions = tuple(ear.trace(LOOKED_AT) for ear in ears)
        loss = F.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten())
        rate, norm = differentiate(self.model, self.optimizer, loss, self.step, settings)
        self.whole = False  # an interruption from here on would leave half a step
        self.optimizer.step()
        self.step += 1
        self.whole = True
        snapshot = Snapshot(rows[0, :-1].cpu(), tuple(trace), attentions) if watch else None
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
        path = runs.save(self.folder, self.step, self.model, self.optimizer, self.settings)
        self.saved = self.step
        return Saved(self.step, path)
