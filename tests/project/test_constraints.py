"""What is installed today can be installed in three years: every version has an upper bound, and
constraints.txt has the exact ones, for every supported Python."""

import os
import re
import sys
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.project.constraints import FILE, OF_A_BUILD, PROJECT, closure, declared, lines
from tests.project.sources import ROOT

BUILD = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
PYTHONS = ("3.11", "3.12", "3.13", "3.14", "3.20")  # the last two: not yet tried, not yet there
PINS = [Requirement(line) for line in FILE.read_text().splitlines() if not line.startswith("#")]
WRITTEN = [line.split("#")[0].strip() for line in (ROOT / "requirements.txt").open()]
LISTED = [Requirement(line) for line in WRITTEN if line and line != "-e ."]


def pins(python: str) -> dict[str, str]:
    """Name and version of every line that this Python takes."""
    found = {}
    for pin in PINS:
        if pin.marker is None or pin.marker.evaluate({"python_version": python}):
            assert pin.name not in found, f"{pin.name} has two lines for Python {python}"
            (exact,) = pin.specifier
            assert exact.operator == "=="
            found[pin.name] = exact.version
    return found


@pytest.mark.parametrize("required", [*declared(), *LISTED, *map(Requirement, BUILD)], ids=str)
def test_every_dependency_has_an_upper_bound(required):
    assert {part.operator for part in required.specifier} & {"<", "~=", "=="}


@pytest.mark.parametrize("name", ["torch", "transformers", "ruff"])
def test_a_minor_release_that_may_change_things_stays_outside(name):
    """The bound is the minor release after the one that was tried."""
    (required,) = [required for required in declared() if required.name == name]
    (bound,) = [part.version for part in required.specifier if part.operator == "<"]
    tried = Version(pins("3.11")[name])
    assert bound == f"{tried.major}.{tried.minor + 1}"


@pytest.mark.parametrize("python", PYTHONS)
def test_every_requirement_has_its_exact_version(python):
    exact = pins(python)
    for required in [*declared(), *LISTED]:
        version = exact[canonicalize_name(required.name)]
        assert required.specifier.contains(version), f"{required} does not allow {version}"


def test_a_later_python_takes_the_lines_of_the_newest():
    assert pins("3.20") == pins("3.14") == pins("3.13")


def test_the_file_fits_every_build_of_torch():
    """No +cpu or +cu130, and nothing that only one build brings."""
    for pin in PINS:
        assert "+" not in str(pin.specifier)
        assert not OF_A_BUILD.match(pin.name)


def test_packages_of_other_systems_are_there():
    assert {"appnope", "colorama", "pywinpty"} <= pins("3.11").keys()


@pytest.mark.skipif(bool(os.environ.get("LATEST")), reason="LATEST=1 installs newer versions")
def test_this_environment_has_these_versions():
    """Direct and transitive; what an extra brings only where it is installed."""
    exact = pins(f"{sys.version_info.major}.{sys.version_info.minor}")
    have = {name: version for name, version in closure().items() if version}
    assert {name: exact.get(name) for name in have} == have


def test_where_pythons_differ_each_has_its_line():
    found = {
        "3.9": {"same": "1", "news": "1", "gone": "1"},
        "3.10": {"same": "1", "news": "1", "gone": "1"},
        "3.11": {"same": "1", "news": "2", "late": "3"},
    }
    assert list(lines(found)) == [
        'gone==1 ; python_version < "3.11"',
        'late==3 ; python_version >= "3.11"',
        'news==1 ; python_version < "3.11"',
        'news==2 ; python_version >= "3.11"',
        "same==1",
    ]


@pytest.mark.parametrize("name", ["README.md", "titans_book/lab/desk/doctor.py"])
def test_every_line_that_installs_names_the_constraints(name):
    commands = re.findall(r"pip install (?!')[^`|&\"]+", (ROOT / name).read_text(encoding="utf-8"))
    assert commands
    for command in commands:
        assert "-c constraints.txt" in command, f"pip install {command}"


def test_make_and_ci_install_with_the_constraints_and_say_what():
    make, ci = ((ROOT / name).read_text() for name in ("Makefile", ".ci/run"))
    for command in re.findall(r"\$\(PIP_INSTALL\) (?:-r|-e) .*", make.split("\nconstraints:")[0]):
        assert "$(EXACT)" in command
    assert "pip install" not in ci and "pip freeze" in ci


def test_make_tries_the_lowest_and_the_newest_transformers():
    """The Makefile reads both bounds from pyproject.toml: they must be where it looks for them."""
    extra = [Requirement(line) for line in PROJECT["optional-dependencies"]["hf"]]
    (required,) = [required for required in extra if required.name == "transformers"]
    pattern = r'"transformers>=([0-9.]*),<([0-9.]*)"'
    (bounds,) = re.findall(pattern, (ROOT / "pyproject.toml").read_text())
    assert {f">={bounds[0]}", f"<{bounds[1]}"} == set(map(str, required.specifier))
