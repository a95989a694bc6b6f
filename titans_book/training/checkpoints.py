"""Checkpoints: written whole or not at all, and checked before they are trusted.

A run's folder holds one folder a checkpoint, step-00000200/, with

    model.safetensors      the slow weights
    training.safetensors   the optimizer's moments and the random number generator
    checkpoint.json        configuration, settings, step, versions, and the hash of both files

A run in shards has a folder of them, model.shards/, in the place of a file (see sharding.py). It is
written under another name, flushed to the disk, and renamed: a crash, a kill -9 or a full
disk leaves the checkpoint before it untouched. Reading one runs no code (no pickle).
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
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
    return finish(begin(folder, step), step, tensors, about)


def begin(folder: Path, step: int) -> Path:
    """The empty folder in which the checkpoint of this step is written until it is whole."""
    draft = folder / f".step-{step:08d}.writing"
    with _kept_from_harm(draft):
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
    return draft


def finish(draft: Path, step: int, tensors: dict[str, dict[str, Tensor]], about: dict) -> Path:
    """Add these tensors to what has been written, and make a checkpoint of it all; its folder."""
    folder = draft.parent
    target = folder / f"step-{step:08d}"
    with _kept_from_harm(draft):
        hashes = {}
        for name, group in tensors.items():
            content = save({key: x.detach().cpu().contiguous() for key, x in group.items()})
            hashes[name] = hashlib.sha256(content).hexdigest()
            write_file(draft / f"{name}.safetensors", content)
        text = json.dumps({**about, "step": step, "sha256": hashes}, indent=1)
        write_file(draft / "checkpoint.json", text.encode())
        shutil.rmtree(target, ignore_errors=True)
        os.replace(draft, target)
    for old in steps(folder)[:-KEEP]:
        shutil.rmtree(old, ignore_errors=True)
    return target


@contextmanager
def _kept_from_harm(draft: Path) -> Iterator[None]:
    """If the disk refuses, say so and leave no draft."""
    try:
        yield
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise CheckpointError(
            f"cannot save a checkpoint in {draft.parent}: {error.strerror or error}. Free some "
            "space or choose another folder; the checkpoints already there are unharmed."
        ) from error


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
    """The tensors and the JSON values of one checkpoint, after checking every hash.

    What is in shards is put together.
    """
    with _damage_named(path):
        about = json.loads((path / "checkpoint.json").read_text(encoding="utf-8"))
        tensors = {name: _read_group(path, name, digest) for name, digest in _hashes(about)}
        for name, digests in about.get("shards", {}).items():
            tensors[name] = {**_read_shards(path, name, digests), **tensors.get(name, {})}
    return tensors, about


def read_about(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The JSON values of one checkpoint, and the hash of every file in it, by its path."""
    with _damage_named(path):
        about = json.loads((path / "checkpoint.json").read_text(encoding="utf-8"))
        files = {f"{name}.safetensors": digest for name, digest in _hashes(about)}
        for name, digests in about.get("shards", {}).items():
            files |= {f"{name}.shards/{file}": digest for file, digest in digests.items()}
    return about, files


def damaged(path: Path, why: object) -> CheckpointError:
    """What to say of a checkpoint that cannot be trusted."""
    return CheckpointError(
        f"the checkpoint {path} is damaged or is not one of ours ({why}). Remove that folder "
        "to go on from the one before it."
    )


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        raise damaged(path, error) from error


def _hashes(about: dict) -> list[tuple[str, str]]:
    return list(about["sha256"].items())


def _read_group(path: Path, name: str, digest: str) -> dict[str, Tensor]:
    content = (path / f"{name}.safetensors").read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise ValueError(f"{name}.safetensors does not have the content that was written")
    return {name: aligned(x) for name, x in load(content).items()}


def _read_shards(path: Path, name: str, digests: dict[str, str]) -> dict[str, Tensor]:
    from titans_book.training import shards

    folder = path / f"{name}.shards"
    for file, digest in digests.items():
        if shards.digest(folder / file) != digest:
            raise ValueError(f"{name}.shards/{file} does not have the content that was written")
    return shards.whole(folder)
