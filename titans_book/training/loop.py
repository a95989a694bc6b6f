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

import weakref
from collections.abc import Iterator
from pathlib import Path

from jaxtyping import Integer
from torch import Tensor, nn

from titans_book.model.generation import device_of
from titans_book.training import runs
from titans_book.training.events import Evaluated, Event
from titans_book.training.held_out import held_out_bits
from titans_book.training.optimizer import Chosen, new_optimizer
from titans_book.training.running import Run
from titans_book.training.schedule import TrainingSettings
from titans_book.training.team import Team


class Training(Iterator[Event]):
    """The events of one run, one after the other; see `train`.

        with train(model, tokens, settings, folder) as events:
            for event in events: ...

    Closing it, leaving the `with` block, or letting go of it saves a checkpoint of what has not
    been saved; if nothing else does, the end of Python does (but not of a model in shards: all its
    processes have to close it).
    """

    def __init__(self, run: Run, tokens: Tensor, held_out: Tensor | None) -> None:
        self._steps = _steps(run, tokens, held_out)
        self._leave = weakref.finalize(self, run.leave, alone=True)
        self._stop = run.stop
        self.begins = run.step  # steps that had been taken before

    def __next__(self) -> Event:
        return next(self._steps)

    def stop(self) -> None:
        """Let no other step begin: the events end, with a checkpoint.

        If several processes train, all of them stop, behind the same step.
        """
        self._stop()

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
    tokens: Integer[Tensor, " total"],
    settings: TrainingSettings,
    folder: Path | str | None = None,
    *,
    held_out: Integer[Tensor, " total_held_out"] | None = None,
    resume: bool = False,
    optimizer: Chosen = None,
    shard: bool = False,
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
    shard      keep only a part of every weight and moment in each process (sharding.py). The
               optimizer is AdamW then, or one that a function makes; there are no snapshots.

    Where PyTorch has been told of several processes (torchrun), they train this model together: see
    team.py. Each must make the same call and read all events, and `batch` is that of them all.

    However it ends, a checkpoint is saved first, see `Training`. Raises ValueError for a text that
    is too short, TrainingError if the loss is NaN or inf, or if the folder holds another run or one
    that somebody else is training, CheckpointError if a checkpoint cannot be read or written.
    """
    if len(tokens) < 2 * settings.length + 2:
        raise ValueError(
            f"tokens must hold at least {2 * settings.length + 2} tokens for windows of "
            f"length={settings.length}, got {len(tokens)}"
        )
    inner = runs.unwrapped(model)  # which refuses what is no model of ours
    team = Team.here(device_of(model))
    _check_team(team, settings)
    if shard:
        _shard(model, inner, team, optimizer)
    where = None if folder is None else Path(folder)
    asked = optimizer if isinstance(optimizer, str) else None
    made = new_optimizer(model, settings, optimizer)
    run = Run(model, settings, where, made, asked, team=team, sharded=shard)
    run.start(resume)
    return Training(run, tokens, held_out)


def _check_team(team: Team, settings: TrainingSettings) -> None:
    parts = team.size * settings.accumulate
    if settings.batch % parts:
        raise ValueError(
            f"batch must be a multiple of {parts}, for {team.size} processes that read their "
            f"share in accumulate={settings.accumulate} parts, got {settings.batch}"
        )


def _shard(model: nn.Module, inner: nn.Module, team: Team, optimizer: Chosen) -> None:
    if not team.joined:
        raise ValueError("shard=True needs the processes of torchrun: start this with it")
    if model is not inner:
        raise ValueError("shard=True wants the TitansLM itself, not wrapped in another module")
    if not (optimizer in (None, "adamw") or callable(optimizer)):
        raise ValueError(
            "shard=True needs AdamW, or a function that makes an optimizer of the sharded model: "
            f"others want a weight whole, got {optimizer!r}"
        )
    from titans_book.training.sharding import shard

    shard(model, team)


def _steps(run: Run, tokens: Tensor, held_out: Tensor | None) -> Iterator[Event]:
    try:
        if held_out is not None and run.missed_a_look():
            yield _look(run, held_out)  # what was left between a step and the look after it
        while run.step < run.settings.steps and not run.left:
            if run.stops():
                if run.folder and run.step > run.saved:
                    yield run.save()  # all processes together
                return
            yield run.advance(tokens)
            if run.left:  # by a newer run in this folder
                return
            if held_out is not None and run.looks_due():
                yield _look(run, held_out)
            if run.folder and run.due(run.settings.save_every):
                yield run.save()
    finally:
        run.leave()


def _look(run: Run, held_out: Tensor) -> Evaluated:
    bits = held_out_bits(run.model, held_out, run.settings.length, run.team)
    return run.told(Evaluated(run.step, bits))
