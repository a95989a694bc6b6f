"""Chapter 13's bench: its menu can be built, and its profile is chosen by what is there."""

import asyncio
from dataclasses import replace

import pytest
import torch

from titans_book.book.ch13 import bench, profiles
from titans_book.book.ch13.profiles import PROFILES
from titans_book.memory.presets import NAMES
from titans_book.model.names import VARIANTS

SMALL = dict(dim=16, depth=1, heads=2, hidden=16)


def test_variants_first_then_two_of_ours_then_every_preset():
    names = list(bench.recipes())
    assert names[: len(VARIANTS)] == list(VARIANTS) and "hope" in names
    assert names[len(VARIANTS) :][:2] == [bench.RETURNING, bench.YOURS]
    assert names[len(VARIANTS) + 2 :] == [f"lmm, {name}" for name in NAMES]


@pytest.mark.parametrize("name", [n for n in bench.recipes() if n.split(",")[0] in VARIANTS])
def test_what_the_menu_offers_can_be_configured(name):
    config = bench.configure(name, SMALL, chunk=8, reach=16)
    assert config.variant == name.split(",")[0]
    for profile in PROFILES.values():
        assert profile.size["dim"] % profile.size["heads"] == 0


def test_the_passage_is_one_that_is_held_out_and_comes_back_as_words():
    learn, held_out, level = bench._bytes()
    passage = bench.probe(96)
    assert torch.equal(passage.tokens, held_out[2_010:2_106].long())
    assert bytes(passage.tokens.tolist()) not in bytes(learn.tolist())
    assert 2.0 < level < 2.6
    recipe = bench._of_words("cpu-mini")
    n = recipe.probe.again
    assert torch.equal(recipe.probe.tokens[:n], recipe.probe.tokens[-n:]) and n == 24
    assert recipe.probe.pieces[0].strip().isalpha() and recipe.probe.unit == "word"
    recipe.events.close()


def test_the_profile_is_chosen_by_what_is_there(monkeypatch):
    monkeypatch.delenv(profiles.CHOICE, raising=False)
    monkeypatch.setattr(profiles, "device", lambda: "cpu")
    assert profiles.fitting() == "cpu-mini" and profiles.offered() == ("cpu-mini", "cpu")
    monkeypatch.setattr(profiles, "device", lambda: "cuda")
    assert profiles.fitting() == "gpu" == profiles.offered()[-1]
    monkeypatch.setenv(profiles.CHOICE, "cpu")
    assert profiles.fitting() == "cpu"
    monkeypatch.setenv(profiles.CHOICE, "tpu")
    with pytest.raises(ValueError, match="TITANS_BOOK_PROFILE must be one of 'cpu-mini'"):
        profiles.fitting()


@pytest.mark.parametrize("kind", ["cuda", "xpu"])
def test_an_accelerator_is_taken_and_one_that_is_untried_is_not(monkeypatch, kind):
    def here(name):
        monkeypatch.setattr(
            torch.accelerator, "current_accelerator", lambda check_available: torch.device(name)
        )
        return profiles.device()

    assert here(kind) == kind and here("mps") == "cpu"


def test_a_training_of_the_gpu_profile_is_the_same_code_on_the_processor(monkeypatch, tmp_path):
    """With a small size: bf16, its own optimizer steps, the looks and the texts."""
    profile = PROFILES["gpu"]
    settings = replace(profile.settings, steps=2, batch=2, length=32, warmup=1, evaluate_every=0)
    small = replace(profile, size=SMALL, settings=settings, device="cpu")
    monkeypatch.setitem(PROFILES, "gpu", small)
    monkeypatch.setattr(bench, "FOLDER", tmp_path)
    monkeypatch.setattr(profiles, "offered", lambda: tuple(PROFILES))
    made = bench.training_bench()
    made.what.value, made.how.value = "mag", "gpu"
    assert asyncio.run(made.train()).steps == [1, 2]
    assert small.settings.precision == "bf16" and made.board.showing.newest.authors
    assert "profile gpu (up to ten minutes on one data-centre GPU) on cpu" in made.about.value
