"""A step in parts, with smoothed targets, in 16 bits: the same step, and what 16 bits cost."""

import json
from dataclasses import asdict, replace

import pytest
import torch
import torch.nn.functional as F

from tests.training.test_training import SETTINGS, TEXT, losses, model
from titans_book.training import Evaluated, Step, TrainingError, checkpoints, log, train
from titans_book.training.precision import Precision
from titans_book.training.schedule import TrainingSettings, windows

KINDS = ("full", "bf16", "fp16")


def curve(events):
    return [(e.loss, e.gradient_norm) for e in events if isinstance(e, Step)]


@pytest.mark.parametrize("parts", [2, 4])
def test_a_batch_in_parts_is_the_same_step(parts):
    whole = curve(train(model().double(), TEXT, SETTINGS))
    in_parts = curve(train(model().double(), TEXT, replace(SETTINGS, accumulate=parts)))
    assert torch.allclose(torch.tensor(whole), torch.tensor(in_parts), rtol=0, atol=1e-12)


def test_a_part_is_all_that_is_read_at_once(monkeypatch):
    made, seen = model(), []
    made.register_forward_pre_hook(lambda _, given: seen.append(given[0].shape[0]))
    list(train(made, TEXT, replace(SETTINGS, steps=2, accumulate=2)))
    assert seen == [2, 2, 2, 2]


def test_the_parts_may_be_others_when_a_run_goes_on(tmp_path):
    straight = curve(train(model().double(), TEXT, SETTINGS))
    with train(model().double(), TEXT, SETTINGS, tmp_path) as events:
        for _ in range(3):
            next(events)
    settings = replace(SETTINGS, accumulate=4)
    rest = curve(train(model(3).double(), TEXT, settings, tmp_path, resume=True))
    assert torch.allclose(torch.tensor(straight[3:]), torch.tensor(rest), rtol=0, atol=1e-12)


def test_smoothing_is_that_of_pytorch_and_held_out_scores_know_none_of_it():
    settings = replace(SETTINGS, steps=1, label_smoothing=0.1, evaluate_every=1)
    rows = windows(TEXT, 0, settings)
    logits = model()(rows[:, :-1])[0].flatten(0, 1)
    want = F.cross_entropy(logits, rows[:, 1:].flatten(), label_smoothing=0.1).item()
    step, smoothed = train(model(), TEXT, settings, held_out=TEXT[:90])
    assert step.loss == pytest.approx(want, abs=1e-6)
    plain = F.cross_entropy(logits, rows[:, 1:].flatten()).item()
    assert step.loss != pytest.approx(plain, abs=1e-3)
    assert isinstance(smoothed, Evaluated)
    other = replace(settings, label_smoothing=0.0)
    assert smoothed.bits_per_token == pytest.approx(
        list(train(model(), TEXT, other, held_out=TEXT[:90]))[1].bits_per_token, abs=0.01
    )


@pytest.mark.parametrize("kind", KINDS[1:])
def test_16_bits_learn_nearly_the_same(kind):
    full = losses(train(model(), TEXT, SETTINGS))
    made = model()
    half = losses(train(made, TEXT, replace(SETTINGS, precision=kind)))
    assert half != full and half == pytest.approx(full, abs=0.02)
    assert {weight.dtype for weight in made.parameters()} == {torch.float32}


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_in_16_bits_goes_on_to_the_bit(kind, tmp_path):
    settings = replace(SETTINGS, precision=kind, accumulate=2)
    straight = curve(train(model(), TEXT, settings))
    with train(model(), TEXT, settings, tmp_path) as events:
        for _ in range(3):
            next(events)
    assert straight[3:] == curve(train(model(7), TEXT, settings, tmp_path, resume=True))


def test_an_overflow_of_float16_is_skipped_and_the_scale_kept(tmp_path):
    made, overflows = model(), iter([True, True, True, False])
    made.norm.weight.register_hook(lambda g: g * float("inf") if next(overflows) else g)
    before = made.embedding.weight.detach().clone()
    with train(made, TEXT, replace(SETTINGS, precision="fp16"), tmp_path) as events:
        assert [next(events).skipped for _ in range(3)] == [True, True, True]
        assert torch.equal(before, made.embedding.weight)
        assert not next(events).skipped
        assert not torch.equal(before, made.embedding.weight)
    assert log.read(tmp_path)[0]["skipped"] and log.read(tmp_path)[0]["gradient_norm"] is None
    about = json.loads((checkpoints.newest(tmp_path) / "checkpoint.json").read_text())
    assert about["scaler"]["scale"] == 2.0**13


def test_what_overflows_at_every_scale_is_no_matter_of_precision():
    made = model()
    made.norm.weight.register_hook(lambda g: g * float("inf"))
    settings = replace(SETTINGS, steps=40, precision="fp16")
    with pytest.raises(TrainingError, match="the gradient is (nan|inf) at step 18"):
        list(train(made, TEXT, settings))


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_16_bits_want_weights_in_float32(dtype):
    with pytest.raises(ValueError, match="precision='bf16' needs weights in float32, got torch"):
        train(model().to(dtype), TEXT, replace(SETTINGS, precision="bf16"))


@pytest.mark.parametrize(
    ("field", "value"),
    [("accumulate", 0), ("accumulate", 3), ("label_smoothing", 1), ("precision", "fp8")],
)
def test_what_cannot_be_is_named(field, value):
    with pytest.raises(ValueError, match=field):
        TrainingSettings(**{field: value})


def test_an_older_checkpoint_that_knows_none_of_this_goes_on(tmp_path):
    with train(model(), TEXT, SETTINGS, tmp_path) as events:
        for _ in range(3):
            next(events)
    file = checkpoints.newest(tmp_path) / "checkpoint.json"
    about = json.loads(file.read_text())
    for name in ("accumulate", "label_smoothing", "precision"):
        del about["settings"][name]
    del about["scaler"]
    file.write_text(json.dumps(about))
    straight = losses(train(model(), TEXT, SETTINGS))
    assert losses(train(model(7), TEXT, SETTINGS, tmp_path, resume=True)) == straight[3:]
    smooth = replace(SETTINGS, label_smoothing=0.1)
    with pytest.raises(TrainingError, match="settings: label_smoothing differ"):
        train(model(), TEXT, smooth, tmp_path, resume=True)
    assert set(asdict(smooth)) > {"accumulate", "precision"}


def test_nothing_is_scaled_unless_float16_is_asked_for():
    device = torch.device("cpu")
    for kind in KINDS:
        assert Precision(kind, model(), device).scaler.is_enabled() == (kind == "fp16")
