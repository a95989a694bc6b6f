"""A JupyterLab on a free port and a headless Chromium, for the tests of this folder.

They are skipped where Playwright or Chromium is missing, with the reason, and never when CI=true.
SCREENSHOTS=folder keeps pictures of what the browser showed.
"""

import importlib.util
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.browser.lab_page import LabPage
from tests.project.sources import ROOT

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def missing() -> str | None:
    """Why the browser tests cannot run here, and what to do; None if they can."""
    if importlib.util.find_spec("playwright") is None:
        return "Playwright is missing: make test EXTRA=browser"
    if not any(map(shutil.which, NAMES)):
        return "no Chromium on the PATH: install the package chromium"
    return None


@contextmanager
def chromium():
    """A headless Chromium; `missing` says whether there can be one."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, NAMES)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def browser():
    if reason := missing():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def project(tmp_path_factory) -> Path:
    """A copy of the notebooks: Lab saves what it runs, and the committed ones must stay."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    return folder


@pytest.fixture(scope="session")
def server(browser, project, tmp_path_factory):
    from titans_book.lab.desk.server import Server

    folder = tmp_path_factory.mktemp("server")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TITANS_BOOK_PROGRESS", str(folder / "progress.json"))
        # What a page shows is tested here. Counting lines would make its kernels a fifth slower.
        patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        with Server("--expose-app-in-browser", folder=project, log=folder / "log") as server:
            yield server


@pytest.fixture(params=["light"])
def lab(request, browser, server, project):
    """A fresh page on a light desktop; parametrize it indirectly with "dark" for a dark one.

    The notebooks are fresh as well: one that Lab saved while a test ran it still shows that test's
    widgets, and their kernel is gone.
    """
    shutil.copytree(ROOT / "notebooks", project / "notebooks", dirs_exist_ok=True)
    context = browser.new_context(
        viewport={"width": 1400, "height": 1000}, color_scheme=request.param
    )
    folder = os.environ.get("SCREENSHOTS")
    yield LabPage(context.new_page(), server, Path(folder) if folder else None)
    context.close()
    for kernel in server.ask("sessions"):
        server.ask(f"sessions/{kernel['id']}", "DELETE")
