"""The tests of compiling.py, in a process without the type checker."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.bare(traced=True)


def test_the_compiled_memory(root):
    command = [sys.executable, "-m", "pytest", "-q", "--show-capture=no", "-p", "no:cacheprovider"]
    plain = ["-o", "addopts=--import-mode=importlib", "tests/memory/compiling.py"]
    done = subprocess.run(command + plain, cwd=root, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "passed" in done.stdout
