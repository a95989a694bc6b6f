"""What a training run begins with: a fresh model, or the run in a folder, as it was."""

import argparse
import copy
import hashlib
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from titans_book.cli.options import LEARNING, MODEL, RUNNING
from titans_book.files import replace_file
from titans_book.model import TitansConfig, TitansLM
from titans_book.nested.names import OPTIMIZERS
from titans_book.tasks import corpora
from titans_book.tasks.streaming import size_of, streamed
from titans_book.training import Training, TrainingSettings, load_checkpoint, train
from titans_book.training.held_out import held_out_bits
from titans_book.training.team import Team

KEYS = ({"corpus", "sha256"}, {"files", "sha256"}, {"files", "stream", "sha256"})  # of text.json
LARGE = 2**28  # bytes of text that are streamed without being asked for
MOST_HELD_OUT = 2**22  # bytes, of a text that is streamed
LEARN = 0.9  # of the text; the rest is held out
LOOK = 16_384  # bytes of the held-out text to look at while learning; all of it at the end
LOOKS = 8  # in all
SIZE = ("variant", *(option.name for option in MODEL if option.name != "chunk"))
SETTINGS = ("steps", *(option.name for option in (*LEARNING, *RUNNING)))
TRIAL_STEPS = 6
MINUTES = 15.0  # for a run that is given neither --minutes nor --steps


@dataclass
class Beginning:
    """Everything that `train` needs, and where the text is from."""

    model: TitansLM
    settings: TrainingSettings
    tokens: torch.Tensor
    held_out: torch.Tensor | None
    source: dict
    optimizer: str | None = None
    shard: bool = False

    @property
    def look(self) -> torch.Tensor | None:
        """The part of the held-out text that is looked at while the model learns."""
        return None if self.held_out is None else self.held_out[:LOOK]

    def train(self, folder: Path, resume: bool) -> Training:
        """The events of the training."""
        return train(
            self.model,
            self.tokens,
            self.settings,
            folder,
            held_out=self.look,
            resume=resume,
            optimizer=self.optimizer,
            shard=self.shard,
        )

    def remember_source(self, folder: Path) -> None:
        """Write into the run's folder which text it learns from, so that --resume finds it."""
        text = json.dumps(self.source, indent=1)
        replace_file(folder / "text.json", (text + "\n").encode())


def fresh(options: argparse.Namespace, team: Team) -> Beginning:
    """A new model of the size asked for, and as many steps as asked for or as fit the time."""
    source = _source(options)
    tokens, held_out, source["sha256"] = _read(source, team)
    memory = given(options, ("rule", "chunk"))
    config = TitansConfig(**given(options, SIZE), **({"memory": memory} if memory else {}))
    name = options.optimizer
    rate = {"learning_rate": OPTIMIZERS[name]} if name else {}
    settings = TrainingSettings(**{**rate, **given(options, SETTINGS)}, watch_every=0)
    torch.manual_seed(settings.seed)
    model = TitansLM(config).to(team.device)
    begun = Beginning(model, settings, tokens, held_out, source, name, options.shard)
    if options.steps is None:
        minutes = MINUTES if options.minutes is None else options.minutes
        steps = _steps_in(60 * minutes, begun, team)
        begun.settings = replace(settings, steps=team.agree(lambda: steps))
    if options.evaluate_every is None:
        looks = max(1, begun.settings.steps // LOOKS)
        begun.settings = replace(begun.settings, evaluate_every=looks)
    return begun


def resumed(options: argparse.Namespace, team: Team) -> Beginning:
    """The run in the folder --out. Raises ValueError if its text is not known or has changed."""
    model, about = load_checkpoint(options.out)
    try:
        source = json.loads((options.out / "text.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(
            f"{options.out} does not say which text it learned from (no text.json): only a run "
            "that this command began can be resumed by it"
        ) from None
    except ValueError:
        source = None
    if not isinstance(source, dict) or source.keys() not in KEYS:
        raise ValueError(
            f"{options.out / 'text.json'} is damaged: it should say which text the run learns from"
        )
    tokens, held_out, found = _read(source, team)
    if found != source["sha256"]:
        raise ValueError("the text is not the one this run began with: restore it, or begin anew")
    other = given(options, tuple(option.name for option in RUNNING))
    settings = TrainingSettings(**{**about["settings"], **other})
    name = about.get("optimizer", {}).get("asked")
    model = model.to(team.device)
    return Beginning(model, settings, tokens, held_out, source, name, options.shard)


def given(options: argparse.Namespace, names: tuple[str, ...]) -> dict:
    """The options among `names` that were given a value."""
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}


def _read(source: dict, team: Team) -> tuple[torch.Tensor, torch.Tensor | None, str]:
    """The tokens to learn from, those held out (None if too few to score), and the text's hash."""
    files, learn = source.get("files"), LEARN
    if "stream" in source:
        team.agree(lambda: streamed(files, source["stream"]).sha256)  # one process writes it
        text = streamed(files, source["stream"])
        tokens, digest = text.tokens, text.sha256
        learn = max(LEARN, 1 - MOST_HELD_OUT / len(tokens))
    else:
        text = corpora.read_texts(files) if files else corpora.text(source["corpus"])
        tokens, digest = corpora.tokens(text), hashlib.sha256(text.encode()).hexdigest()
    tokens, held_out = corpora.split(tokens, (learn, 1 - learn))
    enough = held_out if len(held_out) > 1 else None
    return tokens, enough, digest


def _source(options: argparse.Namespace) -> dict:
    """Which text is asked for, and the folder it is streamed from if it is."""
    if not options.text:
        if options.stream is not None:
            raise ValueError("--stream is for texts of your own: name them with --text")
        return {"corpus": options.corpus or "shakespeare"}
    if "" in options.text:
        raise ValueError("--text must name files and folders, got an empty name")
    source: dict = {"files": [str(Path(path).resolve()) for path in options.text]}
    folder = options.stream
    if folder is None and size_of(source["files"]) > LARGE:
        folder = options.out.parent / "texts"
    return source if folder is None else {**source, "stream": str(Path(folder).resolve())}


def _steps_in(seconds: float, begun: Beginning, team: Team) -> int:
    """How many steps fit into the time, looks at the held-out text included: tried on a copy."""
    if not 0 < seconds < float("inf"):
        raise ValueError(f"--minutes must be a finite number above 0, got {seconds / 60:g}")
    model, trial = copy.deepcopy(begun.model), replace(begun.settings, steps=TRIAL_STEPS, warmup=0)
    steps = train(model, begun.tokens, trial, optimizer=begun.optimizer, shard=begun.shard)
    next(steps)  # the first step is slower than the others
    start = time.monotonic()
    for _ in steps:
        pass
    per_step = (time.monotonic() - start) / (TRIAL_STEPS - 1)
    if begun.held_out is not None:
        sample = begun.held_out[:LOOK]
        start = time.monotonic()
        held_out_bits(model, sample, trial.length, team)
        per_look = time.monotonic() - start
        seconds -= per_look * (LOOKS + len(begun.held_out) / len(sample))
    return max(1, int(seconds / per_step))
