"""A training run on the disk: what goes into its checkpoints, and how it is taken up again.

The folder of a run holds its checkpoints (see checkpoints.py) and its log (see log.py). The
checkpoint has what decides the next step: the weights, the optimizer's state and which optimizer it
is, the state of the random number generator, the scale of the loss, and the step, of which the
place in the text is a function (see schedule.py).
"""

import json
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from titans_book.files import CheckpointError
from titans_book.model import TitansConfig, TitansLM
from titans_book.model.config import as_of_format_1
from titans_book.training import checkpoints
from titans_book.training.errors import TrainingError
from titans_book.training.packing import pack, unpack
from titans_book.training.schedule import TrainingSettings
from titans_book.training.team import Team

# Settings that may change on resuming: the steps are the same.
FREE = ("accumulate", "evaluate_every", "save_every", "watch_every")
FORMAT = 2  # 1: memories forgot towards 0 unless told otherwise


def save(
    folder: Path,
    step: int,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    settings: TrainingSettings,
    optimizer_began: dict | None = None,
    scaler: torch.amp.GradScaler | None = None,
    *,
    team: Team | None = None,
) -> Path:
    """Write a checkpoint of the run; its path. Raises CheckpointError if the disk refuses.

    optimizer_began   what `about_optimizer` said before the first step, if that is past.
    team              the processes that hold model and optimizer in shards; all of them call this.
    """
    inner = unwrapped(model)
    moments = {"random": torch.get_rng_state()}
    tree = pack(optimizer.state_dict(), moments)
    about = {
        "format": FORMAT,
        "config": inner.config.to_dict(),
        "settings": asdict(settings),
        "optimizer": {**(optimizer_began or about_optimizer(optimizer)), "state": tree},
        "scaler": {} if scaler is None else scaler.state_dict(),
        "versions": {"torch": torch.__version__, "python": platform.python_version()},
    }
    weights = {plain(name): weight for name, weight in inner.state_dict().items()}
    tensors = {"model": weights, "training": moments}
    if team is None:
        return checkpoints.write(folder, step, tensors, about)
    from titans_book.training import sharding

    return sharding.write(folder, step, tensors, about, team)


def restore(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    settings: TrainingSettings,
    scaler: torch.amp.GradScaler | None = None,
    *,
    team: Team | None = None,
) -> int:
    """Put a checkpoint into model and optimizer; the step it was made at.

    Raises CheckpointError if it is damaged, TrainingError if it was made with
    another configuration, other settings or another optimizer.
    """
    if team is None:
        tensors, about = _read(path, "model", "training")
    else:
        about = _of_today(checkpoints.read_about(path)[0])
    inner = unwrapped(model)
    mine = {"config": inner.config.to_dict(), "settings": asdict(settings)}
    for part, values in mine.items():
        theirs = about.get(part, {})
        if part == "settings":  # what an older checkpoint does not name was as it is by default
            theirs = {**asdict(TrainingSettings()), **theirs, **{n: values[n] for n in FREE}}
        if changed := {n for n in values | theirs if values.get(n) != theirs.get(n)}:
            raise TrainingError(
                f"{path} was made with another {part}: {', '.join(sorted(changed))} differ. "
                "Resume with the same values, or start a new run in another folder."
            )
    theirs = about.get("optimizer", {"name": "AdamW", "groups": []})  # before there was a choice
    _refuse_another(optimizer, theirs, path)
    if team is not None:
        from titans_book.training import sharding

        tensors = sharding.read(path, inner, optimizer, team)
    _put(tensors["model"], inner, path)
    moments = tensors["training"]
    torch.set_rng_state(moments.pop("random"))
    if "state" in theirs:
        optimizer.load_state_dict(unpack(theirs["state"], moments))
    else:
        optimizer.load_state_dict(_plain_state(optimizer, moments))
    if scaler is not None and about.get("scaler"):
        scaler.load_state_dict(about["scaler"])
    return about["step"]


def _plain_state(optimizer: torch.optim.Optimizer, moments: dict[str, Tensor]) -> dict:
    """The state_dict in a checkpoint that holds nothing but AdamW's moments."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in moments.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = value
    return {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}


def about_optimizer(optimizer: torch.optim.Optimizer, asked: str | None = None) -> dict[str, Any]:
    """Its name and the options of its groups as JSON, to be compared when a run is resumed.

    asked   the short name by which it was asked for, if it was. Raises TypeError if its state_dict
            holds what no checkpoint can.
    """
    pack(optimizer.state_dict(), {})
    groups = [{k: v for k, v in g.items() if k != "params"} for g in optimizer.param_groups]
    text = json.dumps(groups, default=lambda value: type(value).__name__)
    return {"name": _name(optimizer), "asked": asked, "groups": json.loads(text)}


def _name(optimizer: torch.optim.Optimizer) -> str:
    """Its class, and in brackets those that it is made of."""
    own = type(optimizer).__name__
    inside = getattr(optimizer, "each", None) or [getattr(optimizer, "inner", None)]
    names = [_name(one) for one in inside if isinstance(one, torch.optim.Optimizer)]
    return f"{own}({', '.join(names)})" if names else own


def _refuse_another(optimizer: torch.optim.Optimizer, theirs: dict, path: Path) -> None:
    """Raise TrainingError unless the checkpoint is of this optimizer with these options."""
    mine = about_optimizer(optimizer)
    if mine["name"] != theirs["name"]:
        raise TrainingError(
            f"{path} belongs to the optimizer {theirs['name']}, not to {mine['name']}. Resume with "
            "that one, or start a new run in another folder."
        )
    pairs = zip(mine["groups"], theirs["groups"], strict=False)
    changed = {n for own, was in pairs for n in own.keys() & was.keys() if own[n] != was[n]}
    if theirs["groups"] and (changed or len(mine["groups"]) != len(theirs["groups"])):
        what = ", ".join(sorted(changed)) or "the number of groups"
        raise TrainingError(
            f"{path} was made with another {mine['name']}: {what} differ. "
            "Resume with the same values, or start a new run in another folder."
        )


def _put(weights: dict[str, Tensor], model: nn.Module, path: Path) -> None:
    """The weights of a checkpoint into a model of the same dtypes, compiled or not."""
    own = model.state_dict()
    found = {name: weights[plain(name)] for name in own}
    for name, weight in found.items():
        if weight.dtype != own[name].dtype:
            raise TrainingError(
                f"{path} holds {name} in {weight.dtype}, the model has it in {own[name].dtype}: "
                "make the model in the dtype of the run"
            )
    model.load_state_dict(found)


def unwrapped(model: nn.Module) -> Any:
    """The TitansLM inside what torch.compile or DistributedDataParallel made of it."""
    while not isinstance(model, TitansLM):
        inner = getattr(model, "_orig_mod", None) or getattr(model, "module", None)
        if inner is None:
            raise TypeError(f"model must be a TitansLM, got {type(model).__name__}")
        model = inner
    return model


def plain(name: str) -> str:
    """A weight's name without what torch.compile puts into it.

    >>> plain("blocks.0._orig_mod.norm.weight")
    'blocks.0.norm.weight'
    """
    return name.replace("_orig_mod.", "")


def load_checkpoint(path: Path | str) -> tuple[TitansLM, dict]:
    """The model of a checkpoint (or of the newest one in a run's folder), and its facts."""
    tensors, about = _read(checkpoints.newest(Path(path)), "model")
    model = TitansLM(TitansConfig(**about["config"]))
    model.load_state_dict(tensors["model"], assign=True)  # in the dtype that it was saved in
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
    return tensors, _of_today(about)


def _of_today(about: dict) -> dict:
    """What a checkpoint says, as a checkpoint of today would say it."""
    if about.get("format", 1) < FORMAT:
        return {**about, "config": as_of_format_1(about["config"])}
    return about
