"""Small models that find a needle, and the record of how they were made and what they find.

All of them are two blocks of memory alone, width 32, trained for 250 steps on haystacks of 64
tokens. They differ in one choice of the memory, and every choice was trained with three seeds. The
weights of a few are kept. To train and measure all of them anew (some ten minutes of one core):

    python -m titans_book.book.ch14.finders
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from titans_book.check import choose
from titans_book.evaluation.lengths import needle_grid
from titans_book.lab.project import ROOT
from titans_book.memory import NeuralMemory
from titans_book.model import TitansConfig, TitansLM
from titans_book.tasks.batch import TaskBatch
from titans_book.tasks.needle import needle
from titans_book.training.on_tasks import Descent, train_on

__all__ = [
    "CHOICES",
    "KEPT",
    "finder",
    "fresh",
    "haystacks",
    "read_in_chunks",
    "record",
    "train_finder",
]

FOLDER = ROOT / "notebooks" / "records" / "14_needle"
PATH = ROOT / "notebooks" / "records" / "needle_cpu.json"
VOCAB, TRAINED_AT, ROWS = 64, 64, 64
SIZE = dict(vocab=VOCAB, dim=32, depth=2, heads=2, hidden=64)
STEPS = Descent(steps=250, learning_rate=5e-3, warmup=20)
CHOICES: dict[str, dict[str, Any]] = {
    "to its start": {"chunk": 16},
    "to zero": {"chunk": 16, "retention": "decay"},
    "never forgets": {"chunk": 16, "retention": "none"},
    "no momentum": {"chunk": 16, "momentum": False},
    "chunk 4": {"chunk": 4},
    "chunk 64": {"chunk": 64},
}
KEPT = {"to its start": 1, "to zero": 1}  # and the seed of the model whose weights are kept
SECOND = {
    "to its start": 0
}  # another seed, for whoever asks whether a finding is that of one model
SEEDS, DEPTHS, LENGTHS, CHUNKS = (0, 1, 2), (0.0, 0.5, 1.0), (64, 256, 1024, 2048), (1, 4, 16, 64)


def haystacks(
    length: int,
    depth: float | int | tuple[float | int, float | int] = (0, 1),
    rows: int = 32,
    seed: int = 1,
) -> TaskBatch:
    """Haystacks with one needle, which no finder has been trained on."""
    return needle(rows, time=length, depth=depth, vocab=VOCAB, seed=seed)


def fresh(choice: str, seed: int = 0) -> TitansLM:
    """A finder before its training. Raises ValueError for an unknown choice."""
    choose("choice", choice, CHOICES)
    torch.manual_seed(seed)
    return TitansLM(TitansConfig("lmm", **SIZE, memory=CHOICES[choice]))


def train_finder(choice: str, seed: int = 0, settings: Descent = STEPS) -> tuple[TitansLM, dict]:
    """A finder that was trained, and what it cost: processor seconds, and its last right answers.

    Every step has 32 new haystacks of 64 tokens.
    """
    model, began = fresh(choice, seed), time.process_time()
    right = [
        event.accuracy
        for event in train_on(
            model,
            lambda step: haystacks(TRAINED_AT, rows=32, seed=1_000_000 * (seed + 1) + step),
            settings,
        )
    ]
    seconds = round(time.process_time() - began)
    return model.eval(), {"seconds": seconds, "right": round(sum(right[-20:]) / 20, 3)}


def finder(choice: str, *, second: bool = False) -> TitansLM:
    """A finder whose weights are kept, "to its start" or "to zero".

    second: the one of another seed, which is kept of "to its start" alone. Raises ValueError for a
    choice whose weights are not kept.

    >>> finder("to zero").config.memory["retention"]
    'decay'
    """
    choose("choice", choice, SECOND if second else KEPT)
    model = fresh(choice)
    with safe_open(path_of(choice, second), framework="pt") as file:
        model.load_state_dict({name: file.get_tensor(name).float() for name in file.keys()})  # noqa: SIM118
    return model.eval()


def path_of(choice: str, second: bool = False) -> Path:
    """Where the weights of a finder lie."""
    return FOLDER / f"{choice.replace(' ', '-')}{'-second' * second}.safetensors"


def read_in_chunks(model: TitansLM, chunk: int) -> TitansLM:
    """The same model, whose memories from now on read in chunks of another size."""
    for part in model.modules():
        if isinstance(part, NeuralMemory):
            part.rule = part.rule.but(chunk=chunk)
    return model


@lru_cache(maxsize=1)
def record() -> Mapping[str, Any]:
    """The recorded measurement of all choices, three seeds each."""
    return json.loads(PATH.read_text(encoding="utf-8"))


def _measured(model: TitansLM, choice: str) -> dict[str, Any]:
    """The share of needles found, by depth and length, and read in chunks of several sizes."""
    grid = needle_grid(model, lambda depth, length: haystacks(length, depth, ROWS), DEPTHS, LENGTHS)
    found: dict[str, Any] = {"found": _rounded(grid.accuracy)}
    own = CHOICES[choice]["chunk"]
    if choice in ("to its start", "chunk 4", "chunk 64"):
        for chunk in CHUNKS:
            read_in_chunks(model, chunk)
            table = needle_grid(model, lambda _, n: haystacks(n, rows=ROWS), (0.5,), LENGTHS[:3])
            found.setdefault("read in chunks", {})[str(chunk)] = _rounded(table.accuracy)[0]
        read_in_chunks(model, own)
    return found


def _rounded(table: torch.Tensor) -> list[list[float]]:
    return [[round(value, 4) for value in row] for row in table.tolist()]


def make(choices: Sequence[str] = ()) -> None:
    """Train and measure these choices, or all, with every seed; the record is written as it grows.

    What it says of other choices stays.
    """
    about = {
        "command": "python -m titans_book.book.ch14.finders",
        "device": "cpu, one thread",
        "torch": torch.__version__,
        "python": platform.python_version(),
        "training": {"steps": STEPS.steps, "rows": 32, "length": TRAINED_AT,
                     "learning_rate": STEPS.learning_rate},
        "depths": DEPTHS, "lengths": LENGTHS, "rows": ROWS,
    }  # fmt: skip
    FOLDER.mkdir(parents=True, exist_ok=True)
    for choice in choices or CHOICES:
        for seed in SEEDS:
            model, cost = train_finder(choice, seed)
            if seed in (KEPT.get(choice), SECOND.get(choice)):
                half = {name: W.half() for name, W in model.state_dict().items()}
                save_file(half, path_of(choice, second=KEPT[choice] != seed))
                model.load_state_dict(half)
            measured = cost | _measured(model, choice)
            _write(about, choice, seed, measured)
            print(choice, seed, measured, flush=True)


def _write(about: dict[str, Any], choice: str, seed: int, measured: dict[str, Any]) -> None:
    """Put one model into the record."""
    models = json.loads(PATH.read_text(encoding="utf-8"))["models"] if PATH.exists() else {}
    models.setdefault(choice, {})[str(seed)] = measured
    about = about | {"models": {name: models[name] for name in CHOICES if name in models}}
    PATH.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    torch.set_num_threads(1)
    make(sys.argv[1:])
