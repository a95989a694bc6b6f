"""The doctor sees what is wrong, says what to do, and never falls ill itself."""

import importlib.metadata
import subprocess
import sys

import pytest

from tests.project.sources import ROOT
from titans_book.cli import main
from titans_book.lab.desk import doctor
from titans_book.lab.desk.doctor import Finding, examine, report


def about(findings, word):
    """The one finding whose text has the word."""
    (found,) = [finding for finding in findings if word in finding.what]
    return found


@pytest.fixture(scope="module")
def findings():
    return examine()


def test_this_environment_is_in_order(findings):
    assert [finding for finding in findings if finding.essential and not finding.ok] == []


@pytest.mark.parametrize(
    "subject",
    [
        "Python 3",
        "torch 2",
        "jupyterlab 4",
        "kernel 'python3'",
        "recorded hash",
        "GPU",
        "thread",
        "disk",
    ],
)
def test_everything_is_looked_at_once(findings, subject):
    assert about(findings, subject)


def test_the_kernel_is_the_one_of_this_python(findings):
    kernel = about(findings, "kernel 'python3'")
    assert kernel.what.endswith(sys.executable)


@pytest.fixture
def project(tmp_path):
    """A checkout with demands that this environment cannot meet."""

    def write(python=">=3.11", needs="torch>=2.11", lab="nbformat>=5"):
        (tmp_path / "pyproject.toml").write_text(
            f'[project]\nrequires-python = "{python}"\ndependencies = ["{needs}"]\n'
            f'[project.optional-dependencies]\nlab = ["{lab}"]\ntest = ["no-such-tool>=1"]\n'
        )
        return tmp_path

    return write


def test_an_old_python_is_named(project):
    found = about(doctor._python(project(python=">=9.1")), "Python")
    assert not found.ok
    assert ">=9.1" in found.what
    assert "make" in found.advice


def test_missing_and_old_packages_are_named_with_the_command_to_run(project):
    found = list(doctor._packages(project(needs="torch>=99", lab="no-such-package>=2")))
    torch, missing, tool = found
    have = importlib.metadata.version("torch")
    assert (torch.ok, torch.what) == (False, f"torch {have} (needed: >=99)")
    assert (missing.ok, missing.essential) == (False, True)
    assert missing.what == "no-such-package is not installed (needed: >=2)"
    assert "pip install -r requirements.txt" in missing.advice
    assert (tool.ok, tool.essential) == (False, False)  # a test tool is no reason to stop


def test_without_packaging_versions_are_not_compared_but_shown(project, monkeypatch):
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None)
    torch, *_ = doctor._packages(project(needs="torch>=99"))
    assert torch.ok
    assert "not compared" in torch.what


def test_a_package_of_another_checkout_is_noticed(tmp_path):
    (found,) = doctor._checkout(tmp_path)
    assert not found.ok
    assert str(ROOT) in found.what


def test_a_kernel_that_does_not_start_is_reported(monkeypatch):
    from nbclient import NotebookClient

    def fail(self):
        raise RuntimeError("no such kernel")

    monkeypatch.setattr(NotebookClient, "execute", fail)
    (found,) = doctor.kernel(ROOT)
    assert (found.ok, found.essential) == (False, True)
    assert "no such kernel" in found.what
    assert "ipykernel install" in found.advice


def test_a_kernel_of_another_python_is_reported(monkeypatch):
    monkeypatch.setattr(doctor, "_prefix", lambda executable: "elsewhere")
    (found,) = doctor.kernel(ROOT)
    assert not found.ok


def test_data_that_cannot_be_read_is_reported_with_what_helps(monkeypatch, tmp_path):
    monkeypatch.setenv("TITANS_BOOK_DATA", str(tmp_path))
    (found,) = doctor._data(ROOT)
    assert not found.ok and "cannot be read" in found.what
    assert f"unset TITANS_BOOK_DATA, which says {tmp_path}" in found.advice


def test_changed_data_is_reported(monkeypatch):
    from titans_book.tasks import corpora

    monkeypatch.setattr(corpora, "verify", lambda: ["text/moby_dick.txt.xz is not as recorded"])
    (found,) = doctor._data(ROOT)
    assert not found.ok
    assert "moby_dick" in found.what


def test_a_gpu_is_named(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a big one")
    assert about(doctor._device(ROOT), "GPU").what.startswith("GPU: a big one")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert "Apple" in about(doctor._device(ROOT), "GPU").what


def test_more_threads_than_cores_and_a_full_disk_are_warnings(monkeypatch):
    monkeypatch.setattr(doctor.os, "cpu_count", lambda: 0)
    (threads,) = doctor._threads(ROOT)
    assert (threads.ok, threads.essential) == (False, False) or "1 thread" in threads.what
    monkeypatch.setattr(doctor, "ENOUGH_DISK", 1e12)
    (disk,) = doctor._disk(ROOT)
    assert (disk.ok, disk.essential) == (False, False)


def test_an_examination_that_breaks_becomes_a_finding(tmp_path):
    findings = examine(tmp_path)  # no pyproject.toml here
    broken = about(findings, "examination of the python")
    assert not broken.ok
    assert "FileNotFoundError" in broken.what


def test_the_report_says_what_to_do_and_counts(capsys):
    text = report(
        [
            Finding(True, "all well"),
            Finding(False, "half well", "rest", essential=False),
            Finding(False, "not well", "take this"),
        ]
    )
    assert text.splitlines() == [
        "ok   all well",
        "warn half well",
        "     what to do: rest",
        "BAD  not well",
        "     what to do: take this",
        "1 essential thing(s) to mend.",
    ]


@pytest.mark.parametrize(("ok", "code"), [(True, 0), (False, 1)])
def test_the_exit_code_says_it_too(monkeypatch, capsys, ok, code):
    monkeypatch.setattr(doctor, "examine", lambda: [Finding(ok, "x")])
    assert main(["doctor"]) == code
    assert capsys.readouterr().out


def test_it_runs_when_torch_is_missing(tmp_path):
    """A fresh Python in which importing torch, and all that stands on it, fails."""
    code = (
        "import sys; sys.modules['torch'] = None; from titans_book.cli import main; "
        "sys.exit(main(['doctor']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "examination of the device failed" in done.stdout
