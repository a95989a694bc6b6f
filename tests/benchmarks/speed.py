"""How fast is it? `python -m tests.benchmarks.speed`, from the root of the project.

    --quick          two small comparisons in a minute, without installing anything
    --json FILE      also write the record that chapter 06 draws (notebooks/records/speed_cpu.json)
    --envs FOLDER    where the other packages' environments go (default: .titans_book/benchmarks)

The same work side by side: every implementation in a process of its own, one thread, processor
time, runs interleaved, medians. Times of two computers cannot be compared; the ratios can. Which
peer computes the same function, and which another one, stands in the column "work".
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from tests.benchmarks import floor
from tests.benchmarks.implementations import Work
from tests.benchmarks.measure import Result, side_by_side
from tests.benchmarks.peers import PEERS
from tests.benchmarks.stream import DEPTHS

Row = dict[str, Any]
MODES = ("forward", "forward+backward")
SHORT, LONG = Work(), Work(time=2048)
SAME, COARSE = "gates per token, gradients every 64 tokens", "one set of gates for 64 tokens"
PLACE = "{name:34} {tokens:>9,} tokens {microseconds_per_token:>9.1f} us/token {peak_mb:>6.0f} MB"
ROW = "{name:34} {work:46} {mode:17} {tokens_per_second:>9,.0f} tok/s {ratio:>8.2f} x"


def comparisons() -> Iterator[tuple[str, dict[str, Work], int]]:
    """(what the others do, implementations with ours first, runs)."""
    mine = "titans_book"
    yield (
        f"{SAME}, 512 tokens",
        {
            mine: SHORT,
            "titans-pytorch": SHORT,
            "python-titans-miras": SHORT,
            "token loop": SHORT,
        },
        5,
    )
    yield f"{SAME}, 2,048 tokens", {mine: LONG, "titans-pytorch": LONG}, 2
    coarse = LONG._replace(gates_per=64)
    yield f"{COARSE}, 2,048 tokens", {mine: LONG, "titans-pytorch": coarse}, 5
    square = SHORT._replace(expansion=1)
    yield (
        "gradients at every token, 512 tokens; ours every 64",
        {mine: square, "titans-unofficial": square},
        3,
    )
    online = square._replace(chunk=1)
    yield (
        "gradients at every token, 512 tokens; ours too",
        {mine: online, "titans-unofficial": square},
        3,
    )
    yield f"{SAME}, 2,048 tokens, compiled", {mine: LONG, "titans_book compiled": LONG}, 9


def quick() -> Iterator[tuple[str, dict[str, Work], int]]:
    small = Work(time=128, dim=16, chunk=16)
    yield "gates per token, 128 tokens", {"titans_book": small, "token loop": small}, 3


def compare(what: str, pieces: dict[str, Work], runs: int, folder: Path) -> Iterator[Row]:
    """A row for every implementation but the first, and both modes."""
    for mode in MODES:
        first, *others = side_by_side(pieces, mode, runs, folder)
        work = next(iter(pieces.values()))
        for other in others:
            yield row_of(first, other, what, mode, work.batch * work.time)


def row_of(first: Result, other: Result, what: str, mode: str, tokens: int) -> Row:
    version = PEERS.get(other.name, other.name).replace("==", " ")
    return {
        "name": version,
        "work": what,
        "mode": mode,
        "tokens_per_second": tokens / other.seconds,
        "ours_tokens_per_second": tokens / first.seconds,
        "ratio": other.ratio,
        "memory_mb": other.peak_mb,
        "ours_memory_mb": first.peak_mb,
        "memory_ratio": other.peak_mb / first.peak_mb if first.peak_mb >= 1 else None,
    }


def lengths(most: int) -> Iterator[Row]:
    """Time a token and memory from 1k tokens on, by factors of four; attention as far as 64k."""
    script = str(Path(__file__).with_name("stream.py"))
    for name in (*DEPTHS, "attention"):
        tokens = 1024
        while tokens <= (min(most, 2**16) if name == "attention" else most):
            done = subprocess.run(
                [sys.executable, script, name, str(tokens)], capture_output=True, text=True
            )
            if done.returncode:
                raise RuntimeError(f"{name}, {tokens} tokens:\n{done.stderr[-1500:]}")
            yield json.loads(done.stdout.splitlines()[-1])
            tokens *= 4


def device() -> str:
    """The processor by its name, where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return (names or [platform.processor() or platform.machine()])[0]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Compare the speed of implementations.")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--envs", type=Path, default=Path(".titans_book/benchmarks"))
    chosen = parser.parse_args(arguments)

    record: dict[str, Any] = {
        "device": device(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "command": "python -m tests.benchmarks.speed",
        "seed": 0,
        "threads": 1,
        "peers": [],
        "lengths": [],
    }
    for comparison in quick() if chosen.quick else comparisons():
        for row in compare(*comparison, chosen.envs):
            record["peers"].append(row)
            print(ROW.format(**row), flush=True)
    keep(record, chosen.json)
    for row in lengths(4096 if chosen.quick else 2**20):
        record["lengths"].append(row)
        print(PLACE.format(**row), flush=True)
    record["floor"] = floor.measure(runs=2 if chosen.quick else 15)
    for row in record["floor"]:
        print("{name:34} {mode:17} {share:.0%} of the matrix products alone".format(**row))
    keep(record, chosen.json)


def keep(record: Row, path: Path | None) -> None:
    if path is not None:
        path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
