"""A Hope small enough to be trained on the page: one block of width 32, on the letters of plays.

Its memories are matrices, and its three levels have the periods 1, 4 and 16. What each part is
worth is measured by taking it out. Then the levels go on learning while the model reads.
"""

from __future__ import annotations

import math
import string
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from titans_book import TitansConfig, TitansLM, TrainingSettings, train
from titans_book.evaluation import bits_per_token
from titans_book.nested.continuum import LearningState, read_and_learn
from titans_book.tasks import corpora

__all__ = ["LEVELS", "PERIODS", "bits", "cipher", "config", "plays", "reading", "trained", "worth"]

PERIODS = (1, 4, 16)
HELD_OUT, LENGTH, SCORED = 16_384, 64, 4096
# periods at which the levels learn while the model reads, in tokens
LEVELS = {16 * period: f"blocks.0.levels.levels.{n}" for n, period in enumerate(PERIODS)}


def config(variant: str = "hope") -> TitansConfig:
    """A model of one block: "hope", or "lmm" for Titans' memory and one feed-forward network."""
    options = {"options": {"periods": list(PERIODS)}} if variant == "hope" else {}
    size = dict(dim=32, depth=1, heads=2, hidden=96)
    return TitansConfig(variant, **size, memory={"chunk": 16, "depth": 1}, **options)


@lru_cache(maxsize=1)
def _text() -> str:
    return corpora.text("shakespeare")


def plays(length: int = SCORED) -> Tensor:
    """The first letters of a part of the plays that no model has been trained on."""
    return corpora.tokens(_text()[-HELD_OUT:])[:length].long()


def cipher(length: int = SCORED) -> Tensor:
    """The same, with every small letter moved by 13 places in the alphabet."""
    small = string.ascii_lowercase
    moved = _text()[-HELD_OUT:].translate(str.maketrans(small, small[13:] + small[:13]))
    return corpora.tokens(moved)[:length].long()


@lru_cache(maxsize=8)
def trained(variant: str = "hope", optimizer: str = "adamw", steps: int = 150) -> TitansLM:
    """A model after a few seconds of training. optimizer: "continuum" lets every level learn by its
    own clock, "adamw" at every step."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = TitansLM(config(variant))
        settings = TrainingSettings(
            steps=steps, batch=8, length=LENGTH, learning_rate=1e-2, warmup=10, save_every=0,
            evaluate_every=0,
        )  # fmt: skip
        learn = corpora.tokens(_text())[:-HELD_OUT]
        for _ in train(model, learn, settings, optimizer=optimizer):
            pass
    return model.eval().requires_grad_(False)


def bits(model: nn.Module) -> float:
    """Bits a letter on the plays, in windows with a fresh memory."""
    return bits_per_token(model, plays(), LENGTH)


def worth(model: TitansLM) -> dict[str, float]:
    """How many bits a letter more it costs to take a part out."""
    block, whole = model.blocks[0], bits(model)
    parts = {"the memory": block.memory.out}
    for period, level in zip(block.levels.periods, block.levels.levels, strict=True):
        parts[f"the level C = {period}"] = level.mlp.down
    found = {}
    for name, part in parts.items():
        with _silent(part):
            found[name] = bits(model) - whole
    return found


@contextmanager
def _silent(part: nn.Linear) -> Iterator[None]:
    """The map says nothing while this lasts."""
    kept = part.weight.data.clone()
    part.weight.data.zero_()
    try:
        yield
    finally:
        part.weight.data.copy_(kept)


def reading(
    model: TitansLM, tokens: Tensor, rate: float, state: LearningState | None = None
) -> tuple[list[float], LearningState]:
    """Bits a letter in each quarter of a text, the levels learning while it is read, and the state.

    A state goes on where another text has stopped.
    """
    logits, state = read_and_learn(
        model, tokens[None], state, levels=LEVELS, rates=rate, average=True
    )
    nats = F.cross_entropy(logits[0, :-1], tokens[1:], reduction="none")
    return [float(part.mean()) / math.log(2) for part in nats.chunk(4)], state
