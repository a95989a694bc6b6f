"""JupyterLab with the project's own settings: the process behind `make lab`, and a trial run of it.

One place knows how the server is started, so `python -m titans_book lab`, its --check and the
browser tests all talk to the same thing.
"""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from titans_book.lab.desk import doctor
from titans_book.lab.project import ROOT

START_PAGE = "notebooks/00_start_here.ipynb"
START_LIMIT = 90  # seconds until the server has to answer


def command(*options: str) -> list[str]:
    """The command line that serves the project at its first chapter."""
    as_root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    page = f"--LabApp.default_url=/lab/tree/{START_PAGE}"
    return [sys.executable, "-m", "jupyterlab", page, *as_root, *options]


def environment(**more: str) -> dict[str, str]:
    """The process's environment with the project's Lab settings in front of anybody else's."""
    paths = [str(ROOT / ".jupyter"), *filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")])]
    return {**os.environ, "JUPYTER_CONFIG_PATH": os.pathsep.join(dict.fromkeys(paths)), **more}


def serve(*options: str) -> int:
    """Run JupyterLab in the foreground until it is stopped; its exit status.

    Ctrl-C reaches the server as well, which asks whether it is meant; so here it is not the end.
    """
    process = subprocess.Popen(command(*options), cwd=ROOT, env=environment())
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


class Server:
    """A JupyterLab of one's own on a free port, for as long as the `with` block lasts.

    Raises RuntimeError with the end of the server's log if it does not answer in time.
    """

    def __init__(self, *options: str, folder: Path = ROOT, log: Path | None = None):
        self.options, self.folder, self.log = options, folder, log
        self.token = secrets.token_hex(16)

    def __enter__(self) -> "Server":
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        options = ["--no-browser", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={self.port}"]
        options += ["--ServerApp.port_retries=0", *self.options]
        self._output = open(self.log or os.devnull, "wb")  # noqa: SIM115  (open as long as we are)
        self.process = subprocess.Popen(
            command(*options),
            cwd=self.folder,
            env=environment(JUPYTER_TOKEN=self.token),
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )
        try:
            self._until_it_answers()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._output.close()

    def ask(self, path: str, method: str = "GET", body: dict | None = None) -> dict | list:
        """One call of the server's REST interface; the JSON of its answer ({} for none)."""
        request = urllib.request.Request(
            f"{self.url}/api/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self.token}"},
        )
        # A proxy of the environment must not be asked for this machine's own address.
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(request, timeout=30) as answer:
            return json.loads(answer.read() or b"{}")

    def _until_it_answers(self) -> None:
        end = time.monotonic() + START_LIMIT
        while time.monotonic() < end and self.process.poll() is None:
            try:
                self.ask("status")
                return
            except OSError:
                time.sleep(0.2)
        said = self.log.read_text(errors="replace")[-2000:] if self.log else ""
        ended = self.process.poll() is not None
        what = "ended at once" if ended else f"did not answer in {START_LIMIT} s"
        raise RuntimeError(f"JupyterLab {what}. {said}")


def check() -> str:
    """Start the server, fetch the first chapter, stop, run its kernel; what was seen, in words.

    Raises RuntimeError or OSError if any of it does not work.
    """
    begin = time.monotonic()
    with Server() as server:
        served = time.monotonic() - begin
        page = server.ask(f"contents/{START_PAGE}?type=notebook")
    for finding in doctor.kernel(ROOT):
        if not finding.ok:
            raise RuntimeError(f"{finding.what}. {finding.advice}")
    cells = len(page["content"]["cells"])
    return (
        f"JupyterLab answered after {served:.1f} s and served {START_PAGE} ({cells} cells); "
        "its kernel runs"
    )
