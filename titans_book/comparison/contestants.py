"""Who takes part, and in which size: models of one width, depth and number of weights.

lmm, mac, mag, mal    the four wirings of Titans
attention             a plain transformer, which sees everything and keeps everything
window                a transformer that sees as far as MAG's and MAL's windows, and no further
                      (both with the short convolution on q, k and v that every memory has)
linear attention      LMM with the dot-product objective, no forgetting and no momentum: Titans
                      eqs. 4-5, with a learned write rate. The simplest memory of constant size.
mac tokens            MAC whose memory reads the tokens, and not what attention answers to them;
                      named only, because the paper has no such model
hope                  memories that modify themselves (chapter 12); named only, because it takes
                      five times as long. Its memories have no wider layers inside than outside.
any preset            LMM with the rule of that name (titans_book.memory.presets) and its chunk

What one model does not need for its memory, it gets in its MLP, so that all have as many weights.
Used in chapter 09.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch

from titans_book.memory import presets
from titans_book.model import TitansLM
from titans_book.model.config import TitansConfig
from titans_book.model.variants import VARIANTS

TAPS = 4  # of the convolution, which the memories have from birth
# Beside the variants themselves: a variant, and what makes it another contestant.
MORE: dict[str, tuple[str, Callable[["Profile"], dict[str, Any]]]] = {
    "window": ("attention", lambda profile: {"window": profile.reach}),
    "mac tokens": ("mac", lambda profile: {"options": {"remembers": "tokens"}}),
    "linear attention": (
        "lmm",
        lambda profile: {
            "memory": dict(
                chunk=profile.chunk, depth=1, objective="dot", retention="none", momentum=False
            )
        },
    ),
}
NAMED_ONLY = ("mac tokens", "hope")
CONTESTANTS = tuple(name for name in (*VARIANTS, *MORE) if name not in NAMED_ONLY)


def everybody() -> tuple[str, ...]:
    """Everybody who may take part: the contestants, and those who are asked for by name."""
    return (*CONTESTANTS, *NAMED_ONLY, *presets.NAMES)


@dataclass(frozen=True)
class Profile:
    """The size of a comparison.

    dim, depth, heads   of every model; hidden is the MLP's width in the largest of them.
    chunk               b of the memories. reach: window of MAG, MAL and window, segment of MAC.
    persistent          N_p, wherever there is attention.
    length, batch       tokens a sequence and sequences a step in training.
    limit               processor seconds of one training; of one that tries a rate, half of it.
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
    limit: float
    reads: tuple[int, ...] = (1, 2, 4)
    sequences: int = 400


PROFILES = {
    # seconds, to see that everything runs
    "quick": Profile(16, 1, 1, 16, 8, 8, 2, 32, 4, 0.1, (1, 4), 8),
    # 12 seconds a model and seed on one core
    "cpu": Profile(32, 1, 2, 32, 16, 8, 2, 32, 16, 12.0),
    # ten minutes a model and seed on one GPU
    "gpu": Profile(256, 4, 8, 512, 64, 128, 4, 512, 64, 600.0, (1, 2, 4, 8)),
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
    if "conv" in fields:
        chosen["options"] = {"conv": TAPS}
    if variant == "hope":
        chosen["memory"]["expansion"] = 1  # five memories: as many weights as one of the others
    bounds = {bound: profile.reach for bound in ("segment", "window") if fields.get(bound)}
    return chosen | bounds | more(profile)


def config_of(name: str, profile: Profile, vocab: int) -> TitansConfig:
    """The config of a contestant, its MLP made so wide that all have as many weights, to 1 %.

    A preset with more weights than the largest contestant has the narrowest MLP. Raises ValueError
    for an unknown name.
    """
    own = _narrow(name, profile, vocab)
    most = _most_weights(CONTESTANTS, profile, vocab)
    spare = (most - weights_of(own)) / (3 * profile.dim * profile.depth)  # of W_1, W_2 and W_3
    return replace(own, hidden=max(1, profile.hidden + round(spare)))


def _narrow(name: str, profile: Profile, vocab: int) -> TitansConfig:
    size = dict(dim=profile.dim, depth=profile.depth, heads=profile.heads, hidden=profile.hidden)
    return TitansConfig(vocab=vocab, **size, **_choices(name, profile))


@cache
def _most_weights(contestants: tuple[str, ...], profile: Profile, vocab: int) -> int:
    return max(weights_of(_narrow(name, profile, vocab)) for name in contestants)


def weights_of(config: TitansConfig) -> int:
    """How many slow weights a model of this config has."""
    with torch.device("meta"):
        return TitansLM(config).parameter_count()


def new_model(name: str, profile: Profile, vocab: int, seed: int) -> TitansLM:
    """A contestant with fresh weights, drawn from the seed."""
    torch.manual_seed(seed)
    return TitansLM(config_of(name, profile, vocab))
