"""Training: it learns, it stops cleanly, and it goes on to the very same numbers."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from titans_book.files import CheckpointError
from titans_book.model import TitansConfig, TitansLM
from titans_book.training import (
    Evaluated,
    Saved,
    Step,
    TrainingError,
    checkpoints,
    load_checkpoint,
    train,
)
from titans_book.training.log import cut
from titans_book.training.schedule import TrainingSettings, learning_rate, windows

CONFIG = dict(vocab=256, dim=16, depth=1, heads=2, hidden=16, memory={"chunk": 8})
TEXT = torch.tensor(list(b"the memory reads and writes, and the reader remembers. " * 40))
SETTINGS = TrainingSettings(
    steps=12, batch=4, length=24, warmup=2, evaluate_every=6, save_every=4, learning_rate=1e-2
)


def model(seed=0):
    torch.manual_seed(seed)
    return TitansLM(TitansConfig(**CONFIG))


def losses(events):
    return [event.loss for event in events if isinstance(event, Step)]


def logged(folder):
    return [json.loads(line)["loss"] for line in (folder / "log.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def straight():
    """The losses of a run that nothing interrupts."""
    return losses(train(model(), TEXT, SETTINGS))


def test_events_come_in_order_and_it_learns(tmp_path):
    settings = replace(SETTINGS, steps=40, save_every=20, evaluate_every=20)
    events = list(train(model(), TEXT, settings, tmp_path, held_out=TEXT[:200]))
    kinds = [type(event) for event in events if not isinstance(event, Step)]
    assert kinds == [Evaluated, Saved, Evaluated, Saved]
    curve = losses(events)
    assert len(curve) == 40 and curve[-1] < 0.6 * curve[0]
    first, second = (event.bits_per_token for event in events if isinstance(event, Evaluated))
    assert second < first < 8
    steps = [event for event in events if isinstance(event, Step)]
    assert [event.step for event in steps] == list(range(1, 41))
    assert steps[-1].seconds_left == 0 and min(e.tokens_per_second for e in steps) > 0


def test_the_same_seed_gives_the_same_run_and_another_does_not(straight):
    assert losses(train(model(), TEXT, SETTINGS)) == straight
    assert losses(train(model(), TEXT, replace(SETTINGS, seed=1))) != straight


def test_a_snapshot_changes_nothing(straight):
    unwatched = list(train(model(), TEXT, replace(SETTINGS, watch_every=0)))
    assert losses(unwatched) == straight
    assert all(event.snapshot is None for event in unwatched)
    (event,) = [e for e in train(model(), TEXT, replace(SETTINGS, steps=1)) if isinstance(e, Step)]
    assert event.snapshot.tokens.shape == (24,)
    assert len(event.snapshot.memories) == 1
    assert event.snapshot.memories[0].surprise.shape == (2, 24)


@pytest.mark.parametrize("stop_after", [3, 4, 9])
def test_stop_and_resume_is_the_same_run_to_the_bit(tmp_path, straight, stop_after):
    events = train(model(), TEXT, SETTINGS, tmp_path)
    seen = []
    for event in events:
        seen += losses([event])
        if len(seen) == stop_after:
            break
    events.close()
    rest = losses(train(model(seed=7), TEXT, SETTINGS, tmp_path, resume=True))
    assert seen + rest == straight
    assert logged(tmp_path) == straight


def test_kill_minus_nine_and_resume_is_the_same_run_to_the_bit(tmp_path, straight):
    """The process dies between two checkpoints, in the middle of whatever it was doing."""
    script = tmp_path / "run.py"
    script.write_text(
        "import sys, time; from pathlib import Path; import torch\n"
        "torch.set_num_threads(int(sys.argv[2]))\n"
        "from tests.training.test_training import *\n"
        "for event in train(model(), TEXT, SETTINGS, Path(sys.argv[1])):\n"
        "    print(getattr(event, 'step', 0), flush=True); time.sleep(0.05)\n"
    )
    folder = tmp_path / "run"
    root = str(Path(__file__).parents[2])
    child = subprocess.Popen(
        [sys.executable, str(script), str(folder), str(torch.get_num_threads())],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root},
        text=True,
    )
    while child.stdout.readline().strip() != "6":
        assert child.poll() is None, "the run ended before it could be killed"
    time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert [path.name for path in checkpoints.steps(folder)] == ["step-00000004"]
    with open(folder / "log.jsonl", "a") as log:
        log.write('{"step": 7, "los')  # a line that the kill cut in half
    rest = losses(train(model(seed=7), TEXT, SETTINGS, folder, resume=True))
    assert rest == straight[4:]
    assert logged(folder) == straight


def test_an_interrupt_inside_a_step_leaves_the_last_whole_one(tmp_path, straight, monkeypatch):
    events = train(model(), TEXT, SETTINGS, tmp_path)
    for _ in range(5):
        next(events)  # steps 1 to 4, and Saved
    monkeypatch.setattr(
        torch.optim.AdamW, "step", lambda self: (_ for _ in ()).throw(InterruptedError)
    )
    with pytest.raises(InterruptedError):
        next(events)
    monkeypatch.undo()
    assert [path.name for path in checkpoints.steps(tmp_path)] == ["step-00000004"]
    assert losses(train(model(), TEXT, SETTINGS, tmp_path, resume=True)) == straight[4:]


def test_a_finished_run_resumes_to_nothing(tmp_path):
    list(train(model(), TEXT, SETTINGS, tmp_path))
    assert list(train(model(), TEXT, SETTINGS, tmp_path, resume=True)) == []


def test_a_checkpoint_gives_the_model_back(tmp_path):
    trained = model()
    list(train(trained, TEXT, SETTINGS, tmp_path))
    again, about = load_checkpoint(tmp_path)
    assert about["step"] == 12 and about["config"]["dim"] == 16
    x = TEXT[None, :30]
    assert torch.equal(again(x)[0], trained(x)[0])


def test_only_the_newest_two_checkpoints_stay(tmp_path):
    list(train(model(), TEXT, SETTINGS, tmp_path))
    assert [p.name for p in checkpoints.steps(tmp_path)] == ["step-00000008", "step-00000012"]


# ---- what can go wrong, and what is said


def test_a_second_run_does_not_write_over_the_first(tmp_path):
    list(train(model(), TEXT, SETTINGS, tmp_path))
    with pytest.raises(TrainingError, match="already holds a run"):
        train(model(), TEXT, SETTINGS, tmp_path)


def test_another_configuration_is_not_resumed(tmp_path):
    list(train(model(), TEXT, SETTINGS, tmp_path))
    with pytest.raises(TrainingError, match="settings: learning_rate differ"):
        train(model(), TEXT, replace(SETTINGS, learning_rate=1e-4), tmp_path, resume=True)
    other = TitansLM(TitansConfig(**{**CONFIG, "hidden": 24}))
    with pytest.raises(TrainingError, match="config: hidden differ"):
        train(other, TEXT, SETTINGS, tmp_path, resume=True)


def test_resume_needs_something_to_resume(tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint"):
        train(model(), TEXT, SETTINGS, tmp_path, resume=True)
    with pytest.raises(ValueError, match="folder"):
        train(model(), TEXT, SETTINGS, resume=True)


@pytest.mark.parametrize("name", ["model.safetensors", "training.safetensors", "checkpoint.json"])
@pytest.mark.parametrize("damage", ["cut", "flip", "gone"])
def test_a_damaged_checkpoint_is_named_and_the_one_before_it_still_works(
    tmp_path, straight, name, damage
):
    list(train(model(), TEXT, SETTINGS, tmp_path))
    newest = checkpoints.steps(tmp_path)[-1]
    content = bytearray((newest / name).read_bytes())
    if damage == "cut":
        (newest / name).write_bytes(content[: len(content) // 2])
    elif damage == "flip":
        content[0] ^= 255
        (newest / name).write_bytes(content)
    else:
        (newest / name).unlink()
    with pytest.raises(CheckpointError, match="step-00000012.*Remove that folder"):
        train(model(), TEXT, SETTINGS, tmp_path, resume=True)
    shutil.rmtree(newest)
    assert losses(train(model(), TEXT, SETTINGS, tmp_path, resume=True)) == straight[8:]


@pytest.mark.parametrize("lost", ["config", "settings", "step", "training", "model"])
def test_a_checkpoint_that_lacks_something_says_what(tmp_path, lost):
    list(train(model(), TEXT, SETTINGS, tmp_path))
    file = checkpoints.steps(tmp_path)[-1] / "checkpoint.json"
    about = json.loads(file.read_text())
    (about if lost in about else about["sha256"]).pop(lost)
    file.write_text(json.dumps(about))
    with pytest.raises(CheckpointError, match=f"it lacks {lost}. Remove that folder"):
        train(model(), TEXT, SETTINGS, tmp_path, resume=True)


def test_a_damaged_line_of_the_log_is_dropped(tmp_path):
    list(train(model(), TEXT, SETTINGS, tmp_path))
    log = tmp_path / "log.jsonl"
    whole = log.read_bytes()
    log.write_bytes(b"[1]\n" + whole + b'\xff\n{"step": 1')
    cut(tmp_path, SETTINGS.steps)
    assert log.read_bytes() == whole


def test_a_full_disk_is_said_and_costs_nothing(tmp_path, monkeypatch):
    events = train(model(), TEXT, SETTINGS, tmp_path)
    for _ in range(5):
        next(events)

    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints, "write_file", full)
    with pytest.raises(CheckpointError, match="No space left on device.*unharmed"):
        list(events)
    monkeypatch.undo()
    assert [path.name for path in tmp_path.glob("*step*")] == ["step-00000004"]
    load_checkpoint(tmp_path)


def test_a_loss_that_is_no_number_stops_with_advice():
    broken = model()
    with torch.no_grad():
        broken.norm.weight.fill_(float("inf"))
    with pytest.raises(TrainingError, match="at step 1.*learning_rate"):
        list(train(broken, TEXT, SETTINGS))


def test_a_gradient_that_is_no_number_never_reaches_a_checkpoint(tmp_path):
    broken = model()
    events = train(broken, TEXT, SETTINGS, tmp_path)
    next(events)
    before = [p.detach().clone() for p in broken.parameters()]
    broken.norm.weight.register_hook(lambda gradient: gradient * float("nan"))
    with pytest.raises(TrainingError, match="the gradient is nan at step 2"):
        next(events)
    assert all(map(torch.equal, before, broken.parameters()))
    saved, about = load_checkpoint(tmp_path)
    assert about["step"] == 1 and all(map(torch.equal, before, saved.parameters()))


def test_a_text_that_is_too_short_is_refused():
    with pytest.raises(ValueError, match="at least 50 tokens"):
        train(model(), TEXT[:49], SETTINGS)
    assert len(losses(train(model(), TEXT[:50], replace(SETTINGS, steps=2)))) == 2


@pytest.mark.parametrize(
    "field, value",
    [
        ("steps", 0),
        ("length", 1),
        ("learning_rate", 0),
        ("learning_rate", float("nan")),
        ("final", 2),
        ("weight_decay", -1),
        ("clip", 0),
        ("seed", -1),
        ("save_every", -1),
    ],
)
def test_wrong_settings_are_named(field, value):
    with pytest.raises(ValueError, match=field):
        TrainingSettings(**{field: value})


# ---- the schedule


def test_learning_rate_rises_and_falls():
    settings = TrainingSettings(steps=200, warmup=20, learning_rate=1.0, final=0.1)
    rates = [learning_rate(step, settings) for step in range(200)]
    assert rates[0] == pytest.approx(0.05) and max(rates) == rates[20] == pytest.approx(1.0)
    assert rates[:20] == sorted(rates[:20]) and rates[20:] == sorted(rates[20:], reverse=True)
    assert rates[-1] == pytest.approx(0.1)


def test_an_epoch_reads_every_window_once_and_the_next_one_otherwise():
    settings = TrainingSettings(batch=3, length=5)
    text = torch.arange(5 * 10 + 2)
    per_epoch = 8
    rows = torch.cat([windows(text, step, settings) for step in range(2 * per_epoch)])
    epochs = [rows[i * per_epoch : (i + 1) * per_epoch] for i in range(6)]
    for epoch in epochs:
        starts = epoch[:, 0].sort().values
        assert torch.equal(starts.diff(), torch.full((per_epoch - 1,), 5))
        assert torch.equal(epoch, epoch[:, :1] + torch.arange(6))
    assert len({tuple(epoch[:, 0].tolist()) for epoch in epochs}) == 6
