"""Checkpoints: written whole or not at all, and checked before they are trusted.

A run's folder holds one folder a checkpoint, step-00000200/, with

    model.safetensors      the slow weights
    training.safetensors   the optimizer's moments and the random number generator
    checkpoint.json        configuration, settings, step, versions, and the hash of both files

It is written under another name, flushed to the disk, and renamed: a crash, a kill -9 or a full
disk leaves the checkpoint before it untouched. Reading one runs no code (no pickle).
"""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from titans_book.files import CheckpointError, aligned, write_file

KEEP = 2  # newest checkpoints that stay on the disk


def write(folder: Path, step: int, tensors: dict[str, dict[str, Tensor]], about: dict) -> Path:
    """Save the named groups of tensors and the JSON values `about`; returns the new folder.

    Raises CheckpointError if the disk refuses (full, read-only); older checkpoints stay.
    """
    target = folder / f"step-{step:08d}"
    draft = folder / f".{target.name}.writing"
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        hashes = {}
        for name, group in tensors.items():
            content = save({key: x.detach().cpu().contiguous() for key, x in group.items()})
            hashes[name] = hashlib.sha256(content).hexdigest()
            write_file(draft / f"{name}.safetensors", content)
        text = json.dumps({**about, "step": step, "sha256": hashes}, indent=1)
        write_file(draft / "checkpoint.json", text.encode())
        shutil.rmtree(target, ignore_errors=True)
        os.replace(draft, target)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise CheckpointError(
            f"cannot save a checkpoint in {folder}: {error.strerror or error}. Free some space or "
            "choose another folder; the checkpoints already there are unharmed."
        ) from error
    for old in steps(folder)[:-KEEP]:
        shutil.rmtree(old, ignore_errors=True)
    return target


def steps(folder: Path) -> list[Path]:
    """The complete checkpoints of a run, oldest first."""
    return sorted(path for path in Path(folder).glob("step-*") if path.is_dir())


def newest(path: Path) -> Path:
    """The checkpoint at `path`: a step's own folder, or the newest step of a run's folder."""
    path = Path(path)
    if (path / "checkpoint.json").exists():
        return path
    if found := steps(path):
        return found[-1]
    raise CheckpointError(f"there is no checkpoint in {path}: train first, or name another folder")


def read(path: Path) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]]:
    """The tensors and the JSON values of one checkpoint, after checking every hash."""
    try:
        about = json.loads((path / "checkpoint.json").read_text(encoding="utf-8"))
        tensors = {name: _read_group(path, name, digest) for name, digest in _hashes(about)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        raise CheckpointError(
            f"the checkpoint {path} is damaged or is not one of ours ({error}). Remove that folder "
            "to go on from the one before it."
        ) from error
    return tensors, about


def _hashes(about: dict) -> list[tuple[str, str]]:
    return list(about["sha256"].items())


def _read_group(path: Path, name: str, digest: str) -> dict[str, Tensor]:
    content = (path / f"{name}.safetensors").read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise ValueError(f"{name}.safetensors does not have the content that was written")
    return {name: aligned(x) for name, x in load(content).items()}
