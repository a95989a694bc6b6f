"""Hope on text, beside Titans and attention, in the same processor time.

    python -m tests.benchmarks.hope              measures what is missing in
                                                 notebooks/records/hope_cpu.json
    python -m tests.benchmarks.hope --only hope  one contestant; --seeds 0 1: these seeds

Every contestant has width 64, two blocks and two heads, and reads bytes of Shakespeare's plays, 8
windows of 128 a step. It gets 150 processor seconds: first it is timed over some steps, then it is
trained for as many as go into them, with one learning rate for all. Nothing is tuned. What is
reported is measured on text that is not trained on.

Hope's levels learn at their own periods of 1, 4 and 16 steps (ContinuumOptimizer over
build_groups, with AdamW inside); "one clock" is the same model with AdamW at every step. The
memories of "hope" are MLPs of two layers, as in the paper; those of "hope, matrices" are one matrix
each, which take a quarter of the time. Both answer from the start of the chunk, as (90) says.

    levels    of Hope: how often each is updated, the share of the updates that move it by more
              than a millionth of its length, the size of an update as a share of that length, and
              what it costs in bits a byte to take it out, or to put it back to its start.
    reading   the model goes on learning while it reads (reading.py).

A training that was killed goes on from its last checkpoint, in .titans_book/benchmarks/hope; the
weights that "reading" needs lie there too. About 20 minutes on one core. Taught in chapter 12.
"""

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tests.benchmarks import reading
from tests.benchmarks.keeping import Keeper, about
from titans_book.evaluation import bits_per_token
from titans_book.files import replace_file
from titans_book.lab.project import ROOT
from titans_book.model import TitansConfig, TitansLM
from titans_book.nested.continuum.steps import EPS
from titans_book.tasks import corpora
from titans_book.training import Saved, Step, TrainingSettings, checkpoints, train

RECORD = ROOT / "notebooks/records/hope_cpu.json"
FOLDER = ROOT / ".titans_book/benchmarks/hope"
SIZE = dict(vocab=256, dim=64, depth=2, heads=2, hidden=192)
SECONDS, RATE, BATCH, LENGTH, LOOKS = 150, 4e-3, 8, 128, 5
HELD_OUT = 16_384  # bytes at the end of the text
READERS = "hope, matrices", "titans, lmm"  # of the part "reading"
MATRICES = dict(variant="hope", memory={"chunk": 16, "depth": 1, "read": "start"})
CONTESTANTS: dict[str, tuple[dict[str, Any], str]] = {
    "attention": (dict(variant="attention"), "adamw"),
    "titans, lmm": (dict(variant="lmm", memory={"chunk": 16}), "adamw"),
    "titans, mag": (dict(variant="mag", memory={"chunk": 16}), "adamw"),
    "hope": (dict(variant="hope", memory={"chunk": 16, "read": "start"}), "continuum"),
    "hope, matrices": (MATRICES, "continuum"),
    "hope, matrices, one clock": (MATRICES, "adamw"),
}


def texts() -> tuple[Tensor, Tensor]:
    """What is trained on, and the end of the text, which is not."""
    learn, rest = corpora.split(corpora.tokens(corpora.text("shakespeare")), (0.9, 0.1))
    return learn, rest[-HELD_OUT:]


def new_model(name: str, seed: int) -> TitansLM:
    """The contestant before it has learned anything."""
    torch.manual_seed(seed)
    return TitansLM(TitansConfig(**SIZE, **CONTESTANTS[name][0]))


def plan(steps: int, seed: int) -> TrainingSettings:
    """The settings of a training of so many steps."""
    return TrainingSettings(
        steps=steps, batch=BATCH, length=LENGTH, seed=seed, learning_rate=RATE, watch_every=0,
        evaluate_every=-(-steps // LOOKS), save_every=-(-steps // 10),
    )  # fmt: skip


def timed(events: Iterator) -> Iterator[tuple[Any, float]]:
    """Every event, and the processor seconds that it took."""
    while True:
        start = time.process_time()
        event = next(events, None)
        if event is None:
            return
        yield event, time.process_time() - start


def pace(name: str, steps: int = 8) -> dict[str, Any]:
    """Processor seconds of a step, the median of some after the first two, and their losses."""
    events = train(
        new_model(name, 0), texts()[0], plan(steps + 2, 0), optimizer=CONTESTANTS[name][1]
    )
    found = [(event.loss, took) for event, took in timed(events)]
    took = statistics.median(took for _, took in found[2:])
    losses = [round(loss, 5) for loss, _ in found]
    return {"seconds_a_step": round(took, 4), "first_losses": losses[:4]}


def levels(model: nn.Module) -> dict[str, list[nn.Module]]:
    """The levels of a Hope by their period, one a block; none of other models."""
    found: dict[str, list[nn.Module]] = {}
    for block in model.blocks:
        if hasattr(block, "levels"):
            for level, period in zip(block.levels.levels, block.levels.periods, strict=True):
                found.setdefault(str(period), []).append(level)
    return found


def weights(modules: list[nn.Module]) -> Tensor:
    """All their weights in one row."""
    return torch.cat([p.detach().flatten() for m in modules for p in m.parameters()])


class Progress:
    """What is noted of a training on its way, and kept beside its checkpoints."""

    def __init__(self, folder: Path, model: nn.Module) -> None:
        self.path, self.model = folder / "progress.json", model
        self.noted: dict[str, Any] = {"step": 0, "seconds": 0.0, "curve": [], "levels": {}}
        if self.path.exists():
            self.noted = json.loads(self.path.read_text(encoding="utf-8"))
        self.before = {name: weights(parts) for name, parts in levels(model).items()}

    def note(self, event: Any, took: float) -> None:
        """Take an event into account; what is noted is written after a checkpoint."""
        if isinstance(event, Step):
            if event.step != self.noted["step"] + 1:
                raise RuntimeError(f"{self.path.parent} is not whole: remove it and begin again")
            self.noted["step"] = event.step
            self.noted["seconds"] += took
            self._levels()
        elif isinstance(event, Saved):
            self.write()
        else:
            bits = round(event.bits_per_token, 4)
            self.noted["curve"].append([round(self.noted["seconds"], 1), bits])

    def write(self) -> None:
        """Keep what is noted."""
        replace_file(self.path, json.dumps(self.noted).encode())

    def _levels(self) -> None:
        for name, parts in levels(self.model).items():
            now, was = weights(parts), self.before[name]
            share = ((now - was).norm() / was.norm()).item()
            one = self.noted["levels"].setdefault(name, {"moved": 0, "changes": 0.0})
            one["moved"] += share > EPS
            one["changes"] += share
            self.before[name] = now


def trained(name: str, seed: int, steps: int) -> tuple[TitansLM, dict[str, Any]]:
    """The contestant after its training, which goes on where it stopped, and what was noted."""
    folder = FOLDER / f"{name.replace(', ', '-').replace(' ', '-')}-{seed}"
    learn, held_out = texts()
    model, there = new_model(name, seed), bool(checkpoints.steps(folder))
    how = dict(held_out=held_out, resume=there, optimizer=CONTESTANTS[name][1])
    with train(model, learn, plan(steps, seed), folder, **how) as events:
        progress = Progress(folder, model)
        try:
            for event, took in timed(events):
                progress.note(event, took)
        finally:  # leaving saves a checkpoint as well
            progress.write()
    return model, progress.noted


def without(model: TitansLM, period: str, start: TitansLM | None = None) -> TitansLM:
    """A copy in which the levels of that period say nothing, or what they said at the start."""
    copy = deepcopy(model)
    olds = levels(start)[period] if start else [None] * len(copy.blocks)
    with torch.no_grad():
        for level, old in zip(levels(copy)[period], olds, strict=True):
            if old is None:
                level.mlp.down.weight.zero_()
            else:
                level.load_state_dict(old.state_dict())
    return copy


def alive(name: str, seed: int, model: TitansLM, noted: dict, bits: float) -> dict[str, Any]:
    """Of every level: its updates, and what it is worth."""
    held_out, start, found = texts()[1], new_model(name, seed), {}
    for period, one in noted["levels"].items():
        own = int(period) if CONTESTANTS[name][1] == "continuum" else 1
        updates = max(1, noted["step"] // own)
        found[period] = {
            "updates": updates,
            "moved": round(one["moved"] / updates, 4),
            "change_an_update": round(one["changes"] / updates, 5),
            "removed": round(bits_per_token(without(model, period), held_out, LENGTH) - bits, 4),
            "restarted": round(
                bits_per_token(without(model, period, start), held_out, LENGTH) - bits, 4
            ),
        }
    return found


def result(name: str, seed: int, steps: int) -> dict[str, Any]:
    """One training and what came of it."""
    model, noted = trained(name, seed, steps)
    held_out = texts()[1]
    bits = bits_per_token(model.eval(), held_out, LENGTH)
    longer = bits_per_token(model, held_out, 4 * LENGTH, batch=8)
    found = {
        "weights": model.parameter_count(),
        "steps": steps,
        "seconds": round(noted["seconds"], 1),
        "bits": round(bits, 4),
        f"bits_at_{4 * LENGTH}": round(longer, 4),
        "curve": noted["curve"],
    }
    return found | ({"levels": alive(name, seed, model, noted, bits)} if noted["levels"] else {})


def fresh() -> dict[str, Any]:
    """The record before there is a cell in it."""
    return {
        **about("tests.benchmarks.hope"),
        "unit": "bits a byte on text that is not trained on, windows of 128 with a fresh memory",
        "settings": {
            **SIZE, "batch": BATCH, "length": LENGTH, "learning_rate": RATE,
            "processor_seconds": SECONDS, "corpus": "shakespeare", "held_out": HELD_OUT,
            "reading": reading.settings(),
        },
    }  # fmt: skip


def measure(only: list[str], seeds: list[int]) -> None:
    """Every cell that is asked for and not there yet."""
    keeper = Keeper(RECORD, fresh())
    for seed in seeds:
        for name in only or CONTESTANTS:
            timing = keeper.cell("pace", name, measure=partial(pace, name))
            steps = max(LOOKS, round(SECONDS / timing["seconds_a_step"]))
            keeper.cell(
                "models", name, str(seed),
                measure=partial(result, name, seed, steps),
            )  # fmt: skip
    if not only:
        steps = {name: keeper.record["models"][name]["0"]["steps"] for name in READERS}
        reading.all_reading(keeper, *(trained(name, 0, steps[name])[0].eval() for name in READERS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[], choices=list(CONTESTANTS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    given = parser.parse_args()
    torch.set_num_threads(1)
    measure(given.only, given.seeds)


if __name__ == "__main__":
    main()
