"""The record of state tracking is whole, goes on where it stopped, and can be measured again."""

import json

import pytest
import torch

from tests.benchmarks import tracking
from tests.benchmarks.tracking import MEMORIES, READS, RECORD, SEEDS, TASKS, TUNING, Keeper, cell

FOUND = json.loads(RECORD.read_text(encoding="utf-8"))


def test_the_record_says_where_it_is_from():
    assert FOUND["device"] and set(FOUND["versions"]) == {"python", "torch"}
    assert FOUND["command"].endswith("python -m tests.benchmarks.tracking")
    assert FOUND["lengths"] == list(READS)
    fresh = tracking.new_record()
    assert FOUND["settings"] == fresh["settings"] and FOUND["threads"] == fresh["threads"]


def test_every_task_has_every_contestant_with_every_seed():
    assert list(FOUND["tasks"]) == list(TASKS)
    for task, (_, names) in TASKS.items():
        assert list(FOUND["tasks"][task]) == list(names)
        for name, cells in FOUND["tasks"][task].items():
            assert list(cells) == [str(seed) for seed in SEEDS], (task, name)
            for one in cells.values():
                assert len(one["accuracy"]) == len(READS)
                assert all(0 <= share <= 1 for share in one["accuracy"])


def test_the_rate_is_the_better_one_on_seeds_that_are_not_reported():
    assert not set(TUNING) & set(SEEDS)
    keeper = Keeper(RECORD, anew=False)
    for task, contestants in FOUND["tasks"].items():
        for name, cells in contestants.items():
            assert {one["rate"] for one in cells.values()} == {keeper.rate(name)}, (task, name)


def test_the_tokens_factors_are_there_where_they_are_known():
    for task, contestants in FOUND["tasks"].items():
        for name, cells in contestants.items():
            writes = 2 if name.startswith("two") else 1
            for one in cells.values():
                if name.startswith("self"):
                    assert one["factors"] is None
                else:
                    assert len(one["factors"]) == writes * TASKS[task][0]
                    assert min(one["factors"]) >= (-1 if "2" in name or "Titans" in name else 0)


@pytest.mark.parametrize("name", MEMORIES)
def test_a_contestant_learns_and_answers_in_pieces(name):
    torch.manual_seed(0)
    model = tracking.Tracker(6, MEMORIES[name]()).double()
    tokens = tracking.drawn("s3", 2, 20, 0).inputs
    whole, _ = model(tokens)
    whole.sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    first, state = model(tokens[:, :7])
    second, _ = model(tokens[:, 7:], state)
    torch.testing.assert_close(torch.cat([first, second], 1), whole, rtol=0, atol=1e-10)


def test_a_cell_is_what_it_was():
    """One of the cheap ones. Another processor may round otherwise on its way."""
    was = FOUND["tasks"]["aa"]["DeltaNet, θ ≤ 2, hard"]["0"]
    now = cell("aa", "DeltaNet, θ ≤ 2, hard", 0, was["rate"])
    assert now["accuracy"] == pytest.approx(was["accuracy"], abs=0.02)
    assert now["factors"] == pytest.approx(was["factors"], abs=0.02)


def test_a_run_that_was_killed_goes_on_where_it_stopped(tmp_path, monkeypatch):
    done = []

    def counted(task, name, seed, rate):
        if len(done) == 5:
            raise KeyboardInterrupt
        done.append((task, name, seed, rate))
        return {"accuracy": [rate] * 4, "rate": rate}

    monkeypatch.setattr(tracking, "RECORD", tmp_path / "record.json")
    monkeypatch.setattr(tracking, "cell", counted)
    only = ["DeltaNet, θ ≤ 2"]
    with pytest.raises(KeyboardInterrupt):
        tracking.measure(only, [0, 1], anew=False)
    before = json.loads((tmp_path / "record.json").read_text(encoding="utf-8"))
    assert list(before["tasks"]["parity"]["DeltaNet, θ ≤ 2"]) == ["0"]
    first, done[:] = list(done), []
    tracking.measure(only, [0], anew=False)
    rest, done[:] = list(done), []
    assert not set(first) & set(rest) and len(first) == 5 and len(rest) == 2  # aa and abab
    tracking.measure(only, [0], anew=False)
    assert done == []
    tracking.measure(only, [0], anew=True)
    assert done == [(task, only[0], 0, 0.03) for task in ("parity", "aa", "abab")]
