"""The command line's habits: help, exit codes, one line for a mistake, pipes."""

import subprocess
import sys

import pytest

from tests.project.sources import ROOT
from titans_book.cli import main

COMMANDS = ("doctor", "lab", "data", "notebooks", "progress", "train", "generate", "chat")
COMMANDS += ("compare",)


def run(*arguments: str, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "titans_book", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, **options)


def test_help_names_every_command():
    done = run("--help")
    assert done.returncode == 0
    assert [name for name in COMMANDS if f"\n    {name}" not in done.stdout] == []
    assert "\x1b" not in done.stdout  # no colour codes unless a person's terminal reads it


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    assert len(capsys.readouterr().out) > 100


@pytest.mark.parametrize("mistake", [[], ["fly"], ["notebooks", "--chekc"], ["lab", "extra"]])
def test_a_mistake_in_the_command_is_exit_2(mistake, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(mistake)
    assert "usage" in capsys.readouterr().err


def fail_with(error):
    def fail(*_, **__):
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("depth=0 is\n not allowed"), "titans_book data: depth=0 is not allowed\n"),
        (FileNotFoundError(2, "No such file", "x.txt"), "No such file: 'x.txt'"),
        (
            ModuleNotFoundError("No module named 'torch'"),
            "titans_book doctor` says what to install",
        ),
        (RuntimeError(""), "titans_book data: RuntimeError\n"),
    ],
)
def test_an_error_is_one_line_and_exit_1(monkeypatch, capsys, error, said):
    from titans_book.tasks import corpora

    monkeypatch.setattr(corpora, "data_folder", fail_with(error))
    assert main(["data"]) == 1
    printed = capsys.readouterr().err
    assert said in printed
    assert printed.count("\n") == 1


def test_ctrl_c_is_exit_130(monkeypatch, capsys):
    from titans_book.tasks import corpora

    monkeypatch.setattr(corpora, "data_folder", fail_with(KeyboardInterrupt()))
    assert main(["data"]) == 130
    assert capsys.readouterr().err == "titans_book data: stopped\n"


def test_a_reader_that_closes_the_pipe_is_no_error():
    command = f"{sys.executable} -m titans_book data | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1


def test_data_lists_the_files_and_their_health(capsys):
    assert main(["data"]) == 0
    said = capsys.readouterr().out
    assert "text/shakespeare.txt" in said
    assert said.endswith("every hash is as recorded\n")


def test_changed_data_is_exit_1(monkeypatch, capsys):
    from titans_book.tasks import corpora

    monkeypatch.setattr(corpora, "verify", lambda: ["a.txt was changed"])
    assert main(["data"]) == 1
    assert capsys.readouterr().err == "titans_book data: a.txt was changed\n"
