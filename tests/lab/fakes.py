"""Stand-ins for training, with the shapes that the lab relies on and nothing else."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from titans_book.memory import MemoryTrace

TEXT = "The memory reads, and what it does not expect it writes down.\n"


@dataclass
class Snapshot:
    tokens: np.ndarray
    memories: tuple


@dataclass
class Step:
    step: int
    steps: int
    loss: float
    snapshot: Snapshot | None
    learning_rate: float = 3e-3
    gradient_norm: float = 1.0
    tokens_per_second: float = 1234.5
    seconds_left: float = 75.0


@dataclass
class Evaluated:
    step: int
    bits_per_token: float


@dataclass
class Saved:
    step: int
    path: Path


def trace(rng, heads=4, length=128, shape=(32, 128), chunk=16) -> MemoryTrace:
    """A memory whose weights walk a little in every chunk."""
    frames = length // chunk + 1

    def drawn(top, *size):
        return torch.from_numpy(top * rng.random(size or (heads, length), dtype=np.float32))

    walk = rng.normal(size=(frames, heads, *shape)).astype(np.float32).cumsum(0) / 10
    return MemoryTrace(
        theta=drawn(0.1), eta=drawn(0.9), alpha=drawn(0.01),
        surprise=drawn(2.0), keys=drawn(1.0), values=drawn(3.0),
        film=(torch.from_numpy(walk), torch.from_numpy(walk).mT),
        momentum=drawn(1.0, frames, heads), times=tuple(range(0, length + 1, chunk)),
    )  # fmt: skip


def snapshot(seed=0, blocks=4, length=128, **shape) -> Snapshot:
    rng = np.random.default_rng(seed)
    tokens = np.frombuffer((TEXT * 20).encode()[:length], dtype=np.uint8)
    return Snapshot(tokens, tuple(trace(rng, length=length, **shape) for _ in range(blocks)))


@dataclass
class Training:
    """A generator of events that counts what happened to it."""

    steps: int = 10
    seconds: float = 0.0
    fail_at: int = 0
    snapshots: list = field(default_factory=lambda: [snapshot(0), snapshot(1)])
    made: int = 0
    closed: bool = False
    work: object = None

    def __call__(self):
        try:
            for step in range(1, self.steps + 1):
                if step == self.fail_at:
                    raise FloatingPointError("the loss is not a number")
                (self.work or time.sleep)(self.seconds)
                self.made = step
                shown = self.snapshots[step % len(self.snapshots)] if self.snapshots else None
                yield Step(step, self.steps, 5.0 / step, shown)
                if step % 5 == 0:
                    yield Evaluated(step, 6.0 / step)
                    yield Saved(step, Path("run") / f"{step}.safetensors")
        finally:
            self.closed = True
