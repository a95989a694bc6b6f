"""A moment in the view that the reader has chosen, out of those that it has."""

from __future__ import annotations

import numpy as np

from titans_book.lab.live.album import Album
from titans_book.lab.live.asking import Asking
from titans_book.lab.live.attention_reading import AttentionReading
from titans_book.lab.live.comparing import Comparison, alike
from titans_book.lab.live.dashboard import Dashboard
from titans_book.lab.live.moments import Moment
from titans_book.lab.live.passage_lines import LINES
from titans_book.lab.live.reading import Reading, places

__all__ = ["Views"]


class Views:
    """Makes readings of moments. matrix: the layer of the memories that is shown.

    limits: how far the colour scale of each kind of picture has grown in this training.
    """

    def __init__(self, face: Dashboard, album: Album, asking: Asking, matrix: int = 0) -> None:
        self.face, self.album, self.asking, self.matrix = face, album, asking, matrix
        self.limits: dict[str, float] = {}

    @property
    def pair(self) -> tuple[Moment, Moment] | None:
        """A and B, if both are kept."""
        held = self.album.held
        return (held["A"], held["B"]) if len(held) == 2 else None

    def choices(self, moment: Moment, newest: bool) -> tuple[tuple[str, ...], ...]:
        """Views, lines and shades of the text that there are for this moment.

        newest: it is the last one, so that the model can be asked about it.
        """
        snapshot = moment.snapshot
        memories = bool(snapshot.memories)
        lines = tuple(
            name for name in LINES
            if (name != "relevance" or (newest and self.asking.can(snapshot)))
            and (memories if name != "bits" else moment.bits is not None)
        )  # fmt: skip
        pair = self.pair is not None and not alike(*self.pair)
        views = ("written", "weights") * memories
        views += ("attention",) * bool(getattr(snapshot, "attentions", ()))
        shades = ("surprise",) + ("cost",) * (moment.bits is not None)
        return views + ("compared",) * pair, lines, shades + ("worth",) * (moment.shut is not None)

    def reading(self, moment: Moment) -> Reading | AttentionReading:
        """The moment in the chosen view, on its scale, its text in the chosen shade."""
        view, block = self.face.views.value, self.block(moment)
        if view == "compared":
            reading = Comparison(*self.pair, matrix=self.matrix)
        elif view == "attention":
            reading = AttentionReading(moment.snapshot, block=block)
        else:
            reading = Reading(moment.snapshot, matrix=self.matrix, view=view, block=block)
        reading.pieces = list(moment.pieces) or reading.pieces
        reading.rescale(self._limit(view, reading.limit))
        self._shade(reading, moment)
        return reading

    def block(self, moment: Moment) -> int | None:
        """The block that was chosen, by its place in the model; None for all."""
        number = self.face.blocks.value
        found = moment.snapshot.memories or moment.snapshot.attentions
        return number if number in {block for block, _ in places(found)} else None

    def _limit(self, view: str, wanted: float) -> float:
        """Where the colour scale ends: as chosen, or as far as it has grown."""
        if self.face.scale.value:
            return self.face.scale.value
        kind = "attention" if view == "attention" else "weights" if view == "weights" else "written"
        self.limits[kind] = max(wanted, self.limits.get(kind, 0.0))
        return self.limits[kind]

    def _shade(self, reading: Reading | AttentionReading, moment: Moment) -> None:
        """The text in another shade than surprise."""
        if self.face.shade.value == "surprise" or isinstance(reading, Comparison):
            return
        if self.face.shade.value == "cost":
            reading.text = "The passage, darker where a token costs more bits"
            reading.surprise = np.nan_to_num(moment.bits)
        else:
            reading.text = "The passage, darker where what the memory wrote saves bits"
            reading.surprise = np.nan_to_num(np.maximum(moment.shut - moment.bits, 0.0))
