"""Train every contestant on every trial with every seed, and keep what comes of it.

    for done in compare(PROFILES["cpu"], seeds=3, path="comparison.json"):
        print(done)

Each contestant first looks for its own learning rate on each trial (tuning.py), then learns with
every seed, for as many processor seconds as the others (learning.py). The record is written again
after every training, so an interruption costs one of them: called again with the same path, it goes
on with what is missing.
"""

import json
import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from math import inf
from pathlib import Path

import torch

from titans_book.comparison import tuning
from titans_book.comparison.contestants import CONTESTANTS, Profile, everybody, new_model
from titans_book.comparison.learning import Training, train
from titans_book.comparison.statistics import MOST
from titans_book.comparison.trials import TRIALS, Trial, learn
from titans_book.evaluation import state_bytes
from titans_book.files import replace_file


@dataclass(frozen=True)
class Tried:
    """One short training with one learning rate, on the seed of the search.

    loss    of the last tenth of its steps, mean, in nats. steps, seconds, ended: as in Finished.
    """

    trial: str
    model: str
    rate: float
    loss: float
    steps: int
    seconds: float
    ended: str

    def __str__(self) -> str:
        return f"{self.trial:7} {self.model:17} rate {self.rate:g}: loss {self.loss:.3f}"


@dataclass(frozen=True)
class Finished:
    """One training. scores: length of the text read -> accuracy, or bits a byte.

    rate          the learning rate that its search has found.
    looks         (steps, processor seconds, score at the training's length) on the way.
    weights       slow weights of the model.
    state_bytes   what one sequence of the longest reading leaves in the state.
    loss          of the last tenth of the steps, mean, in nats.
    steps         taken, and processor seconds spent on them.
    ended         "flat", "limit" or "diverged".
    """

    trial: str
    model: str
    seed: int
    rate: float
    scores: dict[int, float]
    looks: list[tuple[int, float, float]]
    weights: int
    state_bytes: int
    loss: float
    steps: int
    seconds: float
    ended: str

    def __str__(self) -> str:
        scores = ", ".join(f"{score:.3f} at {length}" for length, score in self.scores.items())
        spent = f"{self.steps} steps, {self.seconds:.0f} s ({self.ended})"
        return f"{self.trial:7} {self.model:17} seed {self.seed}  {scores}  {spent}"


def compare(
    profile: Profile,
    *,
    seeds: int = 3,
    trials: Sequence[str] = tuple(TRIALS),
    models: Sequence[str] = CONTESTANTS,
    path: Path | str | None = None,
    device: str = "cpu",
    command: str = "",
) -> Iterator[Tried | Finished]:
    """Yield one training after the other; those that the record at `path` holds are not repeated.

    command: what makes a new record say how it was begun.

    Raises ValueError for an unknown name, seeds outside 1 to 10, or a record of another profile.
    """
    for what, names, known in (("trials", trials, TRIALS), ("models", models, everybody())):
        if unknown := [name for name in names if name not in known]:
            raise ValueError(f"{what} must be among {list(known)}, got {unknown}")
    if not 1 <= seeds <= MOST:
        raise ValueError(f"seeds must be 1 to {MOST}, got {seeds}")
    path = None if path is None else Path(path)
    record = _begin(profile, path, device, command)
    done = {(row["trial"], row["model"], row["seed"]) for row in record["rows"]}
    for seed in range(seeds):  # all models with one seed before another: a first answer comes early
        for trial in dict.fromkeys(trials):  # a name that is said twice is trained once
            for model in dict.fromkeys(models):
                if (trial, model, seed) in done:
                    continue
                for finished in _trainings(TRIALS[trial], model, profile, seed, device, record):
                    record["tried" if isinstance(finished, Tried) else "rows"].append(
                        asdict(finished)
                    )
                    _keep(record, path)
                    yield finished


def load(path: Path | str) -> dict:
    """A record, with lengths as numbers. Raises ValueError, naming the file, if it is not one."""
    try:
        record = json.loads(Path(path).read_text(encoding="utf-8"))
        for row in record["rows"]:
            row["scores"] = {int(length): score for length, score in row["scores"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is not the record of a comparison ({error})") from error
    return record


def _trainings(
    trial: Trial, name: str, profile: Profile, seed: int, device: str, record: dict
) -> Iterator[Tried | Finished]:
    """What is missing of the search for a rate, and then the training itself."""
    losses = {
        row["rate"]: inf if row["ended"] == "diverged" else row["loss"]
        for row in record["tried"]
        if (row["trial"], row["model"]) == (trial.name, name)
    }
    while (rate := tuning.next_rate(losses)) is not None:
        model = new_model(name, profile, trial.vocab, tuning.SEED).to(device)
        short = train(model, learn(trial, profile, tuning.SEED), rate, profile.limit / 2)
        losses[rate] = inf if short.ended == "diverged" else short.loss
        spent = dict(steps=len(short.losses), seconds=short.seconds, ended=short.ended)
        yield Tried(trial.name, name, rate, short.loss, **spent)
    yield _train(trial, name, profile, seed, device, tuning.best_rate(losses))


def _train(
    trial: Trial, name: str, profile: Profile, seed: int, device: str, rate: float
) -> Finished:
    model = new_model(name, profile, trial.vocab, seed).to(device)

    def score(length: int = profile.length) -> float:
        return trial.read(model, length, profile.sequences)

    done: Training = train(model, learn(trial, profile, seed), rate, profile.limit, score)
    lengths = [profile.length * times for times in profile.reads]
    scores = {length: score(length) for length in lengths}
    looks = [*done.looks, (len(done.losses), done.seconds, scores[profile.length])]
    with torch.no_grad():
        _, state = model(trial.draw(1, lengths[-1], 0).inputs.to(device))
    return Finished(
        trial=trial.name,
        model=name,
        seed=seed,
        rate=rate,
        scores=scores,
        looks=looks,
        weights=model.parameter_count(),
        state_bytes=state_bytes(state).total,
        loss=done.loss,
        steps=len(done.losses),
        seconds=done.seconds,
        ended=done.ended,
    )


def _begin(profile: Profile, path: Path | None, device: str, command: str) -> dict:
    """The record so far."""
    fresh = {
        "command": command,
        "device": _name(device),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "threads": torch.get_num_threads(),
        "profile": json.loads(json.dumps(asdict(profile))),
        "ladder": list(tuning.LADDER),
        "tried": [],
        "rows": [],
    }
    if path is None or not path.exists():
        return fresh
    record = load(path)
    if record.get("profile") != fresh["profile"]:
        raise ValueError(f"{path} holds a comparison of another profile: choose another file")
    return record


def _keep(record: dict, path: Path | None) -> None:
    """Write the record; what was there stays until the new one is whole."""
    if path is not None:
        replace_file(path, (json.dumps(record, indent=1) + "\n").encode())


def _name(device: str) -> str:
    """The device in words."""
    if torch.device(device).type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {platform.machine()}"
