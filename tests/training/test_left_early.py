"""Training that is left early has its checkpoint, however it is left, and goes on as it would."""

import os
import shutil
import subprocess
import sys

import numpy
import pytest
import torch

from tests.training.test_training import SETTINGS, TEXT, logged, losses, model
from titans_book.files import CheckpointError
from titans_book.model import TitansConfig, TitansLM
from titans_book.training import Step, Training, TrainingError, checkpoints, load_checkpoint, train
from titans_book.training.runs import FORMAT
from titans_book.training.schedule import Descent, TrainingSettings

SCRIPT = """
import sys, os, signal
from tests.training.test_training import *
class Ours(Exception): pass
for event in train(model(), TEXT, SETTINGS, sys.argv[1]):
    if getattr(event, "step", 0) == 3:
        {leave}
"""
HELD = """
from tests.training.test_training import *
import sys
events = train(model(), TEXT, SETTINGS, sys.argv[1])
for _ in range(3): next(events)
"""
WAYS = {
    "break": "break",
    "raise": "raise Ours",
    "exit": "sys.exit(0)",
    "Ctrl-C": "os.kill(os.getpid(), signal.SIGINT)",
}


def run_script(text, folder, root):
    command = [sys.executable, "-c", text, str(folder)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def straight():
    return losses(train(model(), TEXT, SETTINGS))


@pytest.mark.parametrize("way", WAYS)
def test_a_script_that_leaves_the_loop_at_module_level_loses_nothing(way, tmp_path, root, straight):
    text = SCRIPT.format(leave=WAYS[way])
    if way == "Ctrl-C":  # which a process in the background may have been told to ignore
        text = text.replace(
            "class Ours", "signal.signal(signal.SIGINT, signal.default_int_handler)\nclass Ours"
        )
    run_script(text, tmp_path / "run", root)
    assert [path.name for path in checkpoints.steps(tmp_path / "run")] == ["step-00000003"]
    rest = losses(train(model(seed=7), TEXT, SETTINGS, tmp_path / "run", resume=True))
    assert rest == straight[3:]


def test_a_script_that_ends_with_the_events_in_hand_loses_nothing(tmp_path, root):
    done = run_script(HELD, tmp_path / "run", root)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in checkpoints.steps(tmp_path / "run")] == ["step-00000003"]


def test_a_with_block_saves_on_leaving_even_by_an_error(tmp_path):
    with pytest.raises(KeyError), train(model(), TEXT, SETTINGS, tmp_path) as events:
        for event in events:
            assert isinstance(event, Step)
            if event.step == 2:
                raise KeyError
    assert [path.name for path in checkpoints.steps(tmp_path)] == ["step-00000002"]
    assert isinstance(events, Training)
    events.close()  # once more does no harm
    assert next(events, None) is None


def test_the_newer_run_of_one_process_wins_and_the_older_one_is_saved(tmp_path, straight):
    """As in a notebook in which a cell was interrupted and the next one goes on."""
    left = train(model(), TEXT, SETTINGS, tmp_path)
    seen = losses([next(left) for _ in range(3)])
    rest = losses(train(model(seed=7), TEXT, SETTINGS, tmp_path, resume=True))
    assert seen + rest == straight


def test_a_run_that_was_left_is_over(tmp_path, straight):
    """It writes nothing any more, neither a step nor a line."""
    left = train(model(), TEXT, SETTINGS, tmp_path)
    seen = losses([next(left) for _ in range(3)])
    seen += losses(train(model(seed=7), TEXT, SETTINGS, tmp_path, resume=True))
    assert list(left) == []
    assert logged(tmp_path) == seen == straight


def test_a_removed_folder_is_not_filled_again(tmp_path, straight):
    left = train(model(), TEXT, SETTINGS, tmp_path / "run")
    next(left)
    shutil.rmtree(tmp_path / "run")
    assert losses(train(model(), TEXT, SETTINGS, tmp_path / "run")) == straight


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_leaves_its_parents_run_alone(tmp_path, root):
    forks = HELD + "import os\nif os.fork() == 0: sys.exit()\nos.wait()\n"
    forks += "print(len(list(Path(sys.argv[1]).glob('step-*'))))"
    done = run_script(forks, tmp_path / "run", root)
    assert done.stdout.split() == ["0"], done.stderr


def test_two_processes_in_one_folder_are_told(tmp_path, root):
    waits = HELD + "print('here', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", waits, str(tmp_path / "run")]
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with subprocess.Popen(command, cwd=root, **pipes) as other:
        assert other.stdout.readline() == "here\n"
        for resume in (False, True):
            with pytest.raises((TrainingError, CheckpointError)) as refusal:
                train(model(), TEXT, SETTINGS, tmp_path / "run", resume=resume)
        assert not resume or "there is no checkpoint" in str(refusal.value)
        with pytest.raises(TrainingError, match="somebody else is training in"):
            train(model(), TEXT, SETTINGS, tmp_path / "run")
        other.kill()
    train(model(), TEXT, SETTINGS, tmp_path / "run").close()  # a killed process holds nothing


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float32])
def test_a_checkpoint_keeps_the_dtype(dtype, tmp_path):
    made = model().to(dtype)
    list(train(made, TEXT, SETTINGS, tmp_path))
    usual = torch.get_default_dtype()
    try:
        for default in (torch.float32, torch.bfloat16):
            torch.set_default_dtype(default)
            loaded, _ = load_checkpoint(tmp_path)
            for (name, have), want in zip(
                loaded.state_dict().items(), made.state_dict().values(), strict=True
            ):
                assert have.dtype == want.dtype and torch.equal(have, want), name
    finally:
        torch.set_default_dtype(usual)
    other = model(seed=3).to(torch.float32 if dtype != torch.float32 else torch.float64)
    with pytest.raises(TrainingError, match="make the model in the dtype of the run"):
        train(other, TEXT, SETTINGS, tmp_path, resume=True)


COMPILED = """
import sys, torch
from tests.training.test_training import *
made = model()
if "block" in sys.argv[1]:
    made.blocks[0] = torch.compile(made.blocks[0], backend="eager")
else:
    made = torch.compile(made, backend="eager")
with train(made, TEXT, SETTINGS, sys.argv[1]) as events:
    for _ in range(3): next(events)
"""


@pytest.mark.parametrize("part", ["model", "block"])
def test_a_compiled_model_is_saved_under_its_own_names(part, tmp_path, root, straight):
    done = run_script(COMPILED, tmp_path / part, root)
    assert done.returncode == 0, done.stderr
    loaded, _ = load_checkpoint(tmp_path / part)
    assert not any("_orig_mod" in name for name in loaded.state_dict())
    rest = losses(train(model(seed=7), TEXT, SETTINGS, tmp_path / part, resume=True))
    assert rest == pytest.approx(straight[3:], abs=1e-4)


def test_a_model_that_is_none_is_refused(tmp_path):
    with pytest.raises(TypeError, match="model must be a TitansLM, got Linear"):
        list(train(torch.nn.Linear(2, 2), TEXT, SETTINGS, tmp_path))


def test_another_optimizer_goes_by_the_same_plan():
    made = model()
    groups = [
        {"params": [p for p in made.parameters() if p.dim() < 2], "lr": 1e-3},
        {"params": [p for p in made.parameters() if p.dim() >= 2], "lr": 1e-2},
    ]
    optimizer = torch.optim.SGD(groups)
    (first, *_), rates = (
        list(train(made, TEXT, SETTINGS, optimizer=optimizer)),
        optimizer.param_groups,
    )
    assert rates[1]["lr"] == pytest.approx(10 * rates[0]["lr"]) and first.learning_rate > 0
    made = losses(
        train(model(), TEXT, SETTINGS, optimizer=lambda m: torch.optim.SGD(m.parameters(), lr=1e-2))
    )
    assert made != losses(train(model(), TEXT, SETTINGS))
    with pytest.raises(TypeError, match="optimizer must be a torch.optim.Optimizer, got str"):
        train(model(), TEXT, SETTINGS, optimizer=lambda m: "SGD")


def test_numbers_of_numpy_are_numbers(tmp_path, as_people_call_it):
    settings = TrainingSettings(
        steps=numpy.int64(2), batch=numpy.int32(2), length=24, learning_rate=numpy.float32(0.01)
    )
    assert type(settings.steps) is int and type(settings.learning_rate) is float
    config = TitansConfig(
        dim=numpy.int64(16), depth=1, heads=2, hidden=16, memory={"chunk": numpy.int64(8)}
    )
    assert type(config.dim) is int and type(config.memory["chunk"]) is int
    list(train(TitansLM(config), TEXT, settings, tmp_path))
    assert load_checkpoint(tmp_path)[1]["format"] == FORMAT
    with pytest.raises(ValueError, match="steps must be a whole number >= 1, got 1.5"):
        Descent(steps=numpy.float64(1.5))


def test_a_checkpoint_of_older_times_keeps_its_meaning(tmp_path):
    """Without a format: its memory forgot towards 0."""
    list(train(model(), TEXT, SETTINGS, tmp_path))
    file = checkpoints.newest(tmp_path) / "checkpoint.json"
    file.write_text(file.read_text().replace(f'"format": {FORMAT},', ""))
    loaded, about = load_checkpoint(tmp_path)
    assert loaded.blocks[0].memory.rule.retention.name == "decay"
    assert about["config"]["memory"] == {"retention": "decay", "chunk": 8}
