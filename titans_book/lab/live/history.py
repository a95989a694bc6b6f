"""What a training run leaves behind: its losses, and memories enough for a film.

The number of kept memories is bounded. When the shelf is full, every second one goes and from
then on half as many come, so a long run and a short one make films of the same size.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log
from typing import Any

import numpy as np

from titans_book.lab.live.attention_reading import maps
from titans_book.lab.live.reading import films
from titans_book.lab.pictures.player import Player

__all__ = ["History", "Shelf"]


@dataclass
class History:
    """The numbers of a run. `stopped` says that it ended before its last step."""

    steps: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    evaluations: list[tuple[int, float]] = field(default_factory=list)
    saved: list[str] = field(default_factory=list)
    stopped: bool = False

    def held_out(self) -> list[tuple[int, float]]:
        """The evaluations in nats, the unit of `losses`."""
        return [(step, bits * log(2)) for step, bits in self.evaluations]

    def __repr__(self) -> str:
        return f"History: {len(self.steps)} steps{', stopped early' if self.stopped else ''}"


class Shelf:
    """Keeps the memories of every k-th step, at most `room` of them; k doubles when it is full.

    Of a model without memories it keeps the maps of its attention.
    """

    def __init__(self, room: int = 48, matrix: int = 0):
        if room < 2:
            raise ValueError(f"room={room} is too small: a film needs at least 2 frames")
        self.room, self.matrix, self.every, self.kind = room, matrix, 1, "signed"
        self.steps: list[int] = []
        self._kept: list[tuple[np.ndarray, np.ndarray]] = []
        self._seen = 0

    def offer(self, step: int, snapshot: Any) -> None:
        """Keep the memories before and after the passage, if it is this step's turn."""
        self._seen += 1
        if (self._seen - 1) % self.every:
            return
        begin, end = self._ends(snapshot).astype(np.float16)
        self.steps.append(step)
        self._kept.append((begin, end))
        if len(self._kept) > self.room:
            self.steps, self._kept = self.steps[::2], self._kept[::2]
            self.every *= 2

    def _ends(self, snapshot: Any) -> np.ndarray:
        """The pictures before and after the passage, one upon the other."""
        if snapshot.memories:
            return films(snapshot.memories, self.matrix, ends=True)
        self.kind, end = "magnitude", maps(snapshot.attentions)
        return np.stack([np.zeros_like(end), end])

    def film(self, *, alt: str, view: str = "written", **keywords: Any) -> Player:
        """A player over the kept steps; view as in `Reading`."""
        if not self._kept:
            raise ValueError("there is no film yet: no step has brought a snapshot")
        frames = [end - begin if view == "written" else end for begin, end in self._kept]
        captions = [f"step {step}" for step in self.steps]
        look = {"kind": self.kind, **keywords}
        return Player(np.stack(frames).astype(np.float32), captions, alt=alt, **look)
