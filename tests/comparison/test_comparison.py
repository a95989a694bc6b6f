"""Side by side means: as many weights, the same batches and time, a record that survives a stop.

Where a record is compared to the bit, a clock of the test's own stands in for the processor's.
"""

import json
from collections import Counter
from dataclasses import asdict
from itertools import count, islice, product

import pytest
import torch

from titans_book import comparison, files
from titans_book.cli import compare as command
from titans_book.cli import main
from titans_book.comparison import (
    CONTESTANTS,
    PROFILES,
    TRIALS,
    Finished,
    Tried,
    compare,
    interval,
    learning,
    load,
    run,
    statistics,
    tuning,
)
from titans_book.comparison.contestants import config_of, new_model, weights_of
from titans_book.comparison.trials import UNSEEN, learn
from titans_book.lab.pictures.comparison_figures import comparison as drawn
from titans_book.lab.pictures.comparison_figures import comparison_curves, comparison_table

QUICK = PROFILES["quick"]


@pytest.fixture
def ticking(monkeypatch):
    """A clock by which every step of a training takes as long as the others."""
    ticks = count(step=1 / 64)  # a number that adds up exactly
    monkeypatch.setattr(learning, "process_time", lambda: next(ticks))


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("vocab", [32, 256])
def test_all_have_as_many_weights(profile, vocab):
    counts = [weights_of(config_of(name, PROFILES[profile], vocab)) for name in CONTESTANTS]
    assert max(counts) <= 1.01 * min(counts)


def test_the_window_model_cannot_see_the_needle_and_the_others_can():
    """In every row of 200 the answer lies farther back than the layers of windows reach."""
    profile = PROFILES["cpu"]
    task = TRIALS["needle"].draw(200, profile.length, 0)
    place = (task.inputs[:, :-2] == 0).int().argmax(1) + 2  # of the value, behind marker and key
    assert (profile.length - 1 - place >= profile.reach).all()
    x = task.inputs[:1]
    for name in CONTESTANTS:
        model = new_model(name, PROFILES["quick"], 32, seed=0)  # one layer, so no relay
        other = x.clone()
        other[0, 0] = 1 + x[0, 0] % 15
        moved = (model(x)[0] - model(other)[0])[0, -1].abs().max().item()
        # segments reach no farther than windows: what MAC knows of the beginning is its memory
        assert (moved == 0) == (name == "window"), name


@pytest.mark.parametrize("name", CONTESTANTS)
def test_all_have_the_same_convolution_in_front(name):
    taps = [p for n, p in new_model(name, QUICK, 32, 0).named_parameters() if n.endswith("taps")]
    assert len(taps) == 1 and taps[0].shape == (4, 3 * QUICK.dim)
    assert (taps[0][-1].mean() - 1).abs() < 0.05  # near the identity, of whatever it is part of


@pytest.mark.parametrize("name", TRIALS)
def test_no_batch_comes_twice(name):
    draws = [learn(TRIALS[name], QUICK, seed)(step) for seed in (0, 1) for step in (0, 1)]
    draws.append(TRIALS[name].draw(QUICK.batch, QUICK.length, UNSEEN))
    assert len({tuple(draw.inputs.flatten().tolist()) for draw in draws}) == 5
    again = learn(TRIALS[name], QUICK, 1)(1)
    assert torch.equal(again.inputs, draws[3].inputs) and torch.equal(
        again.targets, draws[3].targets
    )


def test_a_stopped_comparison_goes_on_with_what_is_missing(tmp_path, ticking):
    path = tmp_path / "deep" / "record.json"
    settings = dict(seeds=2, trials=["needle"], models=["lmm", "window"], path=path)
    straight = list(compare(QUICK, **{**settings, "path": None}))
    stopped = []
    for number in (1, 1, 5, None):  # in the middle of a search, and of the trainings
        stopped += islice(events := compare(QUICK, **settings), number)
        events.close()
        record = load(path)
        assert len(record["tried"]) + len(record["rows"]) == len(stopped)
    assert stopped == straight
    trained = [done for done in straight if isinstance(done, Finished)]
    assert [(done.model, done.seed) for done in trained] == list(
        product(["lmm", "window"], [0])
    ) + list(product(["lmm", "window"], [1]))
    rows = [{**row, "looks": [tuple(look) for look in row["looks"]]} for row in record["rows"]]
    assert rows == [asdict(done) for done in trained]
    with pytest.raises(ValueError, match="another profile"):
        next(compare(PROFILES["cpu"], **settings))


def test_the_search_for_a_rate_has_a_seed_of_its_own(monkeypatch, ticking):
    seen = []

    def watched(name, profile, vocab, seed):
        seen.append(("model", seed))
        return new_model(name, profile, vocab, seed)

    def drawn(trial, profile, seed):
        seen.append(("batches", seed))
        return learn(trial, profile, seed)

    monkeypatch.setattr(run, "new_model", watched)
    monkeypatch.setattr(run, "learn", drawn)
    for done in compare(QUICK, seeds=2, trials=["needle"], models=["window"]):
        want = tuning.SEED if isinstance(done, Tried) else done.seed
        assert seen == [("model", want), ("batches", want)]
        seen.clear()
    assert tuning.SEED >= statistics.MOST  # compared are 0, 1, ... below that


def test_the_search_goes_on_until_the_best_rate_has_worse_ones_on_both_sides():
    for best in tuning.LADDER:
        losses = {}
        while (rate := tuning.next_rate(losses)) is not None:
            assert rate in tuning.LADDER and rate not in losses
            losses[rate] = abs(torch.tensor(rate / best).log().item())
        assert tuning.best_rate(losses) == best
        at = tuning.LADDER.index(best)
        assert set(tuning.LADDER[max(0, at - 1) : at + 2]) <= set(losses)
    assert tuning.best_rate({0.1: float("inf"), 0.03: 5.0}) == 0.03  # one that diverged


@pytest.mark.parametrize("name", ["lmm", "window"])
def test_the_time_is_the_same_for_all(name, ticking):
    """Seven steps of 1 / 64 seconds are the first to fill 0.1, whoever takes them."""
    *tries, done = compare(QUICK, seeds=1, trials=["needle"], models=[name])
    assert done.seconds == 7 / 64 and done.steps == 7 and done.ended == "limit"
    assert {tried.steps for tried in tries} == {4} and len(tries) >= 3
    assert done.looks[-1] == (7, done.seconds, done.scores[QUICK.length])


def test_the_rate_rises_stays_and_falls_with_the_time(ticking, monkeypatch):
    rates, slow_down = [], learning._slow_down

    def seen(optimizer, share):
        slow_down(optimizer, share)
        rates.append(optimizer.param_groups[0]["lr"])

    monkeypatch.setattr(learning, "_slow_down", seen)
    monkeypatch.setattr(learning, "flat", lambda losses: False)
    model = new_model("window", QUICK, 32, 0)
    done = learning.train(model, learn(TRIALS["needle"], QUICK, 0), 1e-2, 100 / 64)
    assert len(rates) == len(done.losses) == 100
    assert rates[:20] == pytest.approx([1e-2 * (i + 1) / 20 for i in range(20)])
    assert rates[20:70] == pytest.approx(50 * [1e-2])
    assert rates[70:] == pytest.approx([1e-2 * (100 - i) / 30 for i in range(70, 100)])


def test_reading_takes_no_time_from_learning(ticking, monkeypatch):
    monkeypatch.setattr(learning, "flat", lambda losses: False)
    draw, looks = learn(TRIALS["needle"], QUICK, 0), []

    def look():
        assert not model.training
        looks.append([learning.process_time() for _ in range(64)])  # a second by this clock
        return 0.5

    model = new_model("window", QUICK, 32, 0)
    done = learning.train(model, draw, 1e-3, 100 / 64, look)
    assert len(done.losses) == 100 and len(looks) == 3
    assert [(steps, score) for steps, _, score in done.looks] == [(25, 0.5), (50, 0.5), (100, 0.5)]


def test_a_flat_loss_brings_the_end_near():
    """Flat is where nothing is left to lose; a plateau, which may end, gets all of the time."""

    def trained(loss_at):
        done = learning.Training(limit=100.0)
        while done.seconds < done.end:
            done.spend(0.5, loss_at(len(done.losses)))
        return done

    solved = trained(lambda step: 1.0 if step < 50 else 0.001)
    assert solved.ended == "flat" and 25 < solved.seconds < 50
    stuck = trained(lambda step: 2.0)
    assert stuck.ended == "limit" and stuck.seconds == 100
    late = trained(lambda step: 2.0 if step < 60 else 2.0 - 0.005 * (step - 60))
    assert late.ended == "limit" and late.seconds == 100
    spiky = trained(lambda step: 0.5 if step % 3 == 0 else 0.001)
    assert spiky.ended == "limit"
    with pytest.raises(ValueError, match="limit must be"):
        learning.Training(limit=0)


def test_who_diverges_keeps_the_last_good_weights():
    model = new_model("window", QUICK, 32, 0)
    draw = learn(TRIALS["needle"], QUICK, 0)

    calls = count()

    def broken(module, inputs, output):
        return (output[0] * torch.nan, output[1]) if next(calls) == 4 else None

    model.register_forward_hook(broken)
    done = learning.train(model, draw, 1e-2, 100.0)
    assert all(p.isfinite().all() for p in model.parameters())
    assert done.ended == "diverged" and len(done.losses) == 4 and done.loss < 10


def test_a_name_said_twice_is_trained_once():
    twice = dict(seeds=1, trials=["needle", "needle"], models=["window", "window"])
    assert sum(isinstance(done, Finished) for done in compare(QUICK, **twice)) == 1


def test_a_full_disk_leaves_the_record_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "record.json"
    list(compare(QUICK, seeds=1, trials=["needle"], models=["window"], path=path))
    before = path.read_text()

    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write_file", full)
    with pytest.raises(OSError, match="No space left"):
        list(compare(QUICK, seeds=1, trials=["needle"], models=["lmm"], path=path))
    assert path.read_text() == before
    assert [file.name for file in tmp_path.iterdir()] == ["record.json"]


def test_wrong_names_are_refused(tmp_path):
    with pytest.raises(ValueError, match="trials must be among .*got .'dance'"):
        next(compare(QUICK, trials=["dance"]))
    with pytest.raises(ValueError, match="models must be among"):
        next(compare(QUICK, models=["gpt"]))
    for seeds in (0, 11):  # the intervals of more cannot be drawn
        with pytest.raises(ValueError, match="seeds must be 1 to 10, got"):
            next(compare(QUICK, seeds=seeds))
    (tmp_path / "text").write_text("[]")
    with pytest.raises(ValueError, match="is not the record of a comparison"):
        load(tmp_path / "text")


def test_the_interval_covers_the_truth_as_often_as_it_says():
    """Means of three normal numbers: 95 of 100 intervals hold 0 (2,000 trials, seeded)."""
    draws = torch.randn(2000, 3, generator=torch.Generator().manual_seed(0)).tolist()
    held = sum(abs(middle) <= half for middle, half in map(interval, draws)) / 2000
    assert held == pytest.approx(0.95, abs=4 * (0.95 * 0.05 / 2000) ** 0.5)
    assert interval([1.0])[1] == float("inf")
    with pytest.raises(ValueError, match="values must be 1 to 10 numbers"):
        interval([])


def test_the_command_trains_writes_and_draws(tmp_path, capsys):
    out = tmp_path / "record.json"
    arguments = ["--profile", "quick", "--seeds", "2", "--tasks", "needle", "--device", "cpu"]
    assert main(["compare", *arguments, "--models", "lmm", "window", "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert said.out.split() == [str(out), str(tmp_path / "record_needle.png")]
    assert said.err.count("seed 0") == 2 and (tmp_path / "record_needle.png").exists()
    assert said.err.count("rate 0.003") == 2
    record = json.loads(out.read_text())
    assert len(record["rows"]) == 4
    assert record["command"] == "python -m titans_book compare --profile quick --seeds 2"


def test_the_command_knows_what_the_package_knows():
    assert tuple(TRIALS) == command.TASKS and command.MODELS == CONTESTANTS
    assert sorted(command.SIZES) == sorted(comparison.PROFILES)


def test_pictures_say_what_is_in_the_record():
    rows = [
        dict(trial="needle", model=model, seed=seed, scores={64: score, 256: score / 2},
             weights=10, state_bytes=20, loss=0.1, rate=0.01, steps=100 + seed, seconds=4.0,
             looks=[(25, 1.0, 0.0), (50, 2.0 + seed, score / 4), (100 + seed, 4.0, score)])
        for model, scores in {"lmm": (0.9, 1.0), "window": (0.1, 0.1)}.items()
        for seed, score in enumerate(scores)
    ]  # fmt: skip
    record = {"rows": rows, "profile": dict(length=64, limit=5.0, batch=2), "device": "here"}
    figure = drawn(record, "needle", alt="two models")
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "read: 64 tokens",
        "read: 256 tokens",
    ]
    table = comparison_table(record, "needle")._repr_html_()
    assert "0.950 ± 0.635" in table and "<td>0.01</td><td>100 to 101</td><td>4</td>" in table
    steps, seconds = comparison_curves(record, "needle", alt="on the way").axes
    means = {line.get_label(): line for line in seconds.lines if line.get_marker() != "None"}
    assert means["lmm"].get_xdata().tolist() == [1.0, 2.5, 4.0]
    assert means["lmm"].get_ydata() == pytest.approx([0, 0.2375, 0.95])
    assert len(steps.lines) == 6  # a thin one a training, a thick one a model
    with pytest.raises(ValueError, match="trial must be among"):
        drawn(record, "text", alt="nothing")


def test_the_record_of_the_book_is_of_this_comparison(root):
    """Three seeds of every model that takes part, at the lengths and in the size of the profile."""
    record = load(root / "notebooks" / "records" / "comparison_cpu.json")
    profile = PROFILES["cpu"]
    assert record["profile"] == json.loads(json.dumps(asdict(profile)))
    found = Counter((row["trial"], row["model"], row["seed"]) for row in record["rows"])
    assert set(found.values()) == {1}
    assert set(found) == set(product(TRIALS, CONTESTANTS, range(3)))
    weights = {
        (trial, model): weights_of(config_of(model, profile, TRIALS[trial].vocab))
        for trial, model in product(TRIALS, CONTESTANTS)
    }
    for row in record["rows"]:
        assert list(row["scores"]) == [profile.length * times for times in profile.reads]
        assert row["weights"] == weights[row["trial"], row["model"]]
        # one step may begin within the limit and end behind it; none is as long as a second
        assert row["seconds"] < profile.limit + 1 and row["ended"] in ("flat", "limit")
        losses = {
            tried["rate"]: tried["loss"]
            for tried in record["tried"]
            if (tried["trial"], tried["model"]) == (row["trial"], row["model"])
        }
        assert tuning.next_rate(losses) is None and row["rate"] == tuning.best_rate(losses)
