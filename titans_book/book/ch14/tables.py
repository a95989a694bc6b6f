"""What the record of chapter 14 says, as the tables of its page: by chunk and by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.book.ch14.finders import record
from titans_book.check import choose

__all__ = ["TRAINED", "ByChunk", "by_chunk", "by_seed", "when_trained"]

TRAINED = {4: "chunk 4", 16: "to its start", 64: "chunk 64"}  # the choice trained in such chunks


class ByChunk(NamedTuple):
    """table[i][j]: the share found by models trained in chunks of `trained[i]`, read in `read[j]`.

    It is the mean of all seeds.
    """

    table: list[list[float]]
    trained: list[int]
    read: list[int]


def _column(length: int, lengths: Sequence[int]) -> int:
    choose("length", str(length), {str(one): one for one in lengths})
    return list(lengths).index(length)


def by_chunk(length: int = 256, read: Sequence[int] = (1, 4, 16, 64)) -> ByChunk:
    """The needle half way, read in several chunks. Raises ValueError for a length not recorded.

    >>> by_chunk(64, [1, 16]).read
    [1, 16]
    """
    column = _column(length, record()["lengths"][:3])
    table = []
    for name in TRAINED.values():
        runs = [run["read in chunks"] for run in record()["models"][name].values()]
        for chunk in read:
            choose("read in chunks of", str(chunk), runs[0])
        table.append([sum(run[str(b)][column] for run in runs) / len(runs) for b in read])
    return ByChunk(table, list(TRAINED), list(read))


def _runs(choice: str) -> Mapping[str, Any]:
    models = record()["models"]
    choose("choice", choice, models)
    return dict(sorted(models[choice].items()))


def by_seed(choice: str, length: int = 1024) -> Float[Tensor, " seeds"]:
    """The share found by each seed of a choice, the mean of all depths, in order of the seeds.

    Raises ValueError for a choice or a length that was not recorded.

    >>> by_seed("to zero").shape
    torch.Size([3])
    """
    column = _column(length, record()["lengths"])
    rows = [[depth[column] for depth in run["found"]] for run in _runs(choice).values()]
    return torch.tensor(rows, dtype=torch.float64).mean(1)


def when_trained(choice: str) -> Float[Tensor, " seeds"]:
    """The share of right answers of each seed in the last twenty steps of its training."""
    return torch.tensor([run["right"] for run in _runs(choice).values()], dtype=torch.float64)
