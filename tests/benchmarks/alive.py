"""Does a memory stay alive? A million tokens of five streams, then eight pairs to remember.

    python -m tests.benchmarks.alive [--tokens 1000000] [--depth 1 2 4] [--stream text ...]
                                     [--retention initial] [--json FILE]

For each stream and depth: how many bits of eight fresh pairs, written once after the stream, are
recalled, beside a fresh memory's; and the time a token of the last 16k tokens beside the first 16k.
A memory that ages recalls less; one whose numbers become subnormal gets slower.
"""

import argparse
import json
from pathlib import Path

import torch

from titans_book.evaluation.aging import STREAMS, age
from titans_book.memory import NeuralMemory


def shown(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, default=1_000_000)
    parser.add_argument("--depth", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--stream", nargs="+", choices=STREAMS, default=STREAMS)
    parser.add_argument("--retention", default="initial")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for depth in options.depth:
        for kind in options.stream:
            torch.manual_seed(0)
            memory = NeuralMemory(64, depth=depth, retention=options.retention)
            row = dict(depth=depth, stream=kind, **age(memory, kind, options.tokens))
            print("  ".join(f"{name} {shown(value)}" for name, value in row.items()), flush=True)
            rows.append(row)
    if options.json:
        about = {"tokens": options.tokens, "retention": options.retention}
        about |= {"torch": torch.__version__, "rows": rows}
        options.json.write_text(json.dumps(about, indent=1) + "\n")


if __name__ == "__main__":
    main()
