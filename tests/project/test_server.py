"""`make lab`: the server starts with the project's settings, answers, serves chapter 00, stops."""

import subprocess

import pytest

from tests.project.sources import ROOT
from titans_book.cli import main
from titans_book.lab import server
from titans_book.lab.server import Server


def test_the_check_starts_the_server_and_its_kernel(capsys):
    assert main(["lab", "--check"]) == 0
    assert "had an idle kernel" in capsys.readouterr().out


def test_the_projects_settings_come_first(monkeypatch):
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "elsewhere")
    first, second = server.environment()["JUPYTER_CONFIG_PATH"].split(":")
    assert (first, second) == (str(ROOT / ".jupyter"), "elsewhere")


@pytest.mark.parametrize(("user", "allowed"), [(0, True), (1000, False)])
def test_root_is_allowed_where_there_is_nobody_else(monkeypatch, user, allowed):
    """In a container one is root; JupyterLab would refuse to start."""
    monkeypatch.setattr(server.os, "geteuid", lambda: user)
    assert ("--allow-root" in server.command()) == allowed


def test_lab_runs_in_the_foreground_and_hands_on_the_exit_status(monkeypatch):
    seen = {}
    monkeypatch.setattr(
        subprocess, "call", lambda command, **how: seen.update(how, command=command) or 3
    )
    assert main(["lab", "--no-browser"]) == 3
    assert seen["cwd"] == ROOT
    assert seen["command"][-1] == "--no-browser"
    assert f"--LabApp.default_url=/lab/tree/{server.START_PAGE}" in seen["command"]


def test_a_server_that_does_not_start_says_why(tmp_path):
    with pytest.raises(RuntimeError, match="(?s)ended at once.*no-such-option"):  # noqa: SIM117
        with Server("--no-such-option=1", log=tmp_path / "log"):
            pass


def test_the_server_is_gone_afterwards(tmp_path):
    (tmp_path / "x.txt").write_text("hello")
    with Server(folder=tmp_path) as running:
        assert running.ask("contents/x.txt")["content"] == "hello"
    assert running.process.returncode is not None
    with pytest.raises(OSError):
        running.ask("status")
