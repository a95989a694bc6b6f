"""What the cells of chapter 13 need and the reader need not read: small models, texts, lines."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from titans_book.book.ch13 import profiles
from titans_book.book.ch13.bench import configure
from titans_book.book.ch13.recorded import VARIANTS, recorded
from titans_book.evaluation import bits_by_position, bits_per_token
from titans_book.inspection.relevance import relevance
from titans_book.lab.learning.running import install
from titans_book.lab.live.bench import Bench
from titans_book.lab.live.history import History
from titans_book.model import TitansConfig, TitansLM
from titans_book.tasks import corpora
from titans_book.training import Step, TrainingSettings, train

__all__ = [
    "EDGES", "as_printed", "carried", "changed", "count", "in_one_go", "in_two_parts", "losses_of",
    "memory_reader", "of_bytes", "on_parts", "owed", "printable", "three_profiles", "train_with",
    "whale_costs", "write",
]  # fmt: skip

SMALL = profiles.PROFILES["cpu-mini"].size
EDGES = (0, 8, 32, 128, 256, 512)
FALLBACK = {"conv": 1}
TINY = TitansConfig(dim=32, depth=1, heads=2, hidden=32)
LINEAR = TitansConfig(
    dim=32, depth=1, heads=2, hidden=64, memory=dict(depth=1, chunk=1, clamp=None)
)
FEW = TrainingSettings(
    steps=30, batch=4, length=32, learning_rate=1e-2, warmup=5, save_every=0, evaluate_every=0
)


def three_profiles() -> None:
    """Print how large and how long each profile trains."""
    for name, profile in profiles.PROFILES.items():
        size, steps = profile.size, profile.settings.steps
        print(
            f"{name:9} width {size['dim']}, {size['depth']} blocks, {steps:,} steps:", profile.about
        )
    print(f"This page begins with {profiles.fitting()}, on {profiles.device()}.")


def carried(state: Any) -> int:
    """How many numbers a state holds: memories, momentum, keys and values."""
    sizes: list[int] = []
    state.map(lambda x: sizes.append(x.numel()) or x)
    return sum(sizes)


def count(tokens: Tensor) -> None:
    """Print, for each variant, its slow weights and what it carries after reading the tokens."""
    for name in (*VARIANTS, "hope"):
        torch.manual_seed(0)
        model = TitansLM(configure(name, SMALL))
        numbers = carried(model(tokens[None])[1])
        weights = model.parameter_count()
        print(f"{name:10} {weights:8,} slow weights, {numbers:7,} numbers carried")


def printable(tokens: list[int]) -> str:
    """Bytes as text; what is no printable character becomes a dot."""
    return "".join(chr(b) if 32 <= b < 127 or b == 10 else "·" for b in tokens)


def write(model: TitansLM, prompt: str = "ROMEO.", n: int = 200, seed: int = 1) -> str:
    """The prompt and n more bytes, as text."""
    start = corpora.tokens(prompt)[None].to(next(model.parameters()).device)
    return printable(model.generate(start, n, temperature=0.8, seed=seed)[0].tolist())


async def of_bytes(bench: Bench) -> tuple[TitansLM, History]:
    """The model that was trained last and its history; another one if that reads words."""
    if bench.model is None or bench.model.config.vocab != 256:
        bench.what.value = "lmm"
        await bench.train()
    return bench.model, bench.history


def as_printed(bench: Bench) -> bool:
    """Is this the run that the chapter's numbers are of, from its beginning to its end?"""
    whole = bench.history.steps[-1] == profiles.PROFILES[bench.profile].settings.steps
    return whole and (bench.name, bench.profile) == ("lmm", "cpu-mini")


def memory_reader(bench: Bench) -> TitansLM:
    """The trained model if it is a variant with a memory, else the recorded memory alone."""
    trained = bench.name in ("lmm", "mac", "mag", "mal")
    return bench.model if trained else recorded("lmm")[0].to(bench.device)


def _fresh(config: TitansConfig) -> TitansLM:
    torch.manual_seed(0)
    return TitansLM(config)


def losses_of(events: Any) -> list[float]:
    """The losses of all steps of a training."""
    return [event.loss for event in events if isinstance(event, Step)]


def _short(steps: int) -> TrainingSettings:
    return TrainingSettings(steps=steps, batch=2, length=32, save_every=0, evaluate_every=0)


def in_one_go(learn: Tensor, steps: int) -> list[float]:
    """The losses of a tiny model, trained without a stop."""
    return losses_of(train(_fresh(TINY), learn, _short(steps)))


def in_two_parts(learn: Tensor, steps: int, stop: int) -> list[float]:
    """The losses of the same model, stopped after `stop` steps and taken up from its checkpoint."""
    place = Path("runs/chapter_13_stopped")
    shutil.rmtree(place, ignore_errors=True)
    events = train(_fresh(TINY), learn, _short(steps), place)
    first = [next(events).loss for _ in range(stop)]
    events.close()  # what Stop does: finish the step, save, end
    return first + losses_of(train(_fresh(TINY), learn, _short(steps), place, resume=True))


def whale_costs() -> dict[str, Tensor]:
    """What a byte of Moby-Dick costs the recorded models: (quarters, places), by variant."""
    whale = corpora.tokens(corpora.text("moby_dick"))[100_000:116_385]  # 32 passages, and one byte
    quarters = whale.unfold(0, 8 * 512 + 1, 8 * 512)
    models = {name: recorded(name)[0] for name in VARIANTS}
    return {
        name: torch.stack([bits_by_position(model, q, 512, EDGES).bits for q in quarters])
        for name, model in models.items()
    }


def owed(passage: str, names: tuple[str, ...] = ("mac", "mag", "mal")) -> dict[str, Any]:
    """What each block owes to its memory and its attention on a passage, by variant."""
    return {name: relevance(recorded(name)[0], corpora.tokens(passage)) for name in names}


def changed(my_change: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """The options that a learner wants to change, or FALLBACK if there is no such memory."""
    try:
        change = my_change()
        TitansConfig(**SMALL, memory={"chunk": 16, **change})
    except (NotImplementedError, TypeError, ValueError) as error:
        print(f"my_change(): {error or 'not written yet'}. Going on with {FALLBACK}.")
        return FALLBACK
    if not change:
        print("Nothing is changed: the two models will be the same.")
    return change


def train_with(options: Mapping[str, Any], learn: Tensor, held_out: Tensor, steps: int) -> float:
    """Train the small memory alone with these options; bits a byte on held-out text."""
    model = _fresh(TitansConfig(**SMALL, memory={"chunk": 16, **options})).to(profiles.device())
    warmup = min(20, max(1, steps // 3))
    plan = TrainingSettings(steps=steps, batch=8, length=96, learning_rate=6e-3, warmup=warmup)
    for _ in train(model, learn, plan):
        pass
    return bits_per_token(model, held_out[:8_000], 96)


def on_parts() -> tuple[TitansLM, TitansLM, str]:
    """Two equal models, one of them on the learner's parts, and whose parts these are."""
    own, fast = (_fresh(LINEAR).to(profiles.device()) for _ in range(2))
    return own, fast, str(install(own))
