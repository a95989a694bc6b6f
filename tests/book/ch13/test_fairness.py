"""Chapter 13's comparison: other ways to write it pass, and its helpers say what they refuse."""

import numpy as np
import pytest
import torch

from titans_book.book.bank import EXERCISES
from titans_book.book.ch13 import fairness, pages
from titans_book.book.ch13.fairness import BUDGET, margin_of, runs_of
from titans_book.lab.learning.examine import examine

FAIR = EXERCISES["13.fair"]


def with_numpy(ours, theirs, seconds):
    leads = []
    for seed in sorted(set(ours) & set(theirs)):
        costs = []
        for runs in (ours, theirs):
            times = np.array([time for _, time, _ in runs[seed]])
            costs.append(runs[seed][np.searchsorted(times, seconds, side="right") - 1][2])
        names = sorted(set(costs[0]) & set(costs[1]))
        leads.append(np.mean([costs[1][n] for n in names]) - np.mean([costs[0][n] for n in names]))
    lead, margin = np.mean(leads), margin_of(leads)
    return lead, margin, "nobody" if margin >= abs(lead) else ["theirs", "ours"][int(lead > 0)]


def with_loops(ours, theirs, seconds):
    leads = {}
    for seed, looks in ours.items():
        if seed in theirs:
            last = {}
            for name, run in (("ours", looks), ("theirs", theirs[seed])):
                for look in run:
                    if look[1] > seconds:
                        break
                    last[name] = look[2]
            apart = [bits - last["ours"][p] for p, bits in last["theirs"].items()
                     if p in last["ours"]]  # fmt: skip
            leads[seed] = torch.tensor(apart, dtype=torch.float64).mean()
    lead = torch.stack(list(leads.values())).mean()
    margin = margin_of(list(leads.values()))
    who = "nobody"
    if lead > margin:
        who = "ours"
    if lead < -margin:
        who = "theirs"
    return (lead, margin, who)


@pytest.mark.parametrize("answer", [with_numpy, with_loops])
def test_other_ways_to_write_it_are_right(answer):
    assert examine(FAIR, answer).outcome == "right"


@pytest.mark.parametrize("wrong", [None, (1.0, 2.0), (0.1, 0.1, "mal"), (0.1, 0.1, 1), "ours"])
def test_what_is_no_verdict_is_called_so(wrong):
    verdict = examine(FAIR, lambda ours, theirs, seconds: wrong)
    assert verdict.outcome == "known" and verdict.lines[-1].endswith("?")


def test_the_record_turns_round_what_equal_steps_say():
    ours, theirs = runs_of("mal"), runs_of("window")
    assert abs(fairness.unfair(ours, theirs, steps=200)) < 0.03
    lead, margin, who = FAIR.reference(ours, theirs, BUDGET)
    assert who == "theirs" and lead < -4 * margin


def test_a_margin_is_students_and_needs_two_seeds():
    assert margin_of([1.0, 2.0, 3.0]) == pytest.approx(4.303 / 3**0.5)
    with pytest.raises(ValueError, match="two or more"):
        margin_of([1.0])
    with pytest.raises(ValueError, match="no record"):
        runs_of("hope")


def test_a_change_that_no_memory_has_is_replaced_and_said(capsys):
    assert pages.changed(lambda: {"rule": "unheard"}) == pages.FALLBACK
    assert "Going on with" in capsys.readouterr().out
    assert pages.changed(lambda: {"depth": 1}) == {"depth": 1}


def test_a_stop_at_any_step_changes_no_loss(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    learn = torch.randint(0, 256, (2_000,), generator=torch.Generator().manual_seed(0))
    whole = pages.in_one_go(learn, steps=3)
    assert pages.in_two_parts(learn, steps=3, stop=1) == whole
    assert pages.in_two_parts(learn, steps=3, stop=3) == whole
