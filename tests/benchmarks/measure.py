"""Several implementations side by side: interleaved runs, medians, ratios."""

from __future__ import annotations

import json
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.benchmarks.implementations import Work
from tests.benchmarks.peers import python_of

WORKER = Path(__file__).with_name("worker.py")


class Worker:
    """A process that runs one implementation when it is told to."""

    def __init__(self, name: str, work: Work, python: str) -> None:
        command = [python, str(WORKER), name, json.dumps(work._asdict())]
        pipe = subprocess.PIPE
        self.name = name
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        self._answer()

    def run(self, mode: str) -> dict[str, float]:
        """One run: seconds and peak_mb."""
        self.process.stdin.write(mode + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, float]:
        """The next line of numbers. What a package prints besides is passed over."""
        for line in self.process.stdout:
            if line.startswith('{"'):
                return json.loads(line)
        raise RuntimeError(f"{self.name} stopped:\n{self.process.stderr.read()[-1500:]}")

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()
        self.process.stderr.close()


@dataclass(frozen=True)
class Result:
    """Medians of one implementation, and its time over that of the first, run by run."""

    name: str
    seconds: float
    peak_mb: float
    ratio: float


def side_by_side(
    pieces: dict[str, Work], mode: str, runs: int, folder: Path = Path()
) -> list[Result]:
    """Run every implementation `runs` times in turn, after one run that does not count.

    pieces: implementation -> its work; the first is the one that ratios are taken to.
    """
    with ExitStack() as stack:
        workers = []
        for name, work in pieces.items():
            workers.append(Worker(name, work, python_of(name, folder)))
            stack.callback(workers[-1].close)
        for worker in workers:
            worker.run(mode)
        rows = [[worker.run(mode) for worker in workers] for _ in range(runs)]
    return [
        Result(
            name,
            median(row[i]["seconds"] for row in rows),
            rows[-1][i]["peak_mb"],
            median(row[i]["seconds"] / row[0]["seconds"] for row in rows),
        )
        for i, name in enumerate(pieces)
    ]
