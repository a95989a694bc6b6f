"""What is wrong with this environment, in plain words, and what to do about it.

    python -m titans_book doctor

Each examination is a small function that returns findings. None of them may raise: the doctor is
called when things are broken, so it imports nothing beyond the standard library before it has
looked whether that is there.
"""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from titans_book.lab.project import ROOT

INSTALL = f"{Path(sys.executable).name} -m pip install -r requirements.txt -c constraints.txt"
ENOUGH_DISK = 1.0  # GB for checkpoints and training films


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: good or not, what was seen, and what to do if it is not.

    A finding that is not good and not essential is a warning: the book works, with less.
    """

    ok: bool
    what: str
    advice: str = ""
    essential: bool = True


def examine(root: Path = ROOT) -> list[Finding]:
    """Every finding, in the order a repair would go: Python, packages, kernel, data, machine."""
    looks: list[Callable[[Path], Iterator[Finding]]] = [
        _python,
        _packages,
        _checkout,
        kernel,
        _data,
        _device,
        _threads,
        _disk,
    ]
    return [finding for look in looks for finding in _safely(look, root)]


def _safely(look: Callable[[Path], Iterator[Finding]], root: Path) -> list[Finding]:
    try:
        return list(look(root))
    except Exception as error:  # a broken package can raise anything when it is touched
        name = look.__name__.strip("_")
        what = f"the examination of the {name} failed: {type(error).__name__}: {error}"
        return [Finding(False, what, f"repair the installation: {INSTALL}")]


def _project(root: Path) -> dict:
    with open(root / "pyproject.toml", "rb") as file:
        return tomllib.load(file)["project"]


def _python(root: Path) -> Iterator[Finding]:
    needed = _project(root)["requires-python"]
    have = sys.version.split()[0]
    least = tuple(int(part) for part in re.findall(r"\d+", needed))
    advice = f"install a Python {needed}, then: make clean && make PYTHON=/path/to/it lab"
    yield Finding(sys.version_info >= least, f"Python {have} (needed: {needed})", advice)
    own = sys.prefix != sys.base_prefix or "CONDA_PREFIX" in os.environ
    where = f"environment {sys.prefix}"
    yield Finding(own, where, "better use an environment of its own: make lab makes one", False)


def _packages(root: Path) -> Iterator[Finding]:
    project = _project(root)
    for essential, lines in (
        (True, project["dependencies"] + project["optional-dependencies"]["lab"]),
        (False, project["optional-dependencies"]["test"]),
    ):
        for line in lines:
            yield _package(line, essential)


def _package(line: str, essential: bool) -> Finding:
    name, wanted = re.fullmatch(r"([\w.-]+)\s*(.*)", line).groups()
    try:
        have = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Finding(False, f"{name} is not installed (needed: {wanted})", INSTALL, essential)
    if importlib.util.find_spec("packaging") is None:
        return Finding(True, f"{name} {have} (not compared with {wanted}: packaging is missing)")
    from packaging.specifiers import SpecifierSet

    ok = SpecifierSet(wanted).contains(have, prereleases=True)
    return Finding(ok, f"{name} {have} (needed: {wanted})", INSTALL, essential)


def _checkout(root: Path) -> Iterator[Finding]:
    import titans_book

    here = Path(titans_book.__file__).resolve().parents[1]
    what = f"titans_book is imported from {here}"
    advice = "run from the clone: python -m pip install -e . -c constraints.txt"
    yield Finding(here == root, what, advice)


def kernel(_: Path) -> Iterator[Finding]:
    """The kernel that the notebooks name must start and must be this Python."""
    import nbformat
    from nbclient import NotebookClient

    cell = nbformat.v4.new_code_cell("import sys; print(sys.executable)")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    quiet = ["--log-level=ERROR"]
    client = NotebookClient(notebook, kernel_name="python3", timeout=60, extra_arguments=quiet)
    try:
        client.execute()
    except Exception as error:
        what = f"the kernel 'python3' does not start: {type(error).__name__}: {error}"
        yield Finding(False, what, f"{sys.executable} -m ipykernel install --sys-prefix")
        return
    runs = cell.outputs[0]["text"].strip()
    ok = Path(runs).resolve() == Path(sys.executable).resolve() and _prefix(runs) == sys.prefix
    advice = f"this Python is {sys.executable}: {sys.executable} -m ipykernel install --sys-prefix"
    yield Finding(ok, f"the notebooks' kernel 'python3' starts and runs {runs}", advice)


def _prefix(executable: str) -> str:
    ask = [executable, "-c", "import sys; print(sys.prefix)"]
    return subprocess.run(ask, capture_output=True, text=True, timeout=60).stdout.strip()


def _data(_: Path) -> Iterator[Finding]:
    from titans_book.tasks import corpora

    try:
        problems = corpora.verify()
        what = f"every file of {corpora.data_folder()} has its recorded hash"
    except Exception as error:  # a damaged manifest can hold anything
        problems = [f"the texts cannot be read: {type(error).__name__}: {error}"]
    mend = "restore the files: git checkout -- data"
    if own := os.environ.get("TITANS_BOOK_DATA"):
        mend += f"; or unset TITANS_BOOK_DATA, which says {own}"
    yield Finding(not problems, "; ".join(problems) or what, mend)


def _device(_: Path) -> Iterator[Finding]:
    import torch

    if torch.cuda.is_available():
        yield Finding(True, f"GPU: {torch.cuda.get_device_name()} (CUDA {torch.version.cuda})")
    elif torch.backends.mps.is_available():
        yield Finding(True, "GPU: Apple (mps); the book computes on the CPU here")
    else:
        yield Finding(True, "GPU: none; everything in the book also runs on a CPU")


def _threads(_: Path) -> Iterator[Finding]:
    import torch

    cores, threads = os.cpu_count() or 1, torch.get_num_threads()
    what = f"torch computes with {threads} thread(s) on {cores} core(s)"
    advice = "more threads than cores are slow: unset OMP_NUM_THREADS, or set it to the cores"
    yield Finding(threads <= cores, what, advice, False)


def _disk(root: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(root).free / 1e9
    what = f"{free:.1f} GB of disk are free at {root}"
    advice = f"training runs want about {ENOUGH_DISK:.0f} GB: make room, or use train --out"
    yield Finding(free >= ENOUGH_DISK, what, advice, False)


def report(findings: list[Finding]) -> str:
    """The findings as lines of text, and a last line that sums them up."""
    lines = []
    for finding in findings:
        mark = "ok  " if finding.ok else "BAD " if finding.essential else "warn"
        lines.append(f"{mark} {finding.what}")
        if not finding.ok and finding.advice:
            lines.append(f"     what to do: {finding.advice}")
    bad = sum(not finding.ok and finding.essential for finding in findings)
    lines.append(
        f"{bad} essential thing(s) to mend." if bad else "Everything essential is in order."
    )
    return "\n".join(lines)
