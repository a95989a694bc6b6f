"""train and generate, as one types them: a run, a stop, the way back, and clear refusals."""

import io
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
import torch

from tests.project.sources import ROOT
from titans_book.cli import device, main, train
from titans_book.cli.progress import Progress
from titans_book.evaluation import bits_per_token
from titans_book.model import config
from titans_book.tasks import corpora
from titans_book.training import checkpoints, load_checkpoint

SMALL = shlex.split(
    "--dim 8 --depth 1 --heads 1 --hidden 8 --chunk 4 --batch 2 --length 8 --device cpu"
)


@pytest.fixture
def text(tmp_path):
    """A reader's own text."""
    path = tmp_path / "mine.txt"
    path.write_text("The memory reads, and what it reads it keeps for a while. " * 40)
    return path


@pytest.fixture
def small(text, tmp_path):
    """Arguments for a run that takes a second, in the folder tmp_path/run."""
    return ["train", "--text", str(text), "--out", str(tmp_path / "run"), *SMALL]


def weights(folder):
    return load_checkpoint(folder)[0].state_dict()


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one | other)


def test_a_run_prints_where_it_saved_and_what_to_do_next(small, tmp_path, capsys):
    assert main([*small, "--steps", "3"]) == 0
    said = capsys.readouterr()
    assert said.out == f"{tmp_path / 'run' / 'step-00000003'}\n"
    assert "step 3/3" in said.err
    assert "bits per byte on text not trained on" in said.err
    assert f"generate --checkpoint {tmp_path / 'run'}" in said.err
    assert "\x1b" not in said.err and "\r" not in said.err


def test_a_finished_run_is_scored_on_all_that_was_held_out(small, tmp_path, capsys):
    assert main([*small, "--steps", "2"]) == 0
    said = capsys.readouterr().err
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert f"held-out text: {result['bits_per_byte']:.3f} bits per byte" in said
    assert f"a table of counts needs {result['table_of_order_4']:.3f}" in said
    text = corpora.read_texts([tmp_path / "mine.txt"]).encode()
    cut = int(0.9 * len(text))
    assert result["bytes_held_out"] == len(text) - cut
    model, _ = load_checkpoint(tmp_path / "run")
    want = bits_per_token(model, torch.tensor(list(text[cut:])), 8)
    assert result["bits_per_byte"] == pytest.approx(want, abs=1e-9)


def test_the_options_reach_the_model_and_the_settings(small, tmp_path):
    assert main([*small, "--steps", "2", "--seed", "7", "--learning-rate", "0.001"]) == 0
    _, about = load_checkpoint(tmp_path / "run")
    config, settings = about["config"], about["settings"]
    assert [config[name] for name in ("dim", "depth", "heads", "hidden")] == [8, 1, 1, 8]
    assert config["memory"] == {"chunk": 4}
    chosen = {"steps": 2, "batch": 2, "length": 8, "seed": 7, "learning_rate": 0.001}
    assert settings.items() >= chosen.items()


@pytest.mark.parametrize(
    "options",
    [
        "--variant mac --segment 3 --persistent 2 --chunk 4",
        "--variant mag --window 3 --chunk 4",
        "--variant mal --window 3 --chunk 4",
        "--variant attention --window 3",
        "--variant hope --chunk 4 --optimizer continuum",
    ],
)
def test_every_variant_learns_and_writes_and_goes_on(text, tmp_path, capsys, options):
    folder = tmp_path / "run"
    size = "--dim 8 --depth 1 --heads 1 --hidden 8 --batch 2 --length 8 --device cpu --steps 2"
    chosen = shlex.split(f"{size} {options}")
    assert main(["train", "--text", str(text), "--out", str(folder), *chosen]) == 0
    made = load_checkpoint(folder)[1]["config"]
    assert made["variant"] == chosen[chosen.index("--variant") + 1]
    assert "3" not in chosen or 3 in (made["segment"], made["window"])
    assert main(["train", "--resume", "--out", str(folder), "--device", "cpu"]) == 0
    capsys.readouterr()
    assert main(["generate", "--checkpoint", str(folder), "--prompt", "The ", "--n", "5"]) == 0
    assert capsys.readouterr().out.startswith("The ")


def stop_at(monkeypatch, step, which=signal.SIGINT):
    """As if somebody pressed Ctrl-C while this step is shown."""
    show = train._show

    def show_and_stop(event, progress):
        show(event, progress)
        if getattr(event, "loss", None) and event.step == step:
            signal.raise_signal(which)

    monkeypatch.setattr(train, "_show", show_and_stop)


@pytest.mark.parametrize(("which", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stop_saves_and_resume_ends_at_the_very_same_weights(
    small, tmp_path, capsys, monkeypatch, which, code
):
    run, straight = tmp_path / "run", tmp_path / "straight"
    handler = signal.getsignal(which)
    assert main([*small, "--steps", "6", "--out", str(straight)]) == 0
    with monkeypatch.context() as patch:
        stop_at(patch, 3, which)
        assert main([*small, "--steps", "6"]) == code
    said = capsys.readouterr()
    assert said.out.endswith("step-00000003\n")
    assert f"--resume --out {run}" in said.err
    assert main(["train", "--resume", "--out", str(run), "--device", "cpu"]) == 0
    assert same(weights(run), weights(straight))
    assert signal.getsignal(which) is handler


def test_a_second_ctrl_c_does_not_wait(small, monkeypatch, capsys):
    def show(*_):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(train, "_show", show)
    assert main([*small, "--steps", "6"]) == 130
    assert capsys.readouterr().err.endswith("titans_book train: stopped\n")


def test_a_real_ctrl_c_in_a_real_process(small, tmp_path):
    command = [sys.executable, "-m", "titans_book", *small, "--steps", "1000000"]
    run = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    log, end = tmp_path / "run" / "log.jsonl", time.monotonic() + 60
    while not (log.exists() and log.stat().st_size) and time.monotonic() < end:
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 130
    assert b"go on with: python -m titans_book train --resume" in said
    assert b"Traceback" not in said
    assert checkpoints.steps(tmp_path / "run")


def test_minutes_plan_the_steps_and_the_plan_is_kept(small, tmp_path, capsys):
    assert main([*small, "--minutes", "0.02"]) == 0
    steps = load_checkpoint(tmp_path / "run")[1]["settings"]["steps"]
    assert steps >= 1
    assert f"{steps} steps" in capsys.readouterr().err


def refused(arguments, capsys):
    """The one line with which an order is refused, behind the first sign of life of `train`."""
    assert main(arguments) == 1
    *before, said = capsys.readouterr().err.splitlines()
    assert all("for a run in" in line or "going on with" in line for line in before)
    assert len(before) <= 1
    return said


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (["--text", "nowhere.txt"], "nowhere.txt: there is no such file or folder"),
        (["--steps", "0"], "steps must be"),
        (["--heads", "3"], "dim must be a multiple of heads=3, got 8"),
        (["--minutes", "-1"], "--minutes must be a finite number above 0, got -1"),
        (["--minutes", "inf"], "--minutes must be a finite number above 0, got inf"),
        (["--seed", "9000000000000"], "seed must be below 2**43"),
        (["--text", ""], "--text must name files and folders, got an empty name"),
        (["--length", "2000"], "tokens must hold at least"),
        (["--window", "4"], "window has no effect on variant 'lmm'"),
        (["--variant", "attention"], "memory has no effect on variant 'attention'"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(small, capsys, change, complaint):
    assert complaint in refused([*small, *change], capsys)


def test_a_corpus_of_the_book_goes_by_its_name(tmp_path, capsys):
    here = ["train", "--out", str(tmp_path / "run"), *SMALL, "--steps", "1"]
    assert "shakespeare" in refused([*here, "--corpus", "milton"], capsys)


def test_a_folder_with_a_run_is_not_written_over(small, capsys):
    assert main([*small, "--steps", "1"]) == 0
    capsys.readouterr()
    assert "already holds a run" in refused([*small, "--steps", "1"], capsys)


def test_resume_takes_no_other_options(small, capsys):
    with pytest.raises(SystemExit, match="2"):
        main([*small, "--resume"])
    said = capsys.readouterr().err
    assert "leave out --text, --dim, --depth, --heads, --hidden, --chunk, --batch" in said


def test_the_command_and_the_config_know_the_same_variants():
    assert list(train.VARIANTS) == list(config.VARIANTS)


def test_resume_needs_the_run_and_its_text(small, text, tmp_path, capsys):
    again = ["train", "--resume", "--out", str(tmp_path / "run")]
    assert "there is no checkpoint" in refused(again, capsys)
    assert main([*small, "--steps", "1"]) == 0
    capsys.readouterr()
    text.write_text(text.read_text() + "More.")
    assert "the text is not the one" in refused(again, capsys)
    for damaged in ("", "[]", "{}", '{"sha256": "x"}', "\xff"):
        (tmp_path / "run" / "text.json").write_text(damaged, encoding="latin-1")
        assert "text.json is damaged" in refused(again, capsys)
    (tmp_path / "run" / "text.json").unlink()
    assert "does not say which text" in refused(again, capsys)


def test_a_text_too_short_to_hold_any_of_it_out_is_still_learned(text, tmp_path, small, capsys):
    text.write_text("abcdefgh!")
    assert main([*small, "--steps", "1", "--length", "3"]) == 0
    assert "bits per byte" not in capsys.readouterr().err


@pytest.fixture
def trained(small, tmp_path, capsys):
    assert main([*small, "--steps", "2"]) == 0
    capsys.readouterr()
    return ["generate", "--checkpoint", str(tmp_path / "run"), "--n", "40"]


def test_the_prompt_comes_first_and_the_same_seed_writes_the_same(trained, capsys):
    texts = []
    for seed in ("1", "1", "2"):
        assert main([*trained, "--prompt", "The mémoire", "--seed", seed]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0].startswith("The mémoire")
    assert texts[0] == texts[1] != texts[2]


def test_the_likeliest_needs_no_seed(trained, capsys):
    texts = []
    for more in (["--seed", "1"], ["--seed", "2"], ["--temperature", "1", "--top-k", "1"]):
        assert main([*trained, "--temperature", "0", *more]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1] == texts[2]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (["--prompt", ""], "--prompt is empty"),
        (["--n", "-1"], "n must be"),
        (["--temperature", "-1"], "temperature must be"),
        (["--top-k", "0"], "top_k must be"),
        (["--top-p", "1.5"], "top_p must be"),
        (["--checkpoint", "nowhere"], "there is no checkpoint in nowhere"),
    ],
)
def test_generate_refuses_in_a_line(trained, capsys, change, complaint):
    assert complaint in refused([*trained, *change], capsys)


@pytest.mark.parametrize("sampling", [["--n", "-1"], ["--seed", "-1"], ["--top-p", "2"]])
def test_nothing_is_written_before_a_refusal(trained, capsys, sampling):
    assert main([*trained, *sampling]) == 1
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("command", [["train"], ["train", "--resume"], ["compare"]])
def test_a_gpu_that_is_not_there_is_a_sentence(command, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    out = ["--out", str(tmp_path / "run"), "--device", "cuda"]
    assert "torch finds no GPU here" in refused([*command, *out], capsys)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["generate", "chat"])
def test_writing_takes_a_device_too(trained, monkeypatch, capsys, command):
    monkeypatch.setattr("sys.stdin", io.StringIO("Hello\n"))
    options = [command, *trained[1:], "--device"]
    assert main([*options, "cpu"]) == 0
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    capsys.readouterr()
    assert "--device cuda: torch finds no GPU here" in refused([*options, "cuda"], capsys)
    assert "--device must be auto, cpu, cuda, ..., got 'gpu'" in refused([*options, "gpu"], capsys)


def test_one_of_several_accelerators_is_meant(monkeypatch):
    found = SimpleNamespace(type="cuda")
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available: found)
    assert device.choose("auto") == "cuda" and device.choose("cpu") == "cpu"
    assert device.choose("auto", place=1) == device.choose("cuda:1", place=0) == "cuda:1"
    found.type = "mps"
    assert device.choose("auto") == "cpu" and device.choose("mps") == "mps"
    with pytest.raises(ValueError, match="torch finds only mps here"):
        device.choose("cuda")


def test_a_damaged_checkpoint_is_named(trained, tmp_path, capsys):
    path = tmp_path / "run" / "step-00000002" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    assert "is damaged" in refused(trained, capsys)


def event(step, steps=10):
    return SimpleNamespace(
        step=step, steps=steps, loss=1.0, tokens_per_second=5.0, seconds_left=60.0
    )


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_on_a_terminal_the_bar_is_drawn_over_and_makes_room_for_remarks():
    screen = Terminal()
    progress = Progress(screen)
    for step in range(1, 11):
        progress.step(event(step))
    progress.say("half way")
    progress.clear()
    shown = screen.getvalue()
    assert "\n" not in shown.split("half way")[0]
    assert "[========================] step 10/10" in shown
    assert shown.endswith(" \rhalf way\n")
    assert shown.count("step") == 2  # the first and the last; those between came too soon


def test_in_a_file_there_are_lines_and_not_too_many():
    file = io.StringIO()
    progress = Progress(file)
    for step in range(1, 11):
        progress.step(event(step))
    assert [line.split("  ")[0] for line in file.getvalue().splitlines()] == [
        "step 1/10",
        "step 10/10",
    ]


def test_the_runs_folder_says_which_text(small, text, tmp_path):
    assert main([*small, "--steps", "1"]) == 0
    source = json.loads((tmp_path / "run" / "text.json").read_text())
    assert source["files"] == [os.fspath(text)]
