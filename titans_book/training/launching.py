"""A training in several processes, begun from a notebook cell or a script.

    for entry in launch("runs/two", "--steps", "500", "--batch", "16", processes=2):
        print(entry["step"], entry.get("loss"))

It is `torchrun --nproc-per-node=2 -m titans_book train --out runs/two ...`, followed by its log. A
cell of one process calls `train` itself.
"""

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from titans_book.check import whole
from titans_book.training import log
from titans_book.training.errors import TrainingError

PAUSE = 0.2  # seconds between two looks at the log


def launch(folder: Path | str, *options: str, processes: int = 2) -> Iterator[dict[str, Any]]:
    """Train in so many processes of this machine, and yield the lines of the log as they come.

    options   those of `python -m titans_book train`, but for --out, which is the folder.

    Stop listening and the training stops, with a checkpoint, as by Ctrl-C. Raises TrainingError
    with what was said last if a process fails.
    """
    whole("processes", processes, least=1)
    torchrun = ["torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    command = [sys.executable, "-m", *torchrun, "-m", "titans_book", "train"]
    return _follow([*command, "--out", str(folder), *options], Path(folder))


def _follow(command: list[str], folder: Path) -> Iterator[dict[str, Any]]:
    seen = len(log.read(folder))
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)
        try:
            running = True
            while running:
                running = run.poll() is None
                entries = log.read(folder)
                yield from entries[min(seen, len(entries)) :]
                seen = len(entries)
                time.sleep(PAUSE if running else 0)
            if run.returncode:
                raise TrainingError(f"the training in {folder} failed: {_complaint(said)}")
        finally:
            if run.poll() is None:
                run.send_signal(signal.SIGINT)
                run.wait()


def _complaint(said: IO[str]) -> str:
    """What the processes said of their trouble; torchrun says the rest."""
    said.seek(0)
    lines = [line.strip() for line in said if line.startswith("titans_book train: ")]
    return "; ".join(dict.fromkeys(lines)) or "a process was killed, or could not start"
