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
                    least = 1 - (2 if "≤ 2" in name else name != "linear attention")
                    least -= "Titans" in name  # 1 - alpha - theta, where it asks before it forgets
                    assert least <= min(one["factors"]) and max(one["factors"]) <= 1


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


@pytest.mark.bare
def test_a_cell_is_what_it_was():
    """One that is cheap and that all seeds learn: another processor rounds otherwise on its way."""
    task, name = "abab", "DeltaNet, θ ≤ 2, hard"
    was = FOUND["tasks"][task][name]["0"]
    now = cell(task, name, 0, was["rate"])
    assert now["steps"] == was["steps"] and set(now) == set(was)
    assert now["accuracy"] == pytest.approx(was["accuracy"], abs=0.02)
    assert min(now["factors"]) == pytest.approx(min(was["factors"]), abs=0.02)


def shares(task, name):
    """(seeds, lengths): the accuracies of a contestant."""
    return torch.tensor([one["accuracy"] for one in FOUND["tasks"][task][name].values()])


def test_where_no_write_can_turn_a_sign_parity_is_a_guess_already_at_the_trained_length():
    for name in ("linear attention", "DeltaNet, θ ≤ 1", "Gated DeltaNet"):
        assert (shares("parity", name) - 0.5).abs().max() < 0.05
        assert all(min(one["factors"]) >= 0 for one in FOUND["tasks"]["parity"][name].values())


def test_up_to_2_delta_carries_parity_to_eight_times_the_trained_length_with_either_gate():
    for name in ("DeltaNet, θ ≤ 2", "DeltaNet, θ ≤ 2, hard"):
        assert shares("parity", name).min() > 0.96
        assert all(min(x["factors"]) < -0.999 for x in FOUND["tasks"]["parity"][name].values())


def test_titans_with_rates_up_to_1_learns_parity_and_loses_it_between_64_and_256():
    found = shares("parity", "Titans, θ ≤ 1")
    assert found[:, 0].min() > 0.96 and found[:, 3].max() < 0.75
    assert shares("parity", "Titans, θ ≤ 2, hard")[:, 3].sort().values[1:].min() > 0.97


def test_self_modifying_memories_learn_parity_and_seldom_carry_it_far():
    both = [name for name in MEMORIES if name.startswith("self")]
    found = torch.cat([shares("parity", name) for name in both])
    assert found[:, 0].min() > 0.99 and (found[:, 3] > 0.9).sum() == 1


def test_s3_needs_two_writes_a_token_and_a_hard_gate_carries_them_further():
    soft, stiff = (shares("s3", f"two writes, θ ≤ 2{gate}") for gate in ("", ", hard"))
    others = [name for name in TASKS["s3"][1] if not name.startswith("two")]
    assert all(shares("s3", name).max() < 0.36 for name in others)
    assert soft[:, 0].min() > 0.9 and stiff[:, 0].min() > 0.99
    assert stiff[:, 3].mean() > soft[:, 3].mean() + 0.3


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
