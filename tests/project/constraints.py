"""constraints.txt: the exact version of everything that is installed, direct and transitive.

    python -m tests.project.constraints            # prints what this environment has
    python -m tests.project.constraints A B ...    # writes the file from what the Pythons A, B have

`make constraints` makes the environments first. Where the Pythons differ, a package has a line for
each, with a marker; the newest Python's line serves all later ones. A build of torch brings
packages of its own (CUDA, triton) and a suffix such as +cpu: neither is in the file, so that it
fits every build.
"""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.project.sources import ROOT

FILE = ROOT / "constraints.txt"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OF_A_BUILD = re.compile(r"nvidia-|cuda-|triton$|pytorch-triton")  # they come with torch, or do not

# What markers ask on the systems that the environments of `make constraints` do not run on.
ELSEWHERE = (
    {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
)
HEAD = """\
# The exact versions that were tried together: everything that requirements.txt and the extras of
# pyproject.toml install, direct and transitive. Written by `make constraints`; do not edit.
# A Python newer than the newest that is named here takes the newest one's lines.
"""


def declared() -> list[Requirement]:
    """Every direct dependency, those of all extras included."""
    extras = PROJECT["optional-dependencies"].values()
    return [Requirement(line) for line in sum(extras, PROJECT["dependencies"])]


def needed(required: Requirement, **system: str) -> Iterator[Requirement]:
    """What an installed package asks for itself, on this system or another."""
    for extra in {"", *required.extras}:
        for line in importlib.metadata.requires(required.name) or []:
            part = Requirement(line)
            if part.marker is None or part.marker.evaluate({"extra": extra, **system}):
                yield part


def closure(**system: str) -> dict[str, str | None]:
    """Name and version of everything that belongs to us; None for what is not installed."""
    found, todo, seen = {}, declared(), set()
    while todo:
        required = todo.pop()
        name = canonicalize_name(required.name)
        if OF_A_BUILD.match(name) or (name, frozenset(required.extras)) in seen:
            continue
        seen.add((name, frozenset(required.extras)))
        try:
            found[name] = Version(importlib.metadata.version(name)).public
            todo += needed(required, **system)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def here() -> dict[str, str]:
    """What this environment has; for another system's packages, the newest version there is."""
    found = closure()
    for system in ELSEWHERE:
        for name in closure(**system).keys() - found.keys():
            ask = [sys.executable, "-m", "pip", "index", "versions", name]
            answer = subprocess.run(ask, capture_output=True, text=True, check=True).stdout
            found[name] = re.search(r"\((.+)\)", answer).group(1)
    return {name: version for name, version in sorted(found.items()) if version}


def lines(found: dict[str, dict[str, str]]) -> Iterator[str]:
    """The file's lines, from what each Python has; one line where all agree."""
    pythons = sorted(found, key=Version)
    for name in sorted(set().union(*found.values())):
        start = 0
        for stop in range(1, len(pythons) + 1):
            version = found[pythons[start]].get(name)
            if stop < len(pythons) and found[pythons[stop]].get(name) == version:
                continue
            since = [f'python_version >= "{pythons[start]}"'] if start else []
            until = [f'python_version < "{pythons[stop]}"'] if stop < len(pythons) else []
            marker = " and ".join(since + until)
            if version is not None:
                yield f"{name}=={version}" + (f" ; {marker}" if marker else "")
            start = stop


def main(environments: list[str]) -> None:
    """Print this environment, or write the file."""
    if not environments:
        print(*(f"{name}=={version}" for name, version in here().items()), sep="\n")
        return
    found = {}
    for python in environments:
        ask = "import sys; print('%d.%d' % sys.version_info[:2])"
        of = [python, "-c", ask], [python, "-m", "tests.project.constraints"]
        version, listed = (
            subprocess.run(ask, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
            for ask in of
        )
        found[version.strip()] = dict(line.split("==") for line in listed.split())
    FILE.write_text(HEAD + "\n".join(lines(found)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
