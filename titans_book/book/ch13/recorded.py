"""Five small models that were trained beforehand, one a variant: something to look into at once.

Chapter 13 looks into them where a reader has not waited for a training of his own. All five got
the same text in the same order, the same seed and as many steps; their weights are kept in half
precision. Each file holds, beside the weights, the configuration and what the training cost. To
make them anew (some ten minutes on one core):

    python -m titans_book.book.ch13.recorded
"""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from titans_book.check import choose
from titans_book.evaluation import bits_per_token
from titans_book.lab.project import ROOT
from titans_book.model import TitansConfig, TitansLM
from titans_book.model.config import as_of_format_1
from titans_book.tasks import corpora
from titans_book.training import Step, train
from titans_book.training.runs import FORMAT
from titans_book.training.schedule import TrainingSettings

VARIANTS = ("lmm", "mac", "mag", "mal", "attention")  # the chapter's; hope is chapter 12's
FOLDER = ROOT / "notebooks" / "records" / "13_variants"
SIZE = dict(dim=64, depth=2, heads=2, hidden=128)
SETTINGS = TrainingSettings(
    steps=300,
    batch=8,
    length=128,
    learning_rate=6e-3,
    warmup=20,
    evaluate_every=0,
    save_every=0,
    watch_every=0,
)
HELD_OUT = 32_768


def recorded(variant: str, folder: Path = FOLDER) -> tuple[TitansLM, dict]:
    """The trained model of a variant, and the record of its training.

    The record says: settings, seconds, losses (nats a byte, the mean of every ten steps) and bits
    (a byte, on text that was held out). Raises ValueError for an unknown variant.

    >>> model, record = recorded("mac")
    >>> model.config.variant, record["settings"]["steps"]
    ('mac', 300)
    """
    choose("variant", variant, VARIANTS)
    with safe_open(folder / f"{variant}.safetensors", framework="pt") as file:
        record = json.loads(file.metadata()["record"])
        weights = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    if record.get("format", 1) < FORMAT:
        record["config"] = as_of_format_1(record["config"])
    model = TitansLM(TitansConfig(**record["config"]))
    model.load_state_dict(weights)
    return model, record


def make(
    variant: str,
    settings: TrainingSettings = SETTINGS,
    folder: Path = FOLDER,
    held_out: int = HELD_OUT,
) -> Path:
    """Train a model of the variant and write its record; the file.

    held_out: bytes of the held-out text that the bits are measured on.
    """
    learn, rest = corpora.split(corpora.tokens(corpora.text("shakespeare")), (0.9, 0.1))
    torch.manual_seed(settings.seed)
    memory = {"memory": {"chunk": 16}} if variant != "attention" else {}
    bounds = {"window": 32} if variant == "attention" else {}
    config = TitansConfig(variant, **SIZE, **memory, **bounds)
    model, began = TitansLM(config), time.monotonic()
    losses = [e.loss for e in train(model, learn, settings) if isinstance(e, Step)]
    seconds = round(time.monotonic() - began)
    half = {name: W.half() for name, W in model.state_dict().items()}
    model.load_state_dict(half)  # the bits are those of the weights that are kept
    tens = [losses[start : start + 10] for start in range(0, len(losses), 10)]
    record = {
        "format": FORMAT,
        "config": config.to_dict(),
        "settings": asdict(settings),
        "seconds": seconds,
        "losses": [round(sum(ten) / len(ten), 4) for ten in tens],
        "bits": round(bits_per_token(model, rest[:held_out], settings.length), 4),
    }
    path = folder / f"{variant}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(half, path, {"record": json.dumps(record)})
    return path


if __name__ == "__main__":
    for name in sys.argv[1:] or VARIANTS:
        print(made := make(name), recorded(name)[1]["bits"], made.stat().st_size, flush=True)
