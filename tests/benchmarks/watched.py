"""Training with and without the live board, interleaved: the part that runs in the notebook."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from statistics import median
from time import monotonic, process_time
from typing import Any

import torch

from titans_book import TitansConfig, TitansLM, TrainingSettings, train
from titans_book.book.ch13.bench import _write, probe
from titans_book.lab.live.board import LiveBoard
from titans_book.tasks import corpora

STEAL = 8  # the column of /proc/stat that counts what other guests of this computer's host took


def begun(steps: int):
    """Chapter 13's first model, and the events of its training."""
    torch.manual_seed(0)
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // 2))  # as the chapter does
    config = TitansConfig("lmm", dim=64, depth=2, heads=2, hidden=128, memory={"chunk": 16})
    settings = TrainingSettings(
        steps=steps, batch=8, length=96, learning_rate=6e-3, evaluate_every=0, save_every=0,
        watch_every=0,
    )  # fmt: skip
    model = TitansLM(config)
    return model, train(model, corpora.tokens(corpora.text("shakespeare")), settings)


def stolen() -> float:
    """Seconds of processor time that were not given to this computer; 0 where nobody counts."""
    counts = Path("/proc/stat")
    if not counts.exists():
        return 0.0
    return int(counts.read_text().split()[STEAL]) / os.sysconf("SC_CLK_TCK")


async def measure(board: LiveBoard, rounds: int, steps: int) -> list[dict[str, Any]]:
    """A row for each round: seconds alone and watched, and what was stolen in either.

    worked: the processor time of this process, watched / alone, which others do not disturb.
    """
    rows = []
    for _ in begun(2)[1]:  # the first steps of a process are slow
        pass
    for _ in range(rounds):
        begin, taken, worked = monotonic(), stolen(), process_time()
        for _ in begun(steps)[1]:
            pass
        alone, taken_alone = monotonic() - begin, stolen() - taken
        worked_alone = process_time() - worked

        begin, taken, worked = monotonic(), stolen(), process_time()
        model, events = begun(steps)
        board.observe_model(model, probe(), write=partial(_write, model))
        await board.run(events)
        watched = monotonic() - begin
        rows.append(
            {
                "alone": alone,
                "watched": watched,
                "worked": (process_time() - worked) / worked_alone,
                "stolen_alone": taken_alone / alone,
                "stolen_watched": (stolen() - taken) / watched,
            }
        )
    return rows


def summary(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Medians over the rounds; the ratio is taken round by round."""
    middle = {name: median(row[name] for row in rows) for name in rows[0]}
    return {"ratio": median(row["watched"] / row["alone"] for row in rows), **middle}
