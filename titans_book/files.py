"""Files that are written whole or not at all, and tensors that come out of them as they went in."""

import os
from contextlib import suppress
from pathlib import Path

from torch import Tensor


class CheckpointError(RuntimeError):
    """A checkpoint cannot be read or written; the message says what to do."""


def write_file(path: Path, content: bytes) -> None:
    """Write a file and wait until it is on the disk."""
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: Path, content: bytes) -> None:
    """Put the content at `path`; whatever was there stays until the new file is whole.

    Raises OSError if the disk refuses, and then leaves no draft.
    """
    draft = path.with_name(f".{path.name}.writing")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(draft, content)
        os.replace(draft, path)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise


def aligned(x: Tensor) -> Tensor:
    """The same numbers where fast code wants them to begin; in a file they begin anywhere.

    Otherwise sums may be taken in another order, and the last digit is another one.
    """
    return x.clone()
