"""The record of Hope on text is whole, and what it is made of does what it says."""

import json

import pytest
import torch

from tests.benchmarks import hope, reading
from tests.benchmarks.hope import CONTESTANTS, RECORD, Progress, levels, new_model
from titans_book.training import Step

pytestmark = pytest.mark.bare

FOUND = json.loads(RECORD.read_text(encoding="utf-8"))
SMALL = {"LENGTH": 16, "BATCH": 2, "HELD_OUT": 129}


def test_the_record_says_where_it_is_from():
    assert FOUND["device"] and set(FOUND["versions"]) == {"python", "torch"}
    assert FOUND["command"].endswith("python -m tests.benchmarks.hope")
    assert FOUND["settings"] == hope.fresh()["settings"]


def test_every_contestant_had_about_the_same_processor_time():
    assert set(FOUND["models"]) == set(CONTESTANTS)
    for cells in FOUND["models"].values():
        for one in cells.values():
            assert one["seconds"] == pytest.approx(hope.SECONDS, rel=0.3)
            assert 1 < one["bits"] < 5


def test_every_level_of_hope_is_told_of():
    for name, cells in FOUND["models"].items():
        for one in cells.values():
            found = one.get("levels", {})
            assert list(found) == (["1", "4", "16"] if name.startswith("hope") else [])
            for period, level in found.items():
                own = int(period) if CONTESTANTS[name][1] == "continuum" else 1
                assert level["updates"] == one["steps"] // own
                assert 0 <= level["moved"] <= 1


def test_a_training_begins_as_it_did():
    """Three steps. Another processor may round otherwise on its way."""
    was = FOUND["pace"]["hope, matrices"]["first_losses"]
    assert hope.pace("hope, matrices", 1)["first_losses"] == pytest.approx(was[:3], abs=1e-3)


def test_a_training_that_was_killed_goes_on_to_the_same_model(tmp_path, monkeypatch):
    for name, value in SMALL.items():
        monkeypatch.setattr(hope, name, value)
    monkeypatch.setattr(hope, "FOLDER", tmp_path / "whole")
    whole, noted = hope.trained("hope, matrices", 0, 9)
    monkeypatch.setattr(hope, "FOLDER", tmp_path / "killed")
    honest = Progress.note

    def killed(self, event, took):
        honest(self, event, took)
        if isinstance(event, Step) and event.step == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "note", killed)
    with pytest.raises(KeyboardInterrupt):
        hope.trained("hope, matrices", 0, 9)
    monkeypatch.setattr(Progress, "note", honest)
    again, later = hope.trained("hope, matrices", 0, 9)
    assert all(map(torch.equal, whole.parameters(), again.parameters()))
    assert [bits for _, bits in noted["curve"]] == [bits for _, bits in later["curve"]]
    assert later["levels"] == noted["levels"] and later["levels"]["1"]["moved"] == 9
    assert later["levels"]["16"] == {"moved": 0, "changes": 0.0}  # its window is still open


def test_a_level_that_is_taken_out_says_nothing_and_one_at_its_start_is_there():
    model, start = new_model("hope, matrices", 0), new_model("hope, matrices", 1)
    x = torch.randn(3, hope.SIZE["dim"])
    for level in levels(hope.without(model, "4"))["4"]:
        assert torch.equal(level(x), x)
    for level, old in zip(
        levels(hope.without(model, "4", start))["4"], levels(start)["4"], strict=True
    ):
        assert torch.equal(level(x), old(x))
    assert not torch.equal(levels(model)["4"][0](x), x)  # the model is what it was


def test_what_was_learned_while_reading_can_be_put_into_a_model_but_for_one_level():
    model = new_model("hope, matrices", 0).eval()
    text, names = torch.randint(256, (70,)), reading.clocked(model)
    assert list(names) == list(reading.PERIODS) and len(names[16]) == hope.SIZE["depth"]
    still, _ = reading.read(model, text, names, rates=0.0)
    moved, state = reading.read(model, text, names, rates=0.3)
    assert still[0] == pytest.approx(moved[0], rel=0.05) and still[-1] != moved[-1]
    copies = [reading.standing(model, state, wiped) for wiped in (None, 0)]
    for copy, wiped in zip(copies, (None, 0), strict=True):
        own = dict(copy.named_parameters())
        for n, level in enumerate(state.levels):
            for name, W in level.weights.items():
                start = model.get_parameter(name)
                assert torch.equal(own[name], start if n == wiped else W[0])


def test_the_rate_of_reading_is_the_best_on_another_text():
    for kind in FOUND["reading"].values():
        for one in kind.values():
            tried = {rate: bits for rate, bits in one["valid"].items() if rate != "0"}
            assert f"{one['rate']:g}" == min(tried, key=tried.get)
            assert all(moved > 0 for moved in one["moved"])


def test_a_fast_level_that_lets_go_leaves_what_was_read_to_the_slow_ones():
    keeps, forgets = FOUND["forgetting"]["keeps"], FOUND["forgetting"]["fast level forgets"]
    dna = keeps["parts"].index("DNA")
    assert keeps["matrix"][dna][dna] < 3 and forgets["matrix"][dna][dna] < 3
    assert keeps["wiped"][dna][dna] > forgets["wiped"][dna][dna] + 1
    # What was there before is there again, if the fast level is wiped.
    assert keeps["wiped"][-1][0] < keeps["matrix"][-1][0] - 0.3
