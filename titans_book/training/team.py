"""Several processes that train one model: each reads its share of every batch.

    torchrun --nproc-per-node 4 -m titans_book train ...

A batch has the same sequences however many processes there are, so the loss curve is the same to
rounding, and a run may go on with more or fewer of them. Gradients are averaged by
DistributedDataParallel. The first process writes and speaks for all. What a memory learns while it
reads belongs to one sequence and stays where that sequence is read. Taught in chapter 13.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

T = TypeVar("T")


@dataclass(frozen=True)
class Team:
    """The processes of this training, seen from one of them. Alone, none of it costs anything."""

    rank: int = 0
    size: int = 1
    device: torch.device = torch.device("cpu")

    @classmethod
    def here(cls, device: torch.device | str = "cpu") -> "Team":
        """The processes that PyTorch has been told of in this process; else this one alone."""
        if dist.is_available() and dist.is_initialized():
            return cls(dist.get_rank(), dist.get_world_size(), torch.device(device))
        return cls(device=torch.device(device))

    @property
    def joined(self) -> bool:
        """Is there, now, a group of processes, be it of one?"""
        return dist.is_available() and dist.is_initialized()

    @property
    def leads(self) -> bool:
        """Is this the process that writes and speaks?"""
        return self.rank == 0

    def share(self, rows: Tensor) -> Tensor:
        """The rows of a batch that this process reads."""
        return rows.chunk(self.size)[self.rank]

    def sum(self, value: Tensor) -> Tensor:
        """The sum of what the processes bring; each gets it."""
        if self.size == 1:
            return value
        total = value.detach().to(self.device, copy=True)
        dist.all_reduce(total)
        return total

    def mean(self, value: Tensor) -> Tensor:
        """The mean of what the processes bring; each gets it."""
        return self.sum(value) / self.size if self.size > 1 else value

    def any(self, flag: bool) -> bool:
        """Does one of the processes say yes?"""
        return bool(self.sum(torch.tensor(float(flag))).item())

    def agree(self, do: Callable[[], T]) -> T:
        """Let the first process do it; all get its result, or raise its error."""
        if self.size == 1:
            return do()
        answer: list = [None]
        if self.leads:
            try:
                answer = [(do(), None)]
            except Exception as error:
                answer = [(None, error)]
        dist.broadcast_object_list(answer)
        result, error = answer[0]
        if error is not None:
            raise error
        return result

    def gather(self, value: T) -> list[T]:
        """What each process brings, in their order; each gets all of it."""
        if self.size == 1:
            return [value]
        found: list = [None] * self.size
        dist.all_gather_object(found, value)
        return found

    def spread(self, model: nn.Module) -> nn.Module:
        """The model such that a backward pass averages the gradients of all processes."""
        averages = any(isinstance(part, DistributedDataParallel) for part in model.modules())
        return model if self.size == 1 or averages else DistributedDataParallel(model)


@contextmanager
def joined(device: torch.device | str) -> Iterator[Team]:
    """Join the processes that torchrun has started with this one; alone if there are none."""
    if "RANK" not in os.environ or dist.is_initialized():
        yield Team.here(device)
        return
    where = torch.device(device)
    if where.index is not None:
        torch.accelerator.set_device_index(where.index)
    dist.init_process_group(dist.get_default_backend_for_device(where.type))
    try:
        yield Team.here(where)
    finally:
        dist.destroy_process_group()


def place() -> int | None:
    """Which of this machine's processes this is, if torchrun has started it."""
    return int(os.environ["LOCAL_RANK"]) if "LOCAL_RANK" in os.environ else None
