"""Training with and without the live board, interleaved: the part that runs in the notebook."""

from __future__ import annotations

import os
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any

import torch

from titans_book import TitansConfig, TitansLM, TrainingSettings, train
from titans_book.lab.live.board import LiveBoard
from titans_book.tasks import corpora

STEAL = 8  # the column of /proc/stat that counts what other guests of this computer's host took


def events(steps: int):
    """A training of chapter 13's first model."""
    torch.manual_seed(0)
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // 2))  # as the chapter does
    config = TitansConfig("lmm", dim=64, depth=2, heads=2, hidden=128, memory={"chunk": 16})
    settings = TrainingSettings(
        steps=steps, batch=8, length=96, learning_rate=6e-3, evaluate_every=0, save_every=0
    )
    return train(TitansLM(config), corpora.tokens(corpora.text("shakespeare")), settings)


def stolen() -> float:
    """Seconds of processor time that were not given to this computer; 0 where nobody counts."""
    counts = Path("/proc/stat")
    if not counts.exists():
        return 0.0
    return int(counts.read_text().split()[STEAL]) / os.sysconf("SC_CLK_TCK")


async def measure(board: LiveBoard, rounds: int, steps: int) -> list[dict[str, Any]]:
    """A row for each round: seconds alone and watched, and what was stolen in either."""
    rows = []
    for _ in events(2):  # the first steps of a process are slow
        pass
    for _ in range(rounds):
        begin, taken = monotonic(), stolen()
        for _ in events(steps):
            pass
        alone, taken_alone = monotonic() - begin, stolen() - taken

        begin, taken = monotonic(), stolen()
        await board.run(events(steps))
        watched = monotonic() - begin
        rows.append(
            {
                "alone": alone,
                "watched": watched,
                "stolen_alone": taken_alone / alone,
                "stolen_watched": (stolen() - taken) / watched,
            }
        )
    return rows


def summary(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Medians over the rounds; the ratio is taken round by round."""
    middle = {name: median(row[name] for row in rows) for name in rows[0]}
    return {"ratio": median(row["watched"] / row["alone"] for row in rows), **middle}
