"""Train every contestant on every trial with every seed, and keep what comes of it.

    for done in compare(PROFILES["cpu"], seeds=3, path="comparison.json"):
        print(done.trial, done.model, done.seed, done.scores)

The record is written again after every training, so an interruption costs one of them: called again
with the same path, it goes on with what is missing.
"""

import json
import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from titans_book.comparison.contestants import CONTESTANTS, Profile, everybody, new_model
from titans_book.comparison.statistics import MOST
from titans_book.comparison.trials import TRIALS, Trial, learn
from titans_book.evaluation import state_bytes
from titans_book.files import replace_file
from titans_book.training.on_tasks import train_on
from titans_book.training.schedule import Descent


@dataclass(frozen=True)
class Finished:
    """One training. scores: length of the text read -> accuracy, or bits a byte.

    weights       slow weights of the model.
    state_bytes   what one sequence of the longest reading leaves in the state.
    loss          of the last tenth of the steps, mean, in nats.
    """

    trial: str
    model: str
    seed: int
    scores: dict[int, float]
    weights: int
    state_bytes: int
    loss: float


def compare(
    profile: Profile,
    *,
    seeds: int = 3,
    trials: Sequence[str] = tuple(TRIALS),
    models: Sequence[str] = CONTESTANTS,
    path: Path | str | None = None,
    device: str = "cpu",
) -> Iterator[Finished]:
    """Yield one Finished after the other; those that the record at `path` holds are not repeated.

    Raises ValueError for an unknown name, seeds outside 1 to 10, or a record of another profile.
    """
    for what, names, known in (("trials", trials, TRIALS), ("models", models, everybody())):
        if unknown := [name for name in names if name not in known]:
            raise ValueError(f"{what} must be among {list(known)}, got {unknown}")
    if not 1 <= seeds <= MOST:
        raise ValueError(f"seeds must be 1 to {MOST}, got {seeds}")
    path = None if path is None else Path(path)
    record = _begin(profile, path, device)
    done = {(row["trial"], row["model"], row["seed"]) for row in record["rows"]}
    for seed in range(seeds):  # all models with one seed before another: a first answer comes early
        for trial in dict.fromkeys(trials):  # a name that is said twice is trained once
            for model in dict.fromkeys(models):
                if (trial, model, seed) in done:
                    continue
                finished = _train(TRIALS[trial], model, profile, seed, device)
                record["rows"].append(asdict(finished))
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


def _train(trial: Trial, name: str, profile: Profile, seed: int, device: str) -> Finished:
    model = new_model(name, profile, trial.vocab, seed).to(device)
    settings = Descent(
        steps=profile.steps,
        learning_rate=profile.learning_rate,
        warmup=profile.steps // 20,
        weight_decay=0.0,
    )
    losses = [event.loss for event in train_on(model, learn(trial, profile, seed), settings)]
    tail = losses[-max(1, len(losses) // 10) :]
    model.eval()
    lengths = [profile.length * times for times in profile.reads]
    scores = {length: trial.read(model, length, profile.sequences) for length in lengths}
    with torch.no_grad():
        _, state = model(trial.draw(1, lengths[-1], 0).inputs.to(device))
    size = state_bytes(state).total
    weights, loss = model.parameter_count(), sum(tail) / len(tail)
    return Finished(trial.name, name, seed, scores, weights, size, loss)


def _begin(profile: Profile, path: Path | None, device: str) -> dict:
    """The record so far."""
    fresh = {
        "device": _name(device),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "threads": torch.get_num_threads(),
        "profile": json.loads(json.dumps(asdict(profile))),
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
