"""What a model remembers, in a file: read a book today, go on with it tomorrow.

The file is in the safetensors format: the tensors by name, such as `state.blocks.0.attention.keys`,
and in its header a description in JSON of how they make up the state. Nothing in it is executed.
Given the model, the header also names its weights, by a hash, and its config: to others a state
says nothing.
Taught in chapter 13.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from titans_book.files import CheckpointError, aligned, replace_file
from titans_book.model.config import as_of_format_1
from titans_book.model.model import ModelState, TitansLM
from titans_book.state import State

FORMAT = 2  # 1: memories forgot towards 0 unless told otherwise


def save_state(state: State, path: Path | str, model: nn.Module | None = None) -> Path:
    """Write the state to a file; whatever was there before stays until the new file is whole.

    state: of a model, or of any module of ours, such as a NeuralMemory's.
    model: the one that made the state; then `load_state` can tell it from another one.
    Raises CheckpointError if the disk refuses.
    """
    path, tensors = Path(path), {}
    about = {"state": json.dumps(_describe(state, "state", tensors)), "format": str(FORMAT)}
    if model is not None:
        about["weights"] = fingerprint(model)
        about["config"] = json.dumps(_config(model))
    try:
        replace_file(path, save(tensors, about))
    except OSError as error:
        raise CheckpointError(f"cannot save a state in {path}: {error.strerror}") from error
    return path


def load_state(
    path: Path | str, device: torch.device | str = "cpu", model: nn.Module | None = None
) -> Any:
    """The state in a file, on the device. Raises CheckpointError if there is none or it is damaged.

    A state fits the model that made it; one of other shapes refuses it, by name of what differs.
    model: the one that is to go on; if the file names other weights or another config, or holds no
    state of a whole model, that is a CheckpointError as well.
    """
    try:
        with safe_open(path, framework="pt", device=str(device)) as file:
            about = file.metadata()
            config = dict(json.loads(about.get("config", "{}")))
            state = _build(json.loads(about["state"]), lambda name: aligned(file.get_tensor(name)))
    except FileNotFoundError:
        raise CheckpointError(f"there is no state in {path}: save one first") from None
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise CheckpointError(
            f"the state {path} is damaged or is not one of ours ({error})"
        ) from error
    if config and int(about.get("format", 1)) < FORMAT:
        config = as_of_format_1(config)
    if isinstance(model, TitansLM) and not isinstance(state, ModelState):
        raise CheckpointError(
            f"the state {path} is that of a {type(state).__name__}, not of a model"
        )
    if model is not None:
        _refuse_another(model, about.get("weights"), config, path)
    return state


def _refuse_another(model: nn.Module, weights: str | None, config: dict, path: Path | str) -> None:
    """Raise CheckpointError if the file names other weights or another config than the model's."""
    if weights is not None and weights != fingerprint(model):
        raise CheckpointError(
            f"the state {path} was made by other weights than this model's: load the checkpoint "
            "that it was made with, or read the text again"
        )
    mine = _config(model)
    if other := [f"{name}={value!r}" for name, value in config.items() if mine.get(name) != value]:
        raise CheckpointError(
            f"the state {path} was made by a model with {', '.join(other)}, and this is another: "
            "build the model as it was, or read the text again"
        )


def _config(model: nn.Module) -> dict[str, Any]:
    """The fields of a model's config; none for a module that has no config."""
    return model.config.to_dict() if isinstance(model, TitansLM) else {}


def fingerprint(model: nn.Module) -> str:
    """A hash of all weights, with their names, shapes and numbers.

    >>> fingerprint(nn.Linear(1, 1)) == fingerprint(nn.Linear(1, 1))
    False
    """
    found = hashlib.sha256()
    for name, weight in model.state_dict().items():
        found.update(f"{name} {weight.dtype} {tuple(weight.shape)}\n".encode())
        found.update(weight.detach().cpu().reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()


def _describe(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """The value in plain JSON; its tensors go into `tensors`, by name."""
    if isinstance(value, Tensor):
        tensors[name] = value.detach().cpu().clone(memory_format=torch.contiguous_format)
        return {"tensor": name}
    if isinstance(value, dict):
        return {"groups": {n: _describe(part, f"{name}.{n}", tensors) for n, part in value.items()}}
    if isinstance(value, tuple):
        return [_describe(part, f"{name}.{i}", tensors) for i, part in enumerate(value)]
    if isinstance(value, State):
        parts = {n: _describe(part, f"{name}.{n}", tensors) for n, part in value.parts().items()}
        return {"kind": type(value).__name__, "parts": parts}
    return value  # a whole number, or None


def _build(plain: Any, tensor_of) -> Any:
    """What `_describe` described."""
    if isinstance(plain, list):
        return tuple(_build(part, tensor_of) for part in plain)
    if isinstance(plain, dict) and "tensor" in plain:
        return tensor_of(plain["tensor"])
    if isinstance(plain, dict) and "groups" in plain:
        return {name: _build(part, tensor_of) for name, part in plain["groups"].items()}
    if isinstance(plain, dict):
        parts = {name: _build(part, tensor_of) for name, part in plain["parts"].items()}
        return State.kinds[plain["kind"]].from_parts(parts)
    return plain
