"""The fifth question of optimizers.py: a byte language model, one optimizer after the other."""

import statistics
import time

import torch

from titans_book.evaluation import bits_per_token
from titans_book.model import TitansConfig, TitansLM
from titans_book.nested.optimizers import DGD, Momentum
from titans_book.tasks import corpora
from titans_book.training import Step, TrainingError, TrainingSettings, train

CONFIG = dict(vocab=256, dim=32, depth=1, heads=2, hidden=64, memory={"chunk": 16})
STEPS, BATCH, LENGTH = 150, 4, 64
MORE = {  # what has no name of its own: rate -> model -> optimizer
    "sgd": lambda lr: lambda model: Momentum(model.parameters(), lr=10 * lr, momentum=0.0),
    "dgd, erase 1": lambda lr: lambda model: DGD(model, lr=10 * lr, erase=1.0),
}
GRIDS = {
    "adamw": [2e-3, 16e-3, 32e-3, 64e-3, 128e-3],
    "controller": [2e-3, 16e-3, 32e-3, 64e-3],
    "continuum": [16e-3, 32e-3, 64e-3],
    "sgd": [0.1, 0.2, 0.4],
    "momentum": [0.2, 0.4, 0.8],
    "delta-momentum": [0.2, 0.4, 0.8],
    "dgd": [0.1, 0.2, 0.4],
    "dgd, erase 1": [0.1, 0.3, 1.0],
    "dmgd": [0.4, 0.7, 1.0],
    "muon": [4e-2, 8e-2, 16e-2],
    "m3": [4e-2, 8e-2, 16e-2],
    "m3-printed": [3e-4, 1e-3, 3e-3],
}


def trained(name: str, rate: float, seed: int, tokens, held_out) -> tuple[float, float]:
    """(bits a byte on the held-out text, seconds of one core); inf bits if it diverges."""
    torch.manual_seed(seed)
    model = TitansLM(TitansConfig(**CONFIG))
    settings = TrainingSettings(
        steps=STEPS, batch=BATCH, length=LENGTH, seed=seed, learning_rate=rate, warmup=20,
        watch_every=0, evaluate_every=0, weight_decay=0.0,
    )  # fmt: skip
    optimizer = MORE[name](rate) if name in MORE else name
    start = time.process_time()
    try:
        for event in train(model, tokens, settings, optimizer=optimizer):
            assert isinstance(event, Step)
    except TrainingError:
        return float("inf"), time.process_time() - start
    took = time.process_time() - start
    return bits_per_token(model, held_out, LENGTH), took


def language() -> dict:
    """Rates on seed 0 and one stretch of held-out text, results on seeds 1, 2, 3 and another."""
    learn, held_out = corpora.split(corpora.tokens(corpora.text("shakespeare")), (0.9, 0.1))
    tuning, fresh = held_out[:4096], held_out[-8192:]
    found = {}
    for name, rates in GRIDS.items():
        tried = [trained(name, rate, 0, learn, tuning)[0] for rate in rates]
        index = min(range(len(rates)), key=tried.__getitem__)
        runs = [trained(name, rates[index], seed, learn, fresh) for seed in (1, 2, 3)]
        bits = [run[0] for run in runs]
        found[name] = {
            "rates": {f"{rate:g}": round(b, 3) for rate, b in zip(rates, tried, strict=True)},
            "learning_rate": rates[index],
            "at_the_end_of_the_grid": index in (0, len(rates) - 1),
            "mean": round(statistics.mean(bits), 4),
            "spread": round(max(bits) - min(bits), 4),
            "each": [round(b, 4) for b in bits],
            "seconds": round(statistics.median(run[1] for run in runs), 2),
        }
        print(name, found[name], flush=True)
    weights = sum(p.numel() for p in TitansLM(TitansConfig(**CONFIG)).parameters())
    return {
        "unit": "bits a byte on 8,192 held-out bytes; seeds 1, 2, 3; median processor seconds "
        "of a training",
        "model": {**CONFIG, "weights": weights},
        "training": {"steps": STEPS, "batch": BATCH, "length": LENGTH, "corpus": "shakespeare"},
        "found": found,
    }
