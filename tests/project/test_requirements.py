"""One list of packages: what is installed, what is declared and what is imported agree."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.project.sources import ROOT, imports, python_files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
DECLARED = [Requirement(line) for line in PROJECT["dependencies"] + EXTRAS["lab"] + EXTRAS["test"]]
TEXT = (ROOT / "requirements.txt").read_text()
LINES = [line.split("#")[0].strip() for line in TEXT.splitlines()]
LISTED = {
    canonicalize_name(required.name): required
    for required in map(Requirement, (line for line in LINES if line and line != "-e ."))
}
OWN = {"titans_book", "tests", "conftest"}


def name_of(required: Requirement) -> str:
    return canonicalize_name(required.name)


def test_both_files_name_the_same_packages():
    assert sorted(LISTED) == sorted(name_of(required) for required in DECLARED)


def test_requirements_end_with_the_package_itself():
    assert [line for line in LINES if line][-1] == "-e ."


@pytest.mark.parametrize("declared", DECLARED, ids=name_of)
def test_what_requirements_install_satisfies_pyproject(declared):
    """The lowest version that requirements.txt lets in is not too low for pyproject.toml."""
    listed = LISTED[name_of(declared)]
    lowest = [part.version for part in listed.specifier if part.operator in ("~=", ">=", "==")]
    assert lowest, f"{listed} has no lower bound"
    assert declared.specifier.contains(lowest[0]), f"{listed} lets in less than {declared}"


@pytest.mark.parametrize("listed", LISTED.values(), ids=name_of)
def test_the_environment_of_this_run_is_the_listed_one(listed):
    assert listed.specifier.contains(importlib.metadata.version(listed.name), prereleases=True)


def test_torch_has_an_upper_bound_and_no_local_version():
    """Without the bound pip may take a newer torch with gigabytes of CUDA; no index has `+cpu`."""
    torch = LISTED["torch"]
    assert {part.operator for part in torch.specifier} & {"~=", "==", "<"}
    assert "+" not in str(torch.specifier)


def test_conda_installs_the_same_list():
    """environment.yml adds Python and pip; every version stays in the two files of pip."""
    text = (ROOT / "environment.yml").read_text()
    entries = re.findall(r"^\s*- (?!pip:)(.+)$", text.split("dependencies:")[1], re.MULTILINE)
    python, *rest = entries
    assert rest == ["pip", "-r requirements.txt", "-c constraints.txt"]
    version = re.fullmatch(r"python=(\d+\.\d+)", python).group(1)
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(version)
    assert "pytorch" not in text.split("dependencies:")[0].split("channels:")[1]


PEERS = {"titans-pytorch", "titans-miras", "titans"}  # installed by the benchmark, on demand


def test_every_import_is_listed():
    distributions = importlib.metadata.packages_distributions()
    allowed = set(LISTED)
    extras = {
        part: {name_of(Requirement(line)) for line in EXTRAS[extra]}
        for part, extra in (("browser", "browser"), ("huggingface", "hf"))
    }
    missing = []
    for path in python_files():
        names = {*path.parts, path.stem.removeprefix("test_")}
        here = allowed.union(*(extra for part, extra in extras.items() if part in names))
        here = here | PEERS if "benchmarks" in path.parts else here
        for line, name in imports(path):
            top = name.split(".")[0]
            if top in sys.stdlib_module_names or top in OWN:
                continue
            owners = {canonicalize_name(owner) for owner in distributions.get(top, [top])}
            if not owners & here:
                missing.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    assert not missing


def test_every_listed_package_is_used():
    """A requirement that nothing imports needs to be a tool that a command starts."""
    tools = {"jupyterlab", "ipykernel", "nbval", "coverage", "ruff", "beartype", "einops"}
    tools |= {"pytest-xdist", "codespell"}
    distributions = importlib.metadata.packages_distributions()
    tops = {name.split(".")[0] for path in python_files() for _, name in imports(path)}
    used = {canonicalize_name(owner) for top in tops for owner in distributions.get(top, [])}
    assert set(LISTED) - used - tools == set()


def test_without_the_extras_their_tests_are_left_out():
    """`make test` installs requirements.txt alone; CI installs the extras as well."""
    extras = dict.fromkeys(("accelerate", "playwright", "transformers"))
    rooms = ["titans_book", "tests/browser", "tests/huggingface"]
    arguments = [*rooms, "--collect-only", "-q", "-o", "addopts=--doctest-modules"]
    code = f"import sys, pytest; sys.modules.update({extras}); sys.exit(pytest.main({arguments}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "titans_book/model/generation.py::" in done.stdout and "huggingface" not in done.stdout
