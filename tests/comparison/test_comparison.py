"""Side by side means: as many weights, the same batches, and a record that survives a stop."""

import json
from collections import Counter
from dataclasses import asdict
from itertools import product

import pytest
import torch

from titans_book import comparison, files
from titans_book.cli import compare as command
from titans_book.cli import main
from titans_book.comparison import CONTESTANTS, PROFILES, TRIALS, compare, interval, load
from titans_book.comparison.contestants import config_of, new_model, weights_of
from titans_book.comparison.trials import UNSEEN, learn
from titans_book.lab.pictures.comparison_figures import comparison as drawn
from titans_book.lab.pictures.comparison_figures import comparison_table

QUICK = PROFILES["quick"]


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


@pytest.mark.parametrize("name", TRIALS)
def test_no_batch_comes_twice(name):
    draws = [learn(TRIALS[name], QUICK, seed)(step) for seed in (0, 1) for step in (0, 1)]
    draws.append(TRIALS[name].draw(QUICK.batch, QUICK.length, UNSEEN))
    assert len({tuple(draw.inputs.flatten().tolist()) for draw in draws}) == 5
    again = learn(TRIALS[name], QUICK, 1)(1)
    assert torch.equal(again.inputs, draws[3].inputs) and torch.equal(
        again.targets, draws[3].targets
    )


def test_a_stopped_comparison_goes_on_with_what_is_missing(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "record.json"
    settings = dict(seeds=2, trials=["needle"], models=["lmm", "window"], path=path)
    events = compare(QUICK, **settings)
    first = next(events)
    events.close()
    assert [row["model"] for row in load(path)["rows"]] == ["lmm"]
    rest = list(compare(QUICK, **settings))
    assert [(done.model, done.seed) for done in rest] == [("window", 0), ("lmm", 1), ("window", 1)]
    straight = list(compare(QUICK, **{**settings, "path": None}))
    for done, row in zip(straight, load(path)["rows"], strict=True):
        assert (done.scores, done.loss) == (row["scores"], row["loss"])
    assert straight[0].scores == first.scores
    with pytest.raises(ValueError, match="another profile"):
        next(compare(PROFILES["cpu"], **settings))


def test_a_name_said_twice_is_trained_once():
    twice = dict(seeds=1, trials=["needle", "needle"], models=["window", "window"])
    assert len(list(compare(QUICK, **twice))) == 1


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
    assert len(json.loads(out.read_text())["rows"]) == 4


def test_the_command_knows_what_the_package_knows():
    assert tuple(TRIALS) == command.TASKS and command.MODELS == CONTESTANTS
    assert sorted(command.SIZES) == sorted(comparison.PROFILES)


def test_pictures_say_what_is_in_the_record():
    rows = [
        dict(trial="needle", model=model, seed=seed, scores={64: score, 256: score / 2},
             weights=10, state_bytes=20, loss=0.1)
        for model, scores in {"lmm": (0.9, 1.0), "window": (0.1, 0.1)}.items()
        for seed, score in enumerate(scores)
    ]  # fmt: skip
    record = {"rows": rows, "profile": dict(length=64, steps=5, batch=2), "device": "here"}
    figure = drawn(record, "needle", alt="two models")
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "read: 64 tokens",
        "read: 256 tokens",
    ]
    assert "0.950 ± 0.635" in comparison_table(record, "needle")._repr_html_()
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
