"""An environment for each other implementation, made when it is asked for.

Several packages install the same import name, so each has a folder of its own. PyTorch is that of
the environment which runs the benchmark: the same library for all, and no second download.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

PEERS = {
    "titans-pytorch": "titans-pytorch==0.5.5",
    "titans-unofficial": "titans-unofficial==2.0.0",
    "python-titans-miras": "python-titans-miras==0.0.1",
}


def python_of(name: str, folder: Path) -> str:
    """The Python that has the implementation `name`; this one for our own.

    Raises RuntimeError, with pip's last words, if the package cannot be installed.
    """
    if name not in PEERS:
        return sys.executable
    home = folder / name
    python = home / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    if (home / "installed").exists():
        return str(python)
    venv.create(home, with_pip=True, clear=True)
    where = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = subprocess.run(where, check=True, capture_output=True, text=True).stdout.strip()
    Path(site, "shared.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*install, PEERS[name]], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{PEERS[name]} cannot be installed:\n{done.stderr.strip()[-800:]}")
    (home / "installed").touch()
    return str(python)
