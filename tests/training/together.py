"""What each of two processes does; test_together.py starts them and compares."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import torch
from torch.nn.parallel import DistributedDataParallel

from tests.training.test_training import SETTINGS, TEXT
from titans_book.model import TitansConfig, TitansLM
from titans_book.training import Evaluated, Saved, Step, checkpoints, train
from titans_book.training.optimizer import adamw
from titans_book.training.team import joined

HELD = TEXT[:840]  # 35 windows, 18 and 17: one of them not full
PLAN = replace(SETTINGS, steps=6, evaluate_every=6, accumulate=2)
LEFT = 5  # steps before a run is left


def model(variant="lmm", heads=2, seed=0):
    """In float64; of one head some weights have a single row, which cannot be cut in two."""
    torch.manual_seed(seed)
    attention = {} if variant == "lmm" else {"window": 8, "persistent": 2}
    config = dict(dim=16, depth=2, heads=heads, hidden=16, memory={"chunk": 8}, **attention)
    return TitansLM(TitansConfig(variant, **config)).double()


def curve(events):
    """Loss and norm of every step, then the held-out score; all that a run says of its course."""
    steps, scores = [], []
    for event in events:
        if isinstance(event, Step):
            steps.append((event.loss, event.gradient_norm))
        elif isinstance(event, Evaluated):
            scores.append(event.bits_per_token)
    return [steps, scores]


def first(events, steps=LEFT):
    """Leave a run behind so many steps."""
    with events:
        for event in events:
            if isinstance(event, Step) and event.step == steps:
                break


def refusal(do):
    try:
        do()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "nothing was refused"


def averaged(folder: Path) -> dict:
    """Runs of whole models, whose gradients are averaged."""
    events = list(train(model(), TEXT, PLAN, folder / "two", held_out=HELD))
    said = {"straight": curve(events)}
    said["paths"] = [event.path.name for event in events if isinstance(event, Saved)]
    said["from one"] = curve(train(model(seed=3), TEXT, PLAN, folder / "one", resume=True))
    asked = train(model(), TEXT, PLAN, folder / "asked")
    for event in asked:
        if isinstance(event, Step) and event.step == LEFT and RANK == 1:
            asked.stop()
    said["saved"] = [path.name for path in checkpoints.steps(folder / "asked")]
    saved = [
        event for event in train(model(), TEXT, PLAN, folder / "quiet") if isinstance(event, Saved)
    ]
    said["paths"] = [event.path.name for event in saved]
    return said


def in_shards(folder: Path, variant: str, heads: int) -> dict:
    """Runs of a model whose weights are cut in two."""
    here = folder / variant

    def fresh(seed=0):
        return model(variant, heads, seed)

    said = {"straight": curve(train(fresh(), TEXT, PLAN, held_out=HELD, shard=True))}
    first(train(fresh(), TEXT, PLAN, here, shard=True))
    if RANK == 0:
        shutil.copytree(here, folder / f"{variant}-again")
    torch.distributed.barrier()
    again = train(fresh(3), TEXT, PLAN, folder / f"{variant}-again", resume=True, shard=True)
    said["on in shards"] = curve(again)
    return said


def refused(folder: Path) -> dict:
    """What is refused is refused in every process."""
    broken = model()
    torch.nn.init.constant_(broken.norm.weight, float("inf") if RANK else 1.0)
    damaged = folder / "damaged"
    if RANK == 0:
        shutil.copytree(folder / "mag", damaged)
        part = next((checkpoints.newest(damaged) / "model.shards").iterdir())
        part.write_bytes(part.read_bytes()[:-1])
    torch.distributed.barrier()
    tries = {
        "taken": lambda: train(model(), TEXT, PLAN, folder / "two"),
        "batch": lambda: train(model(), TEXT, replace(PLAN, batch=6, accumulate=2)),
        "optimizer": lambda: train(model(), TEXT, PLAN, shard=True, optimizer="muon"),
        "wrapped": lambda: train(DistributedDataParallel(model()), TEXT, PLAN, shard=True),
        "damage": lambda: train(model("mag", 1), TEXT, PLAN, damaged, resume=True, shard=True),
    }
    return {name: refusal(do) for name, do in tries.items()}


def half(shard: bool) -> list:
    """A few steps in float16, whose overflows all processes have to see."""
    made = model().float()
    plan = replace(PLAN, precision="fp16", steps=4)
    events = train(made, TEXT, plan, shard=shard, optimizer=lambda m: adamw(m, plan))
    return curve(events)[0]


if __name__ == "__main__":
    with joined("cpu") as team:
        RANK, where = team.rank, Path(sys.argv[1])
        result = {
            "averaged": averaged(where),
            "lmm": in_shards(where, "lmm", heads=2),
            "mag": in_shards(where, "mag", heads=1),
            "from whole": curve(
                train(model(seed=3), TEXT, PLAN, where / "whole", resume=True, shard=True)
            ),
            "refused": refused(where),
            "half": [half(shard=False), half(shard=True)],
        }
        (where / f"said-{RANK}.json").write_text(json.dumps(result))
