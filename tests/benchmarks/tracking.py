"""State tracking beyond the training length: which memories can turn a sign without losing it?

    python -m tests.benchmarks.tracking                    measures what is missing in
                                                           notebooks/records/tracking_cpu.json
    python -m tests.benchmarks.tracking --only parity      one task; also one contestant, by name
    python -m tests.benchmarks.tracking --seeds 0 1        some seeds
    python -m tests.benchmarks.tracking --anew             measures again what is there

Every cell (task, contestant, seed) is written as soon as it is measured: a run that was killed goes
on where it stopped. The whole takes about half an hour on one core.

A model is an embedding, one memory of width 16 with one head, and a linear map to the answers. It
is trained at lengths drawn from 4 to 32, with an answer due at every token, and then reads 256
fresh sequences of 256 tokens. What counts is the accuracy of the eight answers up to token 32, 64,
128 and 256. Training has 1,000 steps, or 125 where a step takes as long as ten others. Every
contestant gets the same search first: two learning rates, on seeds of their own and the first task
that it takes part in; the better mean accuracy decides for all of its tasks.

`factors` has a number for each token of the task: what its write multiplies the memory with along
its key, 1 - alpha - theta, or (1 - alpha)(1 - theta) where it forgets first. -1 turns a sign and
loses nothing of it, 1 leaves the memory as it is. With two writes a token has two. Those of
self-modifying memories are not known in advance. Taught in chapter 12.
"""

import argparse
import json
import platform
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tests.benchmarks.speed import device
from titans_book.files import replace_file
from titans_book.lab.project import ROOT
from titans_book.memory import NeuralMemory
from titans_book.nested.hope import SelfModifyingMemory
from titans_book.tasks.batch import TaskBatch
from titans_book.tasks.languages import language
from titans_book.tasks.tracking import tracking
from titans_book.training.on_tasks import Descent, TrainingError, train_on

RECORD = ROOT / "notebooks/records/tracking_cpu.json"
COMMAND = "OMP_NUM_THREADS=1 python -m tests.benchmarks.tracking"
SHORTEST, LONGEST, BATCH, DIM = 4, 32, 64, 16
READ, LAST, READS = 256, 8, (32, 64, 128, 256)
STEPS, SLOW = 1000, 125  # SLOW: where everything is generated anew at every token
LEARNING = {"warmup": 20, "weight_decay": 0.0}
RATES, TUNING, SEEDS = (0.01, 0.03), (10, 11), (0, 1, 2)

HARD = {"theta_max": 2.0, "gate": "hard"}
TITANS = {"rule": "gated-deltanet", "forget_first": False}  # it asks before it forgets
SELF = {"depth": 1, "chunk": 1, "gate": "hard"}
MEMORIES: dict[str, Callable[[], nn.Module]] = {
    "linear attention": lambda: NeuralMemory(DIM, rule="linear-attention"),
    "DeltaNet, θ ≤ 1": lambda: NeuralMemory(DIM, rule="deltanet"),
    "DeltaNet, θ ≤ 2": lambda: NeuralMemory(DIM, rule="deltanet", theta_max=2.0),
    "DeltaNet, θ ≤ 2, hard": lambda: NeuralMemory(DIM, rule="deltanet", **HARD),
    "Gated DeltaNet": lambda: NeuralMemory(DIM, rule="gated-deltanet"),
    "Titans, θ ≤ 1": lambda: NeuralMemory(DIM, **TITANS),
    "Titans, θ ≤ 2, hard": lambda: NeuralMemory(DIM, **TITANS, **HARD),
    "self-modifying, once, η ≤ 2, hard": lambda: SelfModifyingMemory(
        DIM, **SELF, erase="once", eta_max=2.0
    ),
    "self-modifying, twice (93), η ≤ 1, hard": lambda: SelfModifyingMemory(
        DIM, **SELF, erase="dgd", eta_max=1.0
    ),
    "two writes, θ ≤ 2": lambda: NeuralMemory(DIM, rule="deltaproduct", theta_max=2.0),
    "two writes, θ ≤ 2, hard": lambda: NeuralMemory(DIM, rule="deltaproduct", **HARD),
}
FEW = ("linear attention", "DeltaNet, θ ≤ 2", "DeltaNet, θ ≤ 2, hard")
SINGLE = tuple(name for name in MEMORIES if not name.startswith("two"))
BOTH = ("linear attention", "DeltaNet, θ ≤ 2, hard", "Gated DeltaNet", "Titans, θ ≤ 2, hard")
BOTH += ("self-modifying, twice (93), η ≤ 1, hard", "two writes, θ ≤ 2", "two writes, θ ≤ 2, hard")
# task: how many tokens and answers there are, and who takes part
TASKS: dict[str, tuple[int, tuple[str, ...]]] = {
    "parity": (2, SINGLE),
    "s3": (6, BOTH),
    "aa": (2, FEW),
    "abab": (2, FEW),
}


class Tracker(nn.Module):
    """A token in, one memory, an answer out: logits, state = model(tokens, state)."""

    def __init__(self, tokens: int, memory: nn.Module) -> None:
        super().__init__()
        self.enter, self.leave = nn.Embedding(tokens, DIM), nn.Linear(DIM, tokens)
        self.memory = memory

    def forward(self, tokens: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        y, state = self.memory(self.enter(tokens), state)
        return self.leave(y), state


def drawn(task: str, batch: int, time_: int, seed: int) -> TaskBatch:
    """A batch of the task; the words of a language are the same with every seed."""
    if task in ("aa", "abab"):
        return language(batch, kind=task, time=time_)
    return tracking(batch, kind=task, time=time_, seed=seed)


def lesson(task: str, seed: int, step: int) -> TaskBatch:
    """The batch of a training step, as long as chance will have it."""
    number = 1_000_000 * (seed + 1) + step
    random = torch.Generator().manual_seed(number)
    time_ = int(torch.randint(SHORTEST, LONGEST + 1, (), generator=random))
    return drawn(task, BATCH, time_, number)


def read(model: Tracker, task: str, seed: int) -> list[float]:
    """The share of right answers among the last eight up to each of the lengths in READS."""
    batch = drawn(task, READ, max(READS), seed)
    with torch.no_grad():
        right = (model(batch.inputs)[0].argmax(-1) == batch.targets).float()
    return [round(right[:, end - LAST : end].mean().item(), 4) for end in READS]


def factors(memory: nn.Module, x: Tensor) -> list[float] | None:
    """What each write of the tokens x, (tokens, DIM), does to the memory along its own key."""
    if not isinstance(memory, NeuralMemory):
        return None
    with torch.no_grad():
        theta, _, keep = memory.rule.rates(memory.gates(x[:, None]))
    if memory.rule.objective.name == "dot":  # it looks at no memory, and erases nothing
        theta = torch.zeros_like(theta)
    asked = keep if memory.rule.forget_first else 1
    return [round(factor, 4) for factor in (keep - theta * asked).flatten().tolist()]


def cell(task: str, name: str, seed: int, rate: float, steps: int | None = None) -> dict[str, Any]:
    """One run: what was trained and for how long, and the accuracy at each length."""
    start, tokens = time.process_time(), TASKS[task][0]
    torch.manual_seed(seed)
    model = Tracker(tokens, MEMORIES[name]())
    steps = steps or (SLOW if name.startswith("self") else STEPS)
    plan, loss, failed = Descent(steps=steps, learning_rate=rate, **LEARNING), float("nan"), {}
    try:
        for event in train_on(model, lambda step: lesson(task, seed, step), plan):
            loss = event.loss
    except TrainingError as error:  # the record says so; the model is that of the last good step
        failed = {"failed": str(error).splitlines()[0]}
    accuracy = read(model.eval(), task, seed=10_000 + seed)
    return {
        "rate": rate,
        "steps": steps,
        "loss": round(loss, 4),
        "accuracy": accuracy,
        "factors": factors(model.memory, model.enter.weight),
        "seconds": round(time.process_time() - start, 1),
        **failed,
    }


def new_record() -> dict[str, Any]:
    """A record without cells: where, with what, how, and what the numbers mean."""
    return {
        "device": device(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "command": COMMAND,
        "threads": 1,
        "settings": {
            "dim": DIM,
            "batch": BATCH,
            "trained_at": [SHORTEST, LONGEST],
            "read": READ,
            "last": LAST,
            "rates": list(RATES),
            "tuning_seeds": list(TUNING),
            **LEARNING,
        },
        "lengths": list(READS),
        "search": {},
        "tasks": {},
    }


class Keeper:
    """The record on disk: what is there is not measured again, what is new is written at once."""

    def __init__(self, path: Path, anew: bool) -> None:
        self.path, self.anew = path, anew
        there = path.exists()
        self.record = json.loads(path.read_text(encoding="utf-8")) if there else new_record()

    def kept(self, part: str, task: str, name: str, rate: float, seed: int) -> dict[str, Any]:
        """The cell of the search or of the tasks, measured now if it is missing."""
        keys = (name, str(rate)) if part == "search" else (task, name)
        cells = self.record[part].setdefault(keys[0], {}).setdefault(keys[1], {})
        if str(seed) not in cells or (self.anew and part == "tasks"):
            cells[str(seed)] = cell(task, name, seed, rate)
            print(part, task, name, seed, cells[str(seed)], flush=True)
            self.record["tasks"] = ordered(self.record["tasks"])
            text = json.dumps(self.record, indent=1, ensure_ascii=False)
            # Lists of numbers in one line each.
            text = re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", text)
            replace_file(self.path, f"{text}\n".encode())
        return cells[str(seed)]

    def rate(self, name: str) -> float:
        """The better of the rates, on the tuning seeds and the first task of the contestant."""
        task = next(task for task, (_, names) in TASKS.items() if name in names)

        def score(rate: float) -> float:
            found = [self.kept("search", task, name, rate, seed) for seed in TUNING]
            return statistics.mean(x for one in found for x in one["accuracy"])

        return max(RATES, key=score)


def measure(only: list[str], seeds: list[int], anew: bool) -> None:
    """Every cell that is asked for and not there yet, each written as soon as it is known."""
    keeper = Keeper(RECORD, anew)
    for task, (_, names) in TASKS.items():
        for name in names:
            if not only or {task, name} & set(only):
                for seed in seeds:
                    keeper.kept("tasks", task, name, keeper.rate(name), seed)


def ordered(tasks: dict) -> dict:
    """The cells in the order of TASKS, whatever the order in which they were measured."""
    found: dict = {}
    for task, (_, names) in TASKS.items():
        have = tasks.get(task, {})
        found[task] = {name: dict(sorted(have[name].items())) for name in names if name in have}
    return {task: cells for task, cells in found.items() if cells}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[], choices=[*TASKS, *MEMORIES])
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--anew", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    measure(given.only, given.seeds, given.anew)


if __name__ == "__main__":
    main()
