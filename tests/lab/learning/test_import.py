"""The first cell of every chapter imports the engine: it has to be light."""

import subprocess
import sys

MOST = 1.0  # seconds of processor time beyond torch; about half of it is matplotlib and ipywidgets
HEAVY = (
    "jupytext",
    "nbformat",
    "jsonschema",
    "IPython.terminal",
    "pandas",
    "scipy",
    "transformers",
)
CODE = """
import sys, time, torch
begin = time.process_time()
import titans_book.lab.learning
print(time.process_time() - begin, *sys.modules)
"""


def fresh() -> tuple[float, set[str]]:
    """Processor time and modules of the import in a new Python."""
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    seconds, *modules = done.stdout.split()
    return float(seconds), set(modules)


def test_importing_the_engine_is_light():
    """The best of three: what a loaded machine adds is not the import's."""
    seconds, modules = fresh()
    assert modules.isdisjoint(HEAVY)
    assert not [name for name in modules if name.startswith("titans_book.lab.editions")]
    assert seconds < MOST or min(fresh()[0] for _ in range(2)) < MOST
