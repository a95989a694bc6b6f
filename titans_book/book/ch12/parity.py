"""Small models that count ones: what decides is the factor that a write can reach.

A model is an embedding, one memory and a linear map, trained on short texts and tried on long ones.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from statistics import mean
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from titans_book.lab.project import ROOT
from titans_book.memory import NeuralMemory
from titans_book.tasks.tracking import tracking
from titans_book.training.on_tasks import Descent, train_on

__all__ = ["LENGTHS", "Counted", "count_ones", "record", "recorded"]

DIM, LAST, LENGTHS = 8, 8, (32, 64, 128, 256)
RATE = 3e-2
PATH = ROOT / "notebooks/records/tracking_cpu.json"


class Counter(nn.Module):
    """logits, state = counter(bits, state)."""

    def __init__(self, memory: nn.Module) -> None:
        super().__init__()
        self.enter, self.leave = nn.Embedding(2, DIM), nn.Linear(DIM, 2)
        self.memory = memory

    def forward(self, bits: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        y, state = self.memory(self.enter(bits), state)
        return self.leave(y), state


class Counted(NamedTuple):
    """Accuracy of the last eight answers up to each length, and the factors of a 0 and a 1."""

    accuracy: list[float]
    factors: list[float]


@lru_cache(maxsize=16)
def count_ones(theta_max: float, gate: str, steps: int = 200, seed: int = 0) -> Counted:
    """Train a DeltaNet whose write rates reach from 0 to theta_max, on texts of 4 to 32 bits."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        memory = NeuralMemory(DIM, rule="deltanet", theta_max=theta_max, gate=gate)
        model = Counter(memory)
        settings = Descent(steps=steps, learning_rate=RATE, warmup=20, weight_decay=0.0)
        for _ in train_on(model, lambda step: _lesson(seed, step), settings):
            pass
    batch = tracking(256, kind="parity", time=max(LENGTHS), seed=99)
    with torch.no_grad():
        right = (model(batch.inputs)[0].argmax(-1) == batch.targets).float()
        theta, _, keep = memory.rule.rates(memory.gates(model.enter.weight[:, None]))
    found = [right[:, end - LAST : end].mean().item() for end in LENGTHS]
    return Counted(found, (keep - theta).flatten().tolist())


def _lesson(seed: int, step: int):
    number = 1_000_000 * (seed + 1) + step
    random = torch.Generator().manual_seed(number)
    time = int(torch.randint(4, 33, (), generator=random))
    return tracking(64, kind="parity", time=time, seed=number)


@lru_cache(maxsize=1)
def record() -> Mapping[str, Any]:
    """The recorded measurement of all memories, three seeds each."""
    return json.loads(PATH.read_text(encoding="utf-8"))


def recorded(task: str) -> dict[str, list[float]]:
    """The mean accuracy over the seeds at each length, by memory."""
    return {
        name: [mean(at) for at in zip(*(c["accuracy"] for c in cells.values()), strict=True)]
        for name, cells in record()["tasks"][task].items()
    }
