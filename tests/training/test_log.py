"""The log of a run: every event a whole line, the same curves however often it was stopped."""

import json
import sys
import types
from dataclasses import replace

import pytest

from tests.training.test_training import SETTINGS, TEXT, model
from titans_book.training import Evaluated, Step, TrainingSettings, log, train
from titans_book.training.tensorboard import TensorBoard

HELD = TEXT[:150]
SHORT = replace(SETTINGS, steps=6, evaluate_every=2, save_every=4)


def told(events):
    """What the log should say of the events, but for the clock."""
    return [
        {"step": e.step, "loss": e.loss, "learning_rate": e.learning_rate,
         "gradient_norm": e.gradient_norm} if isinstance(e, Step)
        else {"step": e.step, "held_out_bits_per_token": e.bits_per_token}
        for e in events if isinstance(e, Step | Evaluated)
    ]  # fmt: skip


def logged(folder):
    clock = ("time", "tokens_per_second")
    return [{k: v for k, v in e.items() if k not in clock} for e in log.read(folder)]


@pytest.fixture(scope="module")
def straight():
    return told(train(model(), TEXT, SHORT, held_out=HELD))


def test_the_log_says_what_the_events_say_and_when(tmp_path, straight):
    list(train(model(), TEXT, SHORT, tmp_path, held_out=HELD))
    assert logged(tmp_path) == straight and len(straight) == 6 + 3
    entries = log.read(tmp_path)
    times = [entry["time"] for entry in entries]
    assert times == sorted(times) and times[0] > 1.7e9
    assert all(entry["tokens_per_second"] > 0 for entry in entries if "loss" in entry)


@pytest.mark.parametrize("after", range(1, 9))
def test_wherever_it_was_left_a_resumed_run_has_the_log_of_a_straight_one(
    tmp_path, straight, after
):
    """Also between a step and the look at the held-out text that follows it."""
    with train(model(), TEXT, SHORT, tmp_path, held_out=HELD) as events:
        for _ in range(after):
            next(events)
    list(train(model(7), TEXT, SHORT, tmp_path, held_out=HELD, resume=True))
    assert logged(tmp_path) == straight


def test_a_kill_between_checkpoints_leaves_lines_that_are_taken_back(tmp_path, straight):
    list(train(model(), TEXT, SHORT, tmp_path, held_out=HELD))
    path = tmp_path / log.NAME
    later = {"step": 7, "loss": 1.0}
    path.write_text(path.read_text() + json.dumps(later) + '\n{"step": 8, "lo')
    assert list(train(model(7), TEXT, SHORT, tmp_path, held_out=HELD, resume=True)) == []
    assert logged(tmp_path) == straight


def test_every_line_is_written_at_once(tmp_path, monkeypatch):
    written = []
    write = log.os.write
    monkeypatch.setattr(log.os, "write", lambda f, b: written.append(b) or write(f, b))
    list(train(model(), TEXT, replace(SHORT, save_every=0), tmp_path))
    lines = [b for b in written if b'"loss"' in b]
    assert len(lines) == 6 and all(b.endswith(b"\n") and b.count(b"\n") == 1 for b in lines)


def test_intervals_may_be_others_when_a_run_goes_on(tmp_path):
    with train(model(), TEXT, SHORT, tmp_path, held_out=HELD) as events:
        next(events)
    other = replace(SHORT, evaluate_every=3, save_every=0)
    found = list(train(model(), TEXT, other, tmp_path, held_out=HELD, resume=True))
    assert [e.step for e in found if isinstance(e, Evaluated)] == [3, 6]


class FakeWriter:
    def __init__(self, folder, purge_step):
        self.folder, self.purge_step, self.drawn, self.closed = folder, purge_step, [], False

    def add_scalar(self, name, value, step):
        self.drawn.append((name, value, step))

    def close(self):
        self.closed = True


def test_tensorboard_hears_the_same_events(tmp_path, monkeypatch):
    fake = types.SimpleNamespace(SummaryWriter=FakeWriter)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", fake)
    events = list(train(model(), TEXT, replace(SHORT, steps=2), held_out=HELD))
    with TensorBoard(tmp_path, step=4) as board:
        for event in events:
            board.hear(event)
    assert board.writer.purge_step == 5 and board.writer.closed
    curves = {(name, step): value for name, value, step in board.writer.drawn}
    assert curves["train/loss", 2] == events[1].loss
    assert curves["held_out/bits_per_token", 2] == events[2].bits_per_token
    assert len(curves) == 2 * 4 + 1


def test_without_tensorboard_one_is_told_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ImportError, match="pip install tensorboard, or go without"):
        TensorBoard(tmp_path)


def test_the_log_of_no_run_is_empty(tmp_path):
    assert log.read(tmp_path) == []
    assert TrainingSettings().evaluate_every == 100
