"""A training run on the disk: what goes into its checkpoints, and how it is taken up again.

The folder of a run holds its checkpoints (see checkpoints.py) and log.jsonl, one line a step. What
decides the next step is in the checkpoint: the weights, AdamW's moments, the state of the random
number generator, and the step, of which the place in the text is a function (see schedule.py).
"""

import json
import platform
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from titans_book.files import CheckpointError, replace_file
from titans_book.model import TitansConfig, TitansLM
from titans_book.training import checkpoints
from titans_book.training.errors import TrainingError
from titans_book.training.schedule import TrainingSettings


def save(
    folder: Path,
    step: int,
    model: TitansLM,
    optimizer: torch.optim.Optimizer,
    settings: TrainingSettings,
) -> Path:
    """Write a checkpoint of the run; its path. Raises CheckpointError if the disk refuses."""
    moments = {"random": torch.get_rng_state()}
    for index, values in optimizer.state_dict()["state"].items():
        moments |= {f"{index}.{name}": value for name, value in values.items()}
    about = {
        "config": model.config.to_dict(),
        "settings": asdict(settings),
        "versions": {"torch": torch.__version__, "python": platform.python_version()},
    }
    tensors = {"model": model.state_dict(), "training": moments}
    return checkpoints.write(folder, step, tensors, about)


def restore(
    folder: Path,
    model: TitansLM,
    optimizer: torch.optim.Optimizer,
    settings: TrainingSettings,
) -> int:
    """Put the newest checkpoint of the folder into model and optimizer; the step it was made at.

    Raises CheckpointError if there is none or it is damaged, TrainingError if it was made with
    another configuration or other settings.
    """
    path = checkpoints.newest(folder)
    tensors, about = _read(path, "model", "training")
    mine = {"config": model.config.to_dict(), "settings": asdict(settings)}
    for part, values in mine.items():
        theirs = about.get(part, {})
        if changed := {n for n in values | theirs if values.get(n) != theirs.get(n)}:
            raise TrainingError(
                f"{path} was made with another {part}: {', '.join(sorted(changed))} differ. "
                "Resume with the same values, or start a new run in another folder."
            )
    model.load_state_dict(tensors["model"])
    moments = tensors["training"]
    torch.set_rng_state(moments.pop("random"))
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in moments.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    return about["step"]


def cut_log(path: Path, step: int) -> None:
    """Drop what was logged after the checkpoint: those steps will be taken again."""
    kept = []
    if path.exists():
        for line in path.read_bytes().splitlines():
            # not a line that a kill cut in half, nor one that something else has damaged
            with suppress(ValueError, TypeError, KeyError):
                if json.loads(line)["step"] <= step:
                    kept.append(line + b"\n")
    replace_file(path, b"".join(kept))


def load_checkpoint(path: Path | str) -> tuple[TitansLM, dict]:
    """The model of a checkpoint (or of the newest one in a run's folder), and its facts."""
    tensors, about = _read(checkpoints.newest(Path(path)), "model")
    model = TitansLM(TitansConfig(**about["config"]))
    model.load_state_dict(tensors["model"])
    return model, about


def _read(path: Path, *groups: str) -> tuple[dict[str, dict[str, Tensor]], dict]:
    """A checkpoint that holds these groups of tensors, and all that a run says of itself."""
    tensors, about = checkpoints.read(path)
    needed = {*groups, "config", "settings", "step"}
    if missing := needed - tensors.keys() - about.keys():
        raise CheckpointError(
            f"the checkpoint {path} is damaged: it lacks {', '.join(sorted(missing))}. Remove that "
            "folder to go on from the one before it."
        )
    return tensors, about
