"""After the install nothing needs the network.

The guard of tests/offline is shown to hold, and a chapter runs behind it. (`make test` runs all
notebooks behind it.)
"""

import os
import subprocess
import sys

import nbformat
import pytest

from tests.project.sources import ROOT
from titans_book.lab.editions.building import execute
from titans_book.lab.editions.editions import LEARNER, derive, masters, target

GUARD = str(ROOT / "tests" / "offline")
OUTSIDE = "192.0.2.1"  # an address of RFC 5737: reserved for documents, nobody has it


@pytest.fixture
def offline(monkeypatch):
    """Every Python process started from here on refuses the network."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([GUARD, os.environ.get("PYTHONPATH", "")]))


def run(code: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize(
    "attempt",
    [
        f"socket.create_connection(('{OUTSIDE}', 80), timeout=1)",
        f"socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('{OUTSIDE}', 53))",
        "socket.getaddrinfo('example.org', 443)",
        "socket.gethostbyname('example.org')",
        "urllib.request.urlopen('http://example.org', timeout=1)",
    ],
)
def test_the_guard_refuses_the_outside(offline, attempt):
    done = run(f"import socket, urllib.request; {attempt}")
    assert done.returncode != 0
    assert "the network is blocked in this test" in done.stderr


def test_the_guard_lets_this_machine_talk_to_itself(offline):
    code = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    with socket.create_connection(("localhost", server.getsockname()[1]), timeout=5):
        print("connected")
"""
    assert run(code).stdout == "connected\n"


def test_a_chapter_runs_without_the_network(offline):
    master = masters()[0]
    notebook = derive(master, LEARNER)
    guarded = nbformat.v4.new_code_cell("import sitecustomize; print(sitecustomize.WATCHED)")
    notebook.cells.append(guarded)
    execute(notebook, target(master, LEARNER))  # raises where a cell fails
    assert "socket.connect" in guarded.outputs[0].text
