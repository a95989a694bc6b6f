"""Two processes are as one: the same curve and checkpoints, in shards or not; and one may die."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys

import pytest
import torch

from tests.project.test_train_command import small, text  # noqa: F401
from tests.training.together import HELD, LEFT, PLAN, TEXT, curve, first, model
from titans_book.cli import main
from titans_book.files import CheckpointError
from titans_book.training import TrainingError, checkpoints, load_checkpoint, log, train
from titans_book.training.launching import launch


def same(one, other):
    """Two curves to rounding: gradients are added up in another order."""
    assert len(one) == len(other)
    assert torch.allclose(torch.tensor(one), torch.tensor(other), rtol=0, atol=1e-10)


@pytest.fixture(scope="module")
def straight():
    """The curves of one process."""
    return {
        name: curve(train(model(name, heads), TEXT, PLAN, held_out=HELD))
        for name, heads in (("lmm", 2), ("mag", 1))
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the processes have their runs; one of them was begun by a single process."""
    folder = tmp_path_factory.mktemp("together")
    first(train(model(), TEXT, PLAN, folder / "one"))
    shutil.copytree(folder / "one", folder / "whole")
    return folder


@pytest.fixture(scope="module")
def said(folder, root):
    """What both processes say, one after the other."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    command = [sys.executable, "-m", "tests.training.together", str(folder)]
    running = [
        subprocess.Popen(
            command,
            cwd=root,
            env={**os.environ, **shared, "RANK": str(rank), "PYTHONPATH": str(root)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        errors = [process.communicate(timeout=300)[1] for process in running]
    finally:
        for process in running:
            process.kill()
    assert [process.returncode for process in running] == [0, 0], "\n".join(errors)
    return [json.loads((folder / f"said-{rank}.json").read_text()) for rank in range(2)]


def test_all_processes_say_the_same(said):
    assert said[0] == said[1]


def test_two_processes_have_the_curve_of_one(said, straight, folder):
    steps, scores = said[0]["averaged"]["straight"]
    same(steps, straight["lmm"][0])
    same(scores, straight["lmm"][1])
    assert [e["loss"] for e in log.read(folder / "two") if "loss" in e] == [x for x, _ in steps]


def test_a_run_of_one_goes_on_in_two_and_back(said, straight, folder):
    same(said[0]["averaged"]["from one"][0], straight["lmm"][0][LEFT:])
    kept = said[0]["averaged"]["saved"]
    assert kept[-1] == f"step-{LEFT:08d}"  # the second was asked to stop, and both did
    back = curve(train(model(seed=3), TEXT, PLAN, folder / "asked", resume=True))
    same(back[0], straight["lmm"][0][LEFT:])


def test_every_process_hears_what_the_first_one_has_saved(said):
    assert said[1]["averaged"]["paths"] == ["step-00000004", "step-00000006"]


@pytest.mark.parametrize("variant", ["lmm", "mag"])
def test_a_model_in_shards_has_the_same_curve_and_goes_on(said, straight, variant):
    steps, scores = said[0][variant]["straight"]
    same(steps, straight[variant][0])
    same(scores, straight[variant][1])
    same(said[0][variant]["on in shards"][0], straight[variant][0][LEFT:])


def test_a_whole_checkpoint_goes_on_in_shards(said, straight):
    same(said[0]["from whole"][0], straight["lmm"][0][LEFT:])


@pytest.mark.parametrize(("variant", "heads"), [("lmm", 2), ("mag", 1)])
def test_a_checkpoint_in_shards_goes_on_in_one_process(said, straight, folder, variant, heads):
    path = checkpoints.newest(folder / variant)
    files = {file.suffix for file in path.rglob("*") if file.is_file()}
    assert files == {".safetensors", ".json"}  # nothing that needs pickle
    assert len(list((path / "model.shards").iterdir())) == 2
    assert load_checkpoint(path)[1]["step"] == LEFT
    rest = curve(train(model(variant, heads, 3), TEXT, PLAN, folder / variant, resume=True))
    same(rest[0], straight[variant][0][LEFT:])


def test_damage_to_a_shard_is_found_by_one_process_too(said, folder):
    with pytest.raises(CheckpointError, match="does not have the content"):
        load_checkpoint(folder / "damaged")


def test_what_is_refused_is_refused_everywhere(said):
    for refused in (said[0]["refused"], said[1]["refused"]):
        assert "already holds a run" in refused["taken"]
        assert "batch must be a multiple of 4, for 2 processes" in refused["batch"]
        assert "shard=True needs AdamW" in refused["optimizer"]
        assert "not wrapped in another module" in refused["wrapped"]
        assert "has changed or is missing" in refused["damage"]


def test_float16_overflows_for_all_or_for_none(said):
    averaged, shards = said[0]["half"]
    assert averaged[-1][0] < averaged[0][0]
    assert torch.allclose(torch.tensor(averaged), torch.tensor(shards), rtol=1e-3, atol=0)


def test_shards_need_torchrun():
    with pytest.raises(ValueError, match="shard=True needs the processes of torchrun"):
        train(model(), TEXT, PLAN, shard=True)


DIES = """
import os, signal, threading, time
def wait():
    while not os.path.exists({file!r}):
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGKILL)
if os.environ.get("RANK") == "1":
    threading.Thread(target=wait, daemon=True).start()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no kill -9")
def test_one_process_is_killed_and_the_run_goes_on(small, tmp_path, root, monkeypatch):  # noqa: F811
    """torchrun then ends the other one; a single process takes the run to its end."""
    folder, now = tmp_path / "run", tmp_path / "now"
    (tmp_path / "sitecustomize.py").write_text(DIES.format(file=str(now)))  # loaded by every Python
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(root)]))
    options = [word for word in small[1:] if word not in ("--out", str(folder))]
    entries = launch(folder, *options, "--steps", "100000", "--save-every", "20", processes=2)
    seen = [next(entries) for _ in range(21)]
    assert [entry["step"] for entry in seen] == list(range(1, 22))
    now.touch()
    with pytest.raises(TrainingError, match="the training in .* failed: "):
        list(entries)
    newest = checkpoints.newest(folder)
    step = int(newest.name[5:])
    about = (newest / "checkpoint.json").read_text()
    shorter = about.replace('"steps": 100000', f'"steps": {step + 3}')
    (newest / "checkpoint.json").write_text(shorter)
    assert main(["train", "--resume", "--out", str(folder), "--device", "cpu"]) == 0
    assert [e["step"] for e in log.read(folder) if "loss" in e] == list(range(1, step + 4))
    assert (folder / "result.json").exists()
