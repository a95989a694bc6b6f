"""Memories that learn while they read: is the second reading of a passage cheaper than the first?

    python -m tests.benchmarks.twice_read             trains and measures what is not yet recorded
    python -m tests.benchmarks.twice_read window lmm  these, again if they are recorded already

    python -m tests.benchmarks.twice_read seeds       only three models, from two other seeds

One model after the other, each with an entry of its own in notebooks/records/twice_read.json and
its weights, in half precision, in notebooks/records/twice_read/: interrupted, the command goes on
with the first model that has no entry. On one core some 2 to 8 minutes a model.

They are measured on passages of two texts that none has seen: plays that were held out, and
Moby-Dick. What was chosen (rates, shares, heads, the start of the keys) was chosen on "choose",
another part of Shakespeare. See `titans_book.book.ch13.twice` for the models and the texts, and
`titans_book.evaluation.twice_read` for what is measured.
"""

import itertools
import json
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict

import torch
from safetensors.torch import save_file
from torch import Tensor

from titans_book.book.ch13.twice import FOLDER, MODELS, RECORD, fresh, path_of, texts
from titans_book.evaluation import twice_read
from titans_book.files import replace_file
from titans_book.model import TitansLM
from titans_book.tasks.returning import ReturningBatch, returning
from titans_book.training.on_tasks import Descent, train_on

TRAINING = Descent(steps=600, learning_rate=3e-3, warmup=50, weight_decay=0.1)
SEQUENCES = dict(passage=(12, 40), back=0.6, part=0.5)
STAGES = (  # steps, and their sequences: first mostly the memory, then farther, and all of the text
    (300, dict(batch=8, time=256, plain=0.3)),
    (300, dict(batch=2, time=1024, plain=1.0)),
)
SEEDED, SEEDS = ("attention, convolution", "lmm, gated-deltanet", "window, convolution"), (1, 2)
MEASURED = dict(distances=(32, 128, 512), passage=32, passages=200, lead=32)


def drawn(learn: Tensor, seed: int) -> Iterator[ReturningBatch]:
    """Batch after batch: the same for every model."""
    g = torch.Generator().manual_seed(seed)
    for steps, stage in STAGES:
        for _ in range(steps):
            yield returning(learn, **SEQUENCES, **stage, seed=g)


def trained(name: str, learn: Tensor, seed: int) -> tuple[TitansLM, dict]:
    """The model, and what its training cost: seconds of one core, the loss every 25 steps."""
    model, batches, losses = fresh(name, seed), drawn(learn, seed), []
    began = time.process_time()
    for event in train_on(model, lambda _: next(batches), TRAINING):
        losses.append(event.loss)
        if event.step % 25 == 0:
            print(event.step, round(sum(losses[-25:]) / 25, 3), flush=True)
    means = [sum(losses[i : i + 25]) / 25 for i in range(0, len(losses), 25)]
    seconds = time.process_time() - began
    return model, {"seconds": round(seconds), "losses": [round(x, 3) for x in means]}


def measured(model: TitansLM, held_out: Tensor) -> dict:
    """Bits a token of every reading, by distance, and what the second one saves, with intervals."""
    found = twice_read(model, held_out, **MEASURED)
    bits = {name: getattr(found, name) for name in ("first", "second", "another", "shut")}
    rows = {
        "bits": {n: _rounded(x.mean(1).tolist()) for n, x in bits.items() if x is not None},
        "saved": [_rounded(row) for row in found.saved()],
    }
    if found.shut is not None:
        rows["saved_over_shut"] = [_rounded(row) for row in found.saved("shut")]
    return rows


def _rounded(values: list[float]) -> list[float]:
    return [round(value, 4) for value in values]


def make(name: str, tokens: dict[str, Tensor]) -> dict:
    """Train the model of this name, keep its weights in half precision, and measure those."""
    seed = 0
    model, cost = trained(name, tokens["learn"], seed)
    half = {n: W.half() for n, W in model.state_dict().items()}
    model.load_state_dict(half)
    about = {"config": model.config.to_dict(), "seed": seed, "weights": model.parameter_count()}
    entry = about | cost | {text: measured(model, tokens[text]) for text in ("plays", "moby_dick")}
    FOLDER.mkdir(exist_ok=True)
    save_file(half, path_of(name), {"entry": json.dumps(entry)})
    return entry


def again(name: str, tokens: dict[str, Tensor], seed: int) -> dict:
    """What the model of this name saves on the plays, trained from another seed; not kept."""
    model, cost = trained(name, tokens["learn"], seed)
    return cost | {"plays": measured(model, tokens["plays"])}


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    record = json.loads(RECORD.read_text()) if RECORD.exists() else {"models": {}}
    seeds = record.get("seeds", {name: {} for name in SEEDED})
    about = {"command": "OMP_NUM_THREADS=1 python -m tests.benchmarks.twice_read"}
    about |= {"device": "cpu, one thread", "torch": torch.__version__}
    about |= {"python": platform.python_version(), "training": asdict(TRAINING)}
    about |= {"sequences": SEQUENCES, "stages": STAGES, "measured": MEASURED}
    _, tokens = texts()

    def keep(found: dict) -> None:
        models = {name: found[name] for name in MODELS if name in found}
        whole = about | {"models": models, "seeds": seeds}
        replace_file(RECORD, (json.dumps(whole, indent=1) + "\n").encode())

    found = record["models"]
    named = [name for name in names if name != "seeds"]
    missing = [name for name in MODELS if name not in found]
    for name in named or (missing if not names else []):
        print(name, flush=True)
        found[name] = make(name, tokens)
        keep(found)
        print(json.dumps(found[name], indent=1), flush=True)
    for name, seed in itertools.product(SEEDED, SEEDS) if "seeds" in names or not names else ():
        if str(seed) not in seeds[name]:
            print(name, "seed", seed, flush=True)
            seeds[name][str(seed)] = again(name, tokens, seed)
            keep(found)


if __name__ == "__main__":
    main(sys.argv[1:])
