"""A folder of shards: the parts of some tensors, written by many processes, read by any number.

torch.distributed.checkpoint writes and reads them, as safetensors, so reading runs no code (its
own format needs pickle). Every file says where in the whole tensor its parts belong.
"""

import hashlib
import warnings
from pathlib import Path

import torch
import torch.distributed.checkpoint as dcp
from torch import Tensor
from torch.distributed.checkpoint import HuggingFaceStorageReader, HuggingFaceStorageWriter


def save(folder: Path, parts: dict[str, Tensor]) -> None:
    """Write tensors that are in shards (DTensor); all processes call it at once."""
    folder.mkdir(exist_ok=True)
    dcp.save(parts, storage_writer=HuggingFaceStorageWriter(str(folder), save_distributed=True))


def load(folder: Path, into: dict[str, Tensor]) -> None:
    """Fill tensors, whole or in shards, from the .safetensors files in a folder.

    Of a whole file, too, each process reads its own part only; all call it at once.
    """
    dcp.load(into, storage_reader=HuggingFaceStorageReader(str(folder)))


def kept(folder: Path) -> dict[str, tuple[torch.Size, torch.dtype]]:
    """The shape and the dtype of every tensor that the files of a folder make up."""
    found = HuggingFaceStorageReader(str(folder)).read_metadata().state_dict_metadata
    return {name: (about.size, about.properties.dtype) for name, about in found.items()}


def whole(folder: Path) -> dict[str, Tensor]:
    """The tensors, put together; one process does it by itself."""
    found = {name: torch.empty(size, dtype=dtype) for name, (size, dtype) in kept(folder).items()}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="torch.distributed is", category=UserWarning)
        dcp.load(found, storage_reader=HuggingFaceStorageReader(str(folder)), no_dist=True)
    return found


def digest(file: Path) -> str:
    """The SHA-256 of a file, which need not fit into memory."""
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def is_whole(file: Path, wanted: str) -> bool:
    """Is the file there, with this SHA-256?"""
    return file.exists() and digest(file) == wanted
