"""How large and how long chapter 13 trains: on two processors, or on whatever accelerator is there.

    cpu-mini   under a minute and a half on two cores: what the chapter's numbers are of
    cpu        ten minutes on two cores
    gpu        ten minutes on one data-centre GPU

Where PyTorch finds an accelerator that has been tried, the page begins with gpu, else with
cpu-mini. The environment variable TITANS_BOOK_PROFILE chooses another one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from titans_book.check import choose
from titans_book.training import TrainingSettings

__all__ = ["PROFILES", "Profile", "device", "fitting", "offered"]

CHOICE = "TITANS_BOOK_PROFILE"
UNTRIED = ("mps",)  # accelerators that are not taken by themselves


@dataclass(frozen=True)
class Profile:
    """size: of the model. settings: of the training. minutes: after which it stops in any case."""

    about: str
    size: Mapping[str, int]
    settings: TrainingSettings
    minutes: float
    device: str = field(default="cpu")

    def fits(self, **changes: Any) -> dict[str, Any]:
        """The fields of a TitansConfig of this size, with some of them changed."""
        return {**self.size, **changes}


def device() -> str:
    """The accelerator that is there and has been tried, else the processor."""
    found = torch.accelerator.current_accelerator(check_available=True)
    return "cpu" if found is None or found.type in UNTRIED else found.type


def _settings(**fields: Any) -> TrainingSettings:
    return TrainingSettings(**{"batch": 8, "watch_every": 0, **fields})


def _profiles() -> dict[str, Profile]:
    mini = _settings(
        steps=150, length=96, learning_rate=6e-3, warmup=20, evaluate_every=50, save_every=50
    )
    longer = _settings(
        steps=1500, length=128, learning_rate=4e-3, warmup=50, evaluate_every=100, save_every=250
    )
    large = _settings(
        steps=3000, batch=32, length=512, learning_rate=2e-3, warmup=100,
        evaluate_every=100, save_every=500, precision="bf16",
    )  # fmt: skip
    return {
        "cpu-mini": Profile(
            "under a minute and a half on two cores",
            dict(dim=64, depth=2, heads=2, hidden=128), mini, minutes=1.5,
        ),
        "cpu": Profile(
            "up to ten minutes on two cores",
            dict(dim=96, depth=3, heads=3, hidden=192), longer, minutes=10.0,
        ),
        "gpu": Profile(
            "up to ten minutes on one data-centre GPU",
            dict(dim=384, depth=6, heads=6, hidden=1024), large, minutes=10.0, device=device(),
        ),
    }  # fmt: skip


PROFILES = _profiles()


def offered() -> tuple[str, ...]:
    """The profiles that can run here: gpu only where there is an accelerator."""
    return tuple(name for name in PROFILES if name != "gpu" or device() != "cpu")


def fitting() -> str:
    """The profile that the page begins with. Raises ValueError for an unknown name in CHOICE."""
    asked = os.environ.get(CHOICE)
    if asked:
        choose(CHOICE, asked, offered())
        return asked
    return offered()[-1] if device() != "cpu" else "cpu-mini"
