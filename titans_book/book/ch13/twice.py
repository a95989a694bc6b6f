"""Small models that have learned to remember while they read, and the text they learned it on.

All got the same sequences, in which passages of Shakespeare return (tasks/returning.py), words as
tokens, and two blocks of width 64. Windows and segments are 16 tokens long, so what two blocks see
ends 30 tokens back, and with convolutions 36. Keys begin one token behind, but for one memory that
shows what this start is worth, and for attention without a convolution, which cannot have
it. To train and measure them anew:

    python -m tests.benchmarks.twice_read
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from titans_book.attention import Attention
from titans_book.check import choose
from titans_book.lab.project import ROOT
from titans_book.memory import NeuralMemory
from titans_book.model import TitansConfig, TitansLM
from titans_book.tasks import corpora
from titans_book.tasks.words import Words

__all__ = ["MODELS", "config_of", "fresh", "path_of", "recorded", "texts"]

RECORD = ROOT / "notebooks" / "records" / "twice_read.json"
FOLDER = ROOT / "notebooks" / "records" / "twice_read"
SIZE = dict(vocab=2048, dim=64, depth=2, hidden=128)
DELTA = {"heads": 1, "memory": {"rule": "gated-deltanet"}}
CONVOLUTION = {"options": {"conv": 4}}  # on q, k and v, as every memory has it
PLAIN = "lmm, gated-deltanet, plain start"
MODELS = {
    "lmm, gated-deltanet": dict(variant="lmm", **DELTA),
    "window": dict(variant="attention", heads=2, window=16),
    "lmm": dict(variant="lmm", heads=1, memory={"chunk": 8}),
    "mal, gated-deltanet": dict(variant="mal", window=16, **DELTA),
    "attention": dict(variant="attention", heads=2),
    PLAIN: dict(variant="lmm", **DELTA),
    "mag, gated-deltanet": dict(variant="mag", window=16, **DELTA),
    "mac, gated-deltanet": dict(variant="mac", segment=16, **DELTA),
    "attention, convolution": dict(variant="attention", heads=2, **CONVOLUTION),
    "window, convolution": dict(variant="attention", heads=2, window=16, **CONVOLUTION),
}
SHARES = {"learn": 0.9, "choose": 0.05, "plays": 0.05}  # of all of Shakespeare, in this order


def config_of(name: str) -> TitansConfig:
    """What the model of this name is made of. Raises ValueError for an unknown one."""
    choose("name", name, MODELS)
    return TitansConfig(**SIZE, **MODELS[name])


def fresh(name: str, seed: int = 0) -> TitansLM:
    """The model of this name before its training.

    The keys begin one token old, wherever there is a convolution that can make them so.
    """
    torch.manual_seed(seed)
    model = TitansLM(config_of(name))
    for part in model.modules():
        behind = isinstance(part, NeuralMemory | Attention) and part.conv > 1
        if behind and name != PLAIN:
            part.start_one_behind()
    return model


@cache
def texts() -> tuple[Words, dict[str, Tensor]]:
    """The vocabulary, of the text to learn from, and the texts as tokens.

    "learn" is nine tenths of Shakespeare; "choose", on which settings were chosen, and "plays",
    held out to the end, are a twentieth each; "moby_dick" is a book by somebody else.
    """
    whole = corpora.text("shakespeare_all")
    parts, start, share = {}, 0, 0.0
    for name, part in SHARES.items():
        share += part
        end = int(len(whole) * share + 1e-6)
        parts[name], start = whole[start:end], end
    parts["moby_dick"] = corpora.text("moby_dick")
    words = Words.of(parts["learn"], SIZE["vocab"])
    return words, {name: words.tokens(part) for name, part in parts.items()}


def path_of(name: str, folder: Path = FOLDER) -> Path:
    """Where the weights of a model lie."""
    return folder / f"{name.replace(', ', '-').replace(' ', '-')}.safetensors"


def recorded(name: str, folder: Path = FOLDER) -> tuple[TitansLM, dict]:
    """The trained model of this name, and its entry in the record.

    The entry says what it was trained with, and what it was measured at on "plays" and "moby_dick".
    Raises ValueError for an unknown name.

    >>> model, entry = recorded("window")
    >>> model.config.window
    16
    """
    choose("name", name, MODELS)
    with safe_open(path_of(name, folder), framework="pt") as file:
        entry = json.loads(file.metadata()["entry"])
        weights = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
    model = TitansLM(TitansConfig(**entry["config"]))
    model.load_state_dict(weights)
    return model, entry
