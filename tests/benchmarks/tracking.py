"""State tracking beyond the training length: which memories can turn a sign without losing it?

    python -m tests.benchmarks.tracking                    measures what is missing in
                                                           notebooks/records/tracking_cpu.json
    python -m tests.benchmarks.tracking --only parity      one task; also one contestant, by name
    python -m tests.benchmarks.tracking --seeds 0 1        some seeds
    python -m tests.benchmarks.tracking --anew             measures again what is there

Every cell (task, contestant, seed) is written as soon as it is measured: a run that was killed goes
on where it stopped. The whole takes about 25 minutes on one core.

A model is an embedding, one memory of width 16 with one head, and a linear map to the answers. It
is trained at lengths drawn from 4 to 32, with an answer due at every token, and then reads 256
fresh sequences of 256 tokens. What counts is the accuracy of the eight answers up to token 32, 64,
128 and 256. No setting was searched: all contestants have one learning rate, and 1,000 steps of
training, or 150 where a step takes as long as ten others.

`factors` has a number for each token of the task: what its write multiplies the memory with along
its key, 1 - alpha - theta, or (1 - alpha)(1 - theta) where it forgets first. -1 turns a sign and
loses nothing of it, 1 leaves the memory as it is. With two writes a token has two. Those of
self-modifying memories are not known in advance. Taught in chapter 12.
"""

import argparse
import json
import platform
import time
from collections.abc import Callable
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
from titans_book.training.on_tasks import Descent, train_on

RECORD = ROOT / "notebooks/records/tracking_cpu.json"
COMMAND = "OMP_NUM_THREADS=1 python -m tests.benchmarks.tracking"
SHORTEST, LONGEST, BATCH, DIM = 4, 32, 64, 16
READ, LAST, READS = 256, 8, (32, 64, 128, 256)
STEPS, SLOW = 1000, 150  # SLOW: where everything is generated anew at every token
LEARNING = {"learning_rate": 1e-2, "warmup": 20, "weight_decay": 0.0}
SEEDS = (0, 1, 2)

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
FEW = ("linear attention", "DeltaNet, θ ≤ 2", "DeltaNet, θ ≤ 2, hard", "Titans, θ ≤ 2, hard")
SINGLE = tuple(name for name in MEMORIES if not name.startswith("two"))
# task: how many tokens and answers there are, and who takes part
TASKS: dict[str, tuple[int, tuple[str, ...]]] = {
    "parity": (2, SINGLE),
    "s3": (6, tuple(MEMORIES)),
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


def cell(task: str, name: str, seed: int, steps: int | None = None) -> dict[str, Any]:
    """One run: what was trained and for how long, and the accuracy at each length."""
    start, tokens = time.process_time(), TASKS[task][0]
    torch.manual_seed(seed)
    model = Tracker(tokens, MEMORIES[name]())
    steps = steps or (SLOW if name.startswith("self") else STEPS)
    loss = float("nan")
    try:
        plan = Descent(steps=steps, **LEARNING)
        for event in train_on(model, lambda step: lesson(task, seed, step), plan):
            loss = event.loss
        failed = None
    except Exception as error:  # the record keeps what went wrong
        failed = f"{type(error).__name__}: {error}".splitlines()[0]
    accuracy = read(model.eval(), task, seed=10_000 + seed)
    seconds = round(time.process_time() - start, 1)
    found = {"steps": steps, "loss": round(loss, 4), "accuracy": accuracy, "seconds": seconds}
    found["factors"] = factors(model.memory, model.enter.weight)
    return found | ({"failed": failed} if failed else {})


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
            **LEARNING,
        },
        "lengths": list(READS),
        "tasks": {},
    }


def measure(only: list[str], seeds: list[int], anew: bool) -> None:
    """Every cell that is asked for and not there yet, each written as soon as it is known."""
    record = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else new_record()
    for task, (_, names) in TASKS.items():
        for name in names:
            for seed in seeds:
                if only and not {task, name} & set(only):
                    continue
                cells = record["tasks"].setdefault(task, {}).setdefault(name, {})
                if str(seed) in cells and not anew:
                    continue
                cells[str(seed)] = found = cell(task, name, seed)
                print(task, name, seed, found, flush=True)
                record["tasks"] = ordered(record["tasks"])
                text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
                replace_file(RECORD, text.encode())


def ordered(tasks: dict) -> dict:
    """The cells in the order of TASKS, whatever the order in which they were measured."""
    return {
        task: {
            name: dict(sorted(tasks[task][name].items())) for name in names if name in tasks[task]
        }
        for task, (_, names) in TASKS.items()
        if task in tasks
    }


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
