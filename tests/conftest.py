"""What every test shares: fixed seeds, and folders of its own for anything that Jupyter writes."""

import importlib.util
import os
import sys
import threading
from pathlib import Path

import hypothesis
import jaxtyping
import pytest

ROOT = Path(__file__).resolve().parents[1]

# The tests' matrices are tiny: a second thread makes them two to five times slower, and more so
# on a busy machine. Set before torch is imported, and handed on to the processes that tests start.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# No test touches the record of the person who runs it.
os.environ["TITANS_BOOK_PROGRESS"] = "off"

# Not a test: a module that closes the network for the process which imports it.
collect_ignore = ["offline"]


def pytest_configure(config):
    """The docstrings of an extra that is not installed are left out: nothing can import them."""
    if importlib.util.find_spec("transformers") is None:
        path = ROOT / "titans_book" / "huggingface"
        config.option.ignore = [*(config.option.ignore or []), str(path)]


# The same examples on every machine and no time limit an example, so that a red run can be
# repeated. Look for new ones with: pytest --hypothesis-profile=explore
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=500)
hypothesis.settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the checkout."""
    return ROOT


@pytest.fixture(autouse=True)
def fixed_seed():
    """Every test starts from the same random state."""
    import torch

    torch.manual_seed(0)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """A test with the mark `bare`, its fixtures and the processes that it starts run as a reader's
    code does: neither type-checked nor traced, which makes a long loop in Python two to five times
    slower. What it runs is checked and traced where shorter tests run it; `bare(traced=True)` is
    for those that alone run some lines."""
    mark = item.get_closest_marker("bare")
    if mark is None:
        return (yield)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jaxtyping.config, "jaxtyping_disable", True)
        if mark.kwargs.get("traced"):
            return (yield)
        for variable in ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START"):
            patch.delenv(variable, raising=False)
        here, in_threads = sys.gettrace(), threading.gettrace()
        sys.settrace(None)
        threading.settrace(None)
        try:
            return (yield)
        finally:
            threading.settrace(in_threads)
            sys.settrace(here)


@pytest.fixture
def as_people_call_it(monkeypatch):
    """Without the tests' type checker, which refuses wrong types before the package can."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@pytest.fixture(autouse=True, scope="session")
def jupyter_in_a_temporary_folder(tmp_path_factory):
    """Kernels and servers of the tests leave nothing in the home folder of whoever runs them."""
    folder = tmp_path_factory.mktemp("jupyter")
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(variable, str(folder / variable.lower()))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        yield folder


def pytest_collection_modifyitems(items):
    """The browser tests come last: Playwright keeps an event loop running until the session ends,
    and a test that wants one of its own could not start it."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
