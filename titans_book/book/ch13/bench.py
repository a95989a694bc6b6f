"""What chapter 13's board can train: every variant, every preset, and two models of another kind.

    bench = training_bench()
    bench.train()                                   the button's own function

All read Shakespeare as bytes, but for one that reads words: its sequences have passages that come
back, so that a memory which learns while it reads is worth something. One runs on the learner's own
parts, token by token.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from titans_book.book.ch13 import profiles, twice
from titans_book.book.ch13.profiles import PROFILES, Profile
from titans_book.evaluation import NGram
from titans_book.lab.learning.parts import credit
from titans_book.lab.learning.running import install
from titans_book.lab.live.bench import Bench, Recipe, within
from titans_book.lab.live.moments import Probe
from titans_book.memory.presets import NAMES
from titans_book.model import TitansConfig, TitansLM
from titans_book.model.names import VARIANTS
from titans_book.tasks import corpora
from titans_book.tasks.returning import ReturningBatch, returning
from titans_book.training import TrainingSettings, train
from titans_book.training.on_tasks import Descent, train_on

__all__ = ["RETURNING", "YOURS", "configure", "probe", "training_bench"]

FOLDER = Path("runs/chapter_13")
YOURS = "your own parts"
ALT = "Training, live: a menu of models, a button that starts, and what the memories write."
RETURNING = "words that come back"
HELD_OUT = 8_000  # bytes that are looked at while it trains
PASSAGE = 24  # words that are read twice, with BETWEEN others between
BETWEEN = 64
TASK = dict(batch=8, time=256, passage=(12, 40), back=0.6, part=0.5, plain=0.3)


def configure(name: str, size: Mapping[str, int], chunk: int = 16, reach: int = 32) -> TitansConfig:
    """The configuration of a variant, or of `lmm` with a preset, with the fields it has.

    >>> size = dict(dim=32, depth=1, heads=2, hidden=32)
    >>> configure("lmm, deltanet", size).memory["rule"], configure("mac", size).segment
    ('deltanet', 32)
    """
    variant, _, rule = name.partition(", ")
    bound = {"lmm": {}, "hope": {}, "mac": {"segment": reach}}.get(variant, {"window": reach})
    memory: dict[str, Any] = {} if variant == "attention" else {"chunk": chunk}
    if rule:
        memory = {"rule": rule}
    return TitansConfig(variant, **size, **bound, **({"memory": memory} if memory else {}))


@cache
def _bytes() -> tuple[Tensor, Tensor, float]:
    """Text to learn from, text that is held out, and what a table of counts needs on that."""
    text = corpora.text("shakespeare")
    cut = int(0.9 * len(text))
    level = NGram(order=4).fit(text[:cut]).bits_per_character(text[cut : cut + HELD_OUT])
    tokens = corpora.tokens(text)
    return tokens[:cut], tokens[cut:], level


def probe(length: int = 96) -> Probe:
    """The passage that the board reads: of The Tempest, which is held out."""
    _, held_out, _ = _bytes()
    return Probe(held_out[2_010 : 2_010 + length].long())


def _write(model: TitansLM, prompt: str = "ROMEO.", n: int = 48) -> str:
    start = corpora.tokens(prompt)[None].to(next(model.parameters()).device)
    written = model.generate(start, n, temperature=0.8, seed=1)[0].tolist()
    return "".join(chr(b) if 32 <= b < 127 or b == 10 else "·" for b in written)


def _fresh(config: TitansConfig, profile: Profile) -> TitansLM:
    torch.manual_seed(0)
    return TitansLM(config).to(profile.device)


def _learn(model: TitansLM, profile: Profile, settings: TrainingSettings) -> Iterator[Any]:
    learn, held_out, _ = _bytes()
    shutil.rmtree(FOLDER, ignore_errors=True)  # a fresh start, whatever was there
    events = train(model, learn, settings, FOLDER, held_out=held_out[:HELD_OUT])
    return within(events, 60 * profile.minutes)


def _of_bytes(name: str, chunk: int, reach: int, profile_name: str) -> Recipe:
    profile = PROFILES[profile_name]
    model = _fresh(configure(name, profile.size, chunk, reach), profile)
    level = ("table of counts", _bytes()[2])
    return Recipe(
        model, _learn(model, profile, profile.settings), probe(), partial(_write, model), level,
        about=_about(model, profile_name),
    )  # fmt: skip


def _of_yours(profile_name: str) -> Recipe:
    """The smallest model, on the parts that the learner has kept."""
    profile = PROFILES[profile_name]
    memory = dict(depth=1, chunk=1, clamp=None)
    model = _fresh(TitansConfig(dim=32, depth=1, heads=2, hidden=64, memory=memory), profile)
    install(model)
    few = TrainingSettings(
        steps=60, batch=4, length=32, learning_rate=1e-2, warmup=5, watch_every=0, evaluate_every=20
    )
    level = ("table of counts", _bytes()[2])
    return Recipe(
        model, _learn(model, profile, few), probe(48), None, level, credit(),
        _about(model, profile_name),
    )  # fmt: skip


def _of_words(profile_name: str) -> Recipe:
    """A memory whose keys begin one token behind, on text in which passages come back."""
    profile = PROFILES[profile_name]
    model = twice.fresh("lmm, gated-deltanet").to(profile.device)
    words, texts = twice.texts()
    passage, between = texts["plays"][4_000:4_024], texts["plays"][6_000 : 6_000 + BETWEEN]
    steps = 200 if profile_name == "cpu-mini" else 900
    plan = Descent(steps=steps, learning_rate=3e-3, warmup=30)
    events = train_on(model, lambda step: _returning(texts["learn"], step), plan)
    seen = Probe(
        torch.cat([passage, between, passage]),
        spell=lambda tokens: [f"{words.known[token]} " for token in tokens],
        again=PASSAGE, unit="word",
    )  # fmt: skip
    write = partial(_write_words, model, words)
    return Recipe(model, within(events, 60 * profile.minutes), seen, write,
                  about=_about(model, profile_name))  # fmt: skip


def _returning(learn: Tensor, step: int) -> ReturningBatch:
    return returning(learn, **TASK, seed=step)


def _write_words(model: TitansLM, words: Any, prompt: str = "romeo .", n: int = 24) -> str:
    start = words.tokens(prompt)[None].to(next(model.parameters()).device)
    return words.text(model.generate(start, n, temperature=0.8, seed=1)[0].cpu())


def _about(model: TitansLM, profile_name: str) -> str:
    profile = PROFILES[profile_name]
    where = next(model.parameters()).device
    name = torch.cuda.get_device_name(where) if where.type == "cuda" else str(where)
    size = f"{model.parameter_count():,} slow weights"
    return f"{size}, profile {profile_name} ({profile.about}) on {name}"


def recipes(chunk: int = 16, reach: int = 32) -> dict[str, Callable[[str], Recipe]]:
    """Everything that can be trained, by its name in the menu: variants, two of ours, presets."""
    names = [*VARIANTS, *(f"lmm, {name}" for name in NAMES)]
    made: dict[str, Callable[[str], Recipe]] = {
        name: partial(_of_bytes, name, chunk, reach) for name in names
    }
    first = {name: made.pop(name) for name in VARIANTS}
    return first | {RETURNING: _of_words, YOURS: _of_yours} | made


def training_bench(chunk: int = 16, reach: int = 32, **options: Any) -> Bench:
    """The board of chapter 13 with its menu; it begins with the profile that fits this computer."""
    options = {"alt": ALT, **options}
    return Bench(recipes(chunk, reach), profiles.offered(), profiles.fitting(), **options)
