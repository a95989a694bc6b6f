"""The benchmark of the second reading: one entry a model, each as it is measured again."""

import json

import pytest
import torch

from tests.benchmarks import twice_read
from titans_book.book.ch13 import twice
from titans_book.training.on_tasks import Descent


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Three steps, six passages, and a record of its own."""
    sizes = {"passage": (4, 9), "back": 0.6}
    changed = {
        "TRAINING": Descent(steps=3, warmup=1),
        "STAGES": ((2, dict(batch=2, time=40, plain=0.3)), (1, dict(batch=1, time=60))),
        "SEQUENCES": sizes,
        "MEASURED": dict(distances=(4, 20), passage=5, passages=6, lead=3),
        "RECORD": tmp_path / "record.json",
        "SEEDED": ("window",),
        "SEEDS": (1,),
        "FOLDER": tmp_path,
        "path_of": lambda name: twice.path_of(name, tmp_path),
    }
    for name, value in changed.items():
        monkeypatch.setattr(twice_read, name, value)
    return tmp_path


def test_interrupted_it_goes_on_with_the_first_model_without_an_entry(small, monkeypatch):
    models = {name: twice.MODELS[name] for name in ("lmm, gated-deltanet", "window")}
    monkeypatch.setattr(twice_read, "MODELS", models)
    twice_read.main(["window"])
    first = json.loads((small / "record.json").read_text())
    assert list(first["models"]) == ["window"] and first["stages"][1] == [1, dict(batch=1, time=60)]
    made = []
    plain = twice_read.make
    monkeypatch.setattr(twice_read, "make", lambda name, *a: made.append(name) or plain(name, *a))
    twice_read.main([])
    record = json.loads((small / "record.json").read_text())
    assert made == ["lmm, gated-deltanet"] and list(record["models"]) == list(models)
    assert record["models"]["window"] == first["models"]["window"]
    entry = record["models"]["lmm, gated-deltanet"]
    assert set(entry["plays"]["bits"]) == {"first", "second", "another", "shut"}
    assert len(entry["plays"]["saved"]) == len(entry["moby_dick"]["saved_over_shut"]) == 2
    assert "saved_over_shut" not in record["models"]["window"]["plays"]
    (other,) = record["seeds"]["window"].values()
    assert other["losses"] != record["models"]["window"]["losses"]


def test_what_is_recorded_is_what_the_kept_weights_do(small):
    entry = twice_read.make("lmm, gated-deltanet", twice.texts()[1])
    model, kept = twice.recorded("lmm, gated-deltanet", small)
    assert kept == json.loads(json.dumps(entry))
    assert twice_read.measured(model, twice.texts()[1]["plays"]) == entry["plays"]


def test_every_model_learns_on_the_same_sequences(small):
    one, two = (list(twice_read.drawn(torch.arange(500), 0)) for _ in range(2))
    assert [task.inputs.shape for task in one] == [(2, 40), (2, 40), (1, 60)]
    assert all(torch.equal(a.inputs, b.inputs) for a, b in zip(one, two, strict=True))
