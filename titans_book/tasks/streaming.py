"""Texts that need not fit into memory: written once as bytes, then read from the disk as needed.

    tokens = streamed(["my_texts"], "cache").tokens        # uint8, of any length
    train(model, tokens, settings, folder)

The bytes are those of `tokens(read_texts(paths))`. The system maps the file into memory and reads
the pages that a batch falls on, so a process needs a few megabytes whatever the text has.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import UInt8
from torch import Tensor

from titans_book.files import replace_file
from titans_book.tasks.reader import files_of, pieces

VERSION = 1  # of what is made of a text: another one is written anew


@dataclass(frozen=True)
class Streamed:
    """The bytes of a text, on the disk, and the SHA-256 of them all."""

    tokens: UInt8[Tensor, " total"]
    sha256: str


def size_of(paths: Iterable[str | os.PathLike]) -> int:
    """The bytes of all files together, folders searched as `read_texts` does it."""
    return sum(file.stat().st_size for file in files_of(paths))


def streamed(paths: Iterable[str | os.PathLike], folder: Path | str) -> Streamed:
    """The reader's files as one long text, kept in `folder` and not in memory.

    What is in the folder already is taken, unless a file has another size or date since. Raises
    ValueError for what is no text, as `read_texts` does, and OSError if the disk refuses.
    """
    files, folder = files_of(paths), Path(folder)
    facts = [[str(file.resolve()), *_stamp(file)] for file in files]
    key = hashlib.sha256(json.dumps([VERSION, facts]).encode()).hexdigest()[:16]
    where, about = folder / f"{key}.bytes", folder / f"{key}.json"
    known = _known(where, about)
    if known is None:
        known = _write(where, files)
        text = json.dumps({**known, "files": facts}, indent=1)
        replace_file(about, (text + "\n").encode())
    tokens = torch.from_file(str(where), size=known["bytes"], dtype=torch.uint8)
    return Streamed(tokens, known["sha256"])


def _stamp(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_size, found.st_mtime_ns


def _known(where: Path, about: Path) -> dict | None:
    """What an earlier call has said of the file, if it is there and whole."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(about.read_text(encoding="utf-8"))
        if where.stat().st_size == known["bytes"] and isinstance(known["sha256"], str):
            return known
    return None


def _write(where: Path, files: list[Path]) -> dict:
    """Write the text, piece by piece; its length and hash."""
    where.parent.mkdir(parents=True, exist_ok=True)
    draft, seen = where.with_name(f".{where.name}.{os.getpid()}.writing"), hashlib.sha256()
    try:
        with open(draft, "wb") as out:
            for piece in pieces(files):
                content = piece.encode()
                seen.update(content)
                out.write(content)
            out.flush()
            os.fsync(out.fileno())
            length = out.tell()
        os.replace(draft, where)
    finally:
        with suppress(OSError):
            draft.unlink()
    return {"bytes": length, "sha256": seen.hexdigest()}
