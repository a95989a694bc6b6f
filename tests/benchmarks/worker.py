"""One process, one implementation, one piece of work: `python worker.py NAME '{"time": 512}'`.

Says {"base_mb"} when it is ready. Then, for every line "forward" or "forward+backward" that it
reads, it runs once and says {"seconds", "peak_mb"}: processor time of one thread, and the most
memory so far over what the process had before the first run.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

import torch  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.benchmarks.implementations import IMPLEMENTATIONS, Work  # noqa: E402


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(module, inputs, mode: str) -> None:
    if mode == "forward":
        with torch.no_grad():
            module(*inputs)
        return
    y = module(*inputs)
    (y[0] if isinstance(y, tuple) else y).square().mean().backward()
    for x in [*inputs, *(module.parameters() if isinstance(module, torch.nn.Module) else ())]:
        x.grad = None


def main(name: str, work: str) -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    module, inputs = IMPLEMENTATIONS[name](Work(**json.loads(work)))
    base = megabytes()
    print(json.dumps({"base_mb": base}), flush=True)
    for line in sys.stdin:
        start = time.process_time()
        run(module, inputs, line.strip())
        seconds = time.process_time() - start
        print(json.dumps({"seconds": seconds, "peak_mb": megabytes() - base}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
