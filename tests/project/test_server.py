"""`make lab`: the server starts with the project's settings, answers, serves chapter 00, stops."""

import subprocess

import pytest

from tests.project.sources import ROOT
from titans_book.cli import main
from titans_book.lab.desk import server
from titans_book.lab.desk.doctor import Finding
from titans_book.lab.desk.server import Server


def test_the_check_starts_the_server_and_its_kernel(capsys):
    assert main(["lab", "--check"]) == 0
    assert capsys.readouterr().out.endswith("its kernel runs\n")


def test_the_check_fails_where_the_kernel_does_not_run(monkeypatch, capsys):
    broken = [Finding(False, "no kernel", "install one")]
    monkeypatch.setattr(server.doctor, "kernel", lambda root: broken)
    assert main(["lab", "--check"]) == 1
    assert "titans_book lab: no kernel. install one" in capsys.readouterr().err


def test_the_projects_settings_come_first(monkeypatch):
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "elsewhere")
    first, second = server.environment()["JUPYTER_CONFIG_PATH"].split(":")
    assert (first, second) == (str(ROOT / ".jupyter"), "elsewhere")


@pytest.mark.parametrize(("user", "allowed"), [(0, True), (1000, False)])
def test_root_is_allowed_where_there_is_nobody_else(monkeypatch, user, allowed):
    """In a container one is root; JupyterLab would refuse to start."""
    monkeypatch.setattr(server.os, "geteuid", lambda: user)
    assert ("--allow-root" in server.command()) == allowed


class Process:
    """A JupyterLab that is sent Ctrl-C once and then ends with status 3."""

    def __init__(self, command, **how):
        Process.command, Process.how, self.waits = command, how, 0

    def wait(self):
        self.waits += 1
        if self.waits == 1:
            raise KeyboardInterrupt
        return 3


def test_lab_stays_until_the_server_ends_and_hands_on_its_status(monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", Process)
    assert main(["lab", "--no-browser"]) == 3
    assert Process.how["cwd"] == ROOT
    assert Process.command[-1] == "--no-browser"
    assert f"--LabApp.default_url=/lab/tree/{server.START_PAGE}" in Process.command


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
