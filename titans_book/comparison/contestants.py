"""Who takes part, and in which size: models of one width, depth and number of weights.

lmm, mac, mag, mal    the four wirings of Titans
attention             a plain transformer, which sees everything and keeps everything
window                a transformer that sees as far as MAG's and MAL's windows, and no further
linear attention      LMM with the dot-product objective, no forgetting and no momentum: Titans
                      eqs. 4-5, with a learned write rate. The simplest memory of constant size.
hope                  memories that modify themselves (chapter 12); named only, for it takes five
                      times as long. Its memories have no wider layers inside than outside.
any preset            LMM with the rule of that name (titans_book.memory.presets) and its chunk

What one model does not need for its memory, it gets in its MLP, so that all have as many weights.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch

from titans_book.memory import presets
from titans_book.model import TitansLM
from titans_book.model.config import TitansConfig
from titans_book.model.variants import VARIANTS

# Beside the variants themselves: a variant, and what makes it another contestant.
MORE: dict[str, tuple[str, Callable[["Profile"], dict[str, Any]]]] = {
    "window": ("attention", lambda profile: {"window": profile.reach}),
    "linear attention": (
        "lmm",
        lambda profile: {
            "memory": dict(
                chunk=profile.chunk, depth=1, objective="dot", retention="none", momentum=False
            )
        },
    ),
}
NAMED_ONLY = ("hope",)
CONTESTANTS = (*(name for name in VARIANTS if name not in NAMED_ONLY), *MORE)


def everybody() -> tuple[str, ...]:
    """Everybody who may take part: the contestants, and those who are asked for by name."""
    return (*CONTESTANTS, *NAMED_ONLY, *presets.NAMES)


@dataclass(frozen=True)
class Profile:
    """The size of a comparison.

    dim, depth, heads   of every model; hidden is the MLP's width in the largest of them.
    chunk               b of the memories. reach: window of MAG, MAL and window, segment of MAC.
    persistent          N_p, wherever there is attention.
    length, batch       tokens a sequence and sequences a step in training; steps: how many.
    learning_rate       at its top, for every model alike.
    reads               lengths at which each model is read, in multiples of `length`.
    sequences           read for each of them.
    """

    dim: int
    depth: int
    heads: int
    hidden: int
    chunk: int
    reach: int
    persistent: int
    length: int
    batch: int
    steps: int
    learning_rate: float
    reads: tuple[int, ...] = (1, 2, 4)
    sequences: int = 400


PROFILES = {
    # seconds, to see that everything runs
    "quick": Profile(16, 1, 1, 16, 8, 8, 2, 32, 4, 3, 1e-2, (1, 4), 8),
    # minutes a model and seed on one core
    "cpu": Profile(32, 2, 2, 32, 16, 16, 2, 64, 32, 300, 1e-2),
    # minutes a model and seed on one GPU
    "gpu": Profile(256, 4, 8, 512, 64, 128, 4, 512, 64, 3000, 2e-3, (1, 2, 4, 8)),
}


def _choices(name: str, profile: Profile) -> dict[str, Any]:
    """The fields of the config that make the contestant what it is.

    Every variant has the profile's chunk, persistent tokens, and reach in the place of its own
    segment or window: of the fields that it has.
    """
    if name not in everybody():
        allowed = ", ".join(map(repr, everybody()))
        raise ValueError(f"model must be one of {allowed}, got {name!r}")
    if name in presets.NAMES:
        return {"variant": "lmm", "memory": {"rule": name}}
    variant, more = MORE.get(name, (name, lambda profile: {}))
    fields, chosen = VARIANTS[variant].fields, {"variant": variant}
    if "memory" in fields:
        chosen["memory"] = {"chunk": profile.chunk}
    if "persistent" in fields:
        chosen["persistent"] = profile.persistent
    if variant == "hope":
        chosen["memory"]["expansion"] = 1  # five memories: as many weights as one of the others
    bounds = {bound: profile.reach for bound in ("segment", "window") if fields.get(bound)}
    return chosen | bounds | more(profile)


def config_of(name: str, profile: Profile, vocab: int) -> TitansConfig:
    """The config of a contestant, its MLP made so wide that all have as many weights, to 1 %.

    A preset with more weights than the largest contestant has the narrowest MLP. Raises ValueError
    for an unknown name.
    """
    size = dict(vocab=vocab, dim=profile.dim, depth=profile.depth, heads=profile.heads)

    def made(contestant: str, hidden: int) -> TitansConfig:
        return TitansConfig(**size, hidden=hidden, **_choices(contestant, profile))

    own = made(name, profile.hidden)
    most = max(weights_of(made(other, profile.hidden)) for other in CONTESTANTS)
    spare = (most - weights_of(own)) / (3 * profile.dim * profile.depth)  # of W_1, W_2 and W_3
    return replace(own, hidden=max(1, profile.hidden + round(spare)))


def weights_of(config: TitansConfig) -> int:
    """How many slow weights a model of this config has."""
    with torch.device("meta"):
        return TitansLM(config).parameter_count()


def new_model(name: str, profile: Profile, vocab: int, seed: int) -> TitansLM:
    """A contestant with fresh weights, drawn from the seed."""
    torch.manual_seed(seed)
    return TitansLM(config_of(name, profile, vocab))
