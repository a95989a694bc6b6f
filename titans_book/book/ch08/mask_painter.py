"""The mask painter of chapter 08: paint who sees whom, and watch who hears of whom.

A grid of buttons, a row and a column for each of six words. Filled: the row sees the column. Dot:
it hears of it by relay, through further layers with the same mask. Striped: it has not come yet, so
a cell there is a leak. In front stand the columns that nobody paints: persistent tokens, which
every row sees, and memory columns (Titans eq. 22).
"""

from __future__ import annotations

from functools import partial
from typing import Any

import ipywidgets
import torch

from titans_book.book.ch08.mask_drawing import LEAK, RELAY, SEEN, paint, pressed, sheet, side, top
from titans_book.book.ch08.who_sees import WORDS, heard, leaks, spelled
from titans_book.lab.pictures import style
from titans_book.lab.pictures.controls import Panel, menu, slider
from titans_book.lab.pictures.picture import Picture, check_alt, picture
from titans_book.lab.pictures.sheet import status
from titans_book.steps.attention import segment_mask, window_mask

__all__ = ["MaskPainter"]

PATTERNS = ("causal", "window", "segment", "painted by you")
MEMORY = ("none", "up to the row (this book)", "all of its segment (Fig. 3a)")
PLACES = torch.arange(len(WORDS))
ALT = "Mask painter: 36 cells to press, menus for pattern and memory columns, sliders"


class MaskPainter(Panel):
    """A menu for the pattern, sliders for its size, layers and persistent tokens, and 36 cells.

    pattern: one of PATTERNS; size: w or C; memory: one of MEMORY.
    """

    def __init__(
        self,
        *,
        alt: str = ALT,
        pattern: str = "window",
        size: int = 3,
        layers: int = 1,
        persistent: int = 0,
        memory: str = "none",
        dark: bool | None = None,
    ):
        self.dark, count = style.is_dark(dark), len(WORDS)
        self.pattern = menu("pattern", PATTERNS, pattern)
        self.size = slider("w or C", size, 1, count)
        self.layers = slider("layers", layers, 1, 4)
        self.persistent = slider("persistent tokens", persistent, 0, 3)
        self.memory = menu("memory columns", MEMORY, memory)
        self.row = slider("tell me of row", count - 1, 0, count - 1)
        self.cells = [[self._cell(i, j) for j in range(count)] for i in range(count)]
        self.left, self.head, self.words = ipywidgets.HTML(), ipywidgets.HTML(top()), status()
        self.pattern.observe(self._pattern_chosen, "value")
        self.size.observe(self._pattern_chosen, "value")
        for control in (self.layers, self.persistent, self.memory, self.row):
            control.observe(self.repaint, "value")
        menus = ipywidgets.HBox([self.pattern, self.memory])
        menus.layout.flex_flow = "row wrap"
        sliders = [self.size, self.layers, self.persistent]
        super().__init__(
            [sheet(self.dark), menus, *sliders, self._board(), self.row, self.words],
            alt=check_alt(alt),
        )
        self.sees = torch.zeros(count, count, dtype=torch.bool)
        self._pattern_chosen()

    def _cell(self, i: int, j: int) -> ipywidgets.Button:
        made = ipywidgets.Button(layout=ipywidgets.Layout(width="46px", height="30px"))
        made.add_class("titans-cell")
        made.on_click(partial(self._press, i, j))
        return made

    def _board(self) -> ipywidgets.HBox:
        flat = [cell for row in self.cells for cell in row]
        columns = f"repeat({len(WORDS)}, 50px)"
        layout = ipywidgets.Layout(grid_template_columns=columns, grid_gap="0")
        grid = ipywidgets.GridBox(flat, layout=layout)
        board = ipywidgets.HBox([self.left, ipywidgets.VBox([self.head, grid])])
        board.layout.overflow = "auto hidden"
        return board

    def _pattern_chosen(self, _change: Any = None) -> None:
        """Fill the grid with the pattern; what has been painted stays as it is."""
        kind, size = self.pattern.value, self.size.value
        if kind == "causal":
            self.sees = window_mask(PLACES, PLACES, len(WORDS))
        elif kind != "painted by you":
            mask = window_mask if kind == "window" else segment_mask
            self.sees = mask(PLACES, PLACES, size)
        self.repaint()

    def _press(self, i: int, j: int, _button: Any = None) -> None:
        self.sees = self.sees.clone()
        self.sees[i, j] = ~self.sees[i, j]
        self.pattern.value = "painted by you"
        self.row.value = i
        self.repaint()

    @property
    def memories(self) -> torch.Tensor:
        """Which memory columns each row sees; h_j knows what token j says."""
        kind = MEMORY.index(self.memory.value)
        whole = PLACES[:, None] // self.size.value == PLACES // self.size.value
        return (torch.zeros_like(self.sees), self.sees, whole)[kind]

    @property
    def hears(self) -> torch.Tensor:
        """Whom each row hears of, through all layers and memory columns."""
        return heard(self.sees | self.memories, self.layers.value)

    def looks(self) -> list[list[str]]:
        """What each painted cell looks like: seen, heard of by relay, a leak, or nothing."""
        hears = self.hears
        return [[self._look(i, j, bool(hears[i, j])) for j in range(len(WORDS))]
                for i in range(len(WORDS))]  # fmt: skip

    def _look(self, i: int, j: int, hears: bool) -> str:
        if not self.sees[i, j]:
            return "" if not hears else RELAY if j <= i else f"{RELAY} {LEAK}"
        return SEEN if j <= i else f"{SEEN} {LEAK}"

    def repaint(self, _change: Any = None) -> None:
        """Colour every cell, and say what the chosen row sees."""
        for i, row in enumerate(self.looks()):
            for j, look in enumerate(row):
                pressed(self.cells[i][j], look, f"“{WORDS[i]}” and “{WORDS[j]}”")
        shown = self.memories if self.memory.value != MEMORY[0] else None
        self.left.value = side(self.persistent.value, shown)
        self.words.value = f"{self._told()}<br><code>{' '.join(spelled(self.sees))}</code>"

    def _told(self) -> str:
        """The chosen row, and all leaks, in words."""
        i = self.row.value
        seen, hears = self.sees[i], self.hears[i]
        parts = [f"<b>“{WORDS[i]}”</b> sees {_names(seen)}"]
        if self.memories[i].any():
            parts.append(f"the memory's answers to {_names(self.memories[i])}")
        if self.persistent.value:
            parts.append(f"{self.persistent.value} persistent, as every row does")
        relayed = hears & ~seen & ~self.memories[i]
        relayed[i] = False
        told = f"{'; '.join(parts)}. "
        if relayed.any():
            told += f"By relay it also hears of {_names(relayed)}. "
        if (deaf := ~hears & (i >= PLACES)).any():
            but = ", but for what the memory knows" if self.memories[i].any() else ""
            told += f"It hears nothing of {_names(deaf)}{but}. "
        return told + self._leaks()

    def _leaks(self) -> str:
        painted, beside = leaks(self.sees), leaks(self.memories)
        if not painted and not beside:
            return "Nobody sees the future."
        i, j = (painted or beside)[0]
        count = len(painted) + len(beside)
        through = "" if painted else "the memory's answer to "
        return (
            f"<b>{count} leak{'s' * (count > 1)}</b>: “{WORDS[i]}” sees {through}“{WORDS[j]}”, "
            "which has not come yet."
        )

    def told(self) -> str:
        """What is shown now, in words: each row as # (sees), o (hears of by relay) and dots."""
        signs = [["#" if SEEN in look else "o" if look else "." for look in row]
                 for row in self.looks()]  # fmt: skip
        rows = ", ".join(f"{w} {''.join(row)}" for w, row in zip(WORDS, signs, strict=True))
        more = (
            f" {len(leaks(self.memories))} memory cells are leaks." if self.memories.any() else ""
        )
        return (
            f"A row and a column for each word; # is seen and o is heard of by relay: {rows}.{more}"
        )

    def figure(self, *, alt: str | None = None) -> Picture:
        """What is shown now, as a still picture."""
        alt = alt or self.told()
        shown = self.memories if self.memory.value != MEMORY[0] else None
        width = 2.6 + 0.36 * (self.persistent.value + len(WORDS) * (1 + (shown is not None)))
        with picture(alt, width, 2.9, self.dark) as figure:
            paint(figure.subplots(), self.looks(), self.persistent.value, shown, self.dark)
        return figure


def _names(chosen: torch.Tensor) -> str:
    """The words of a row that are chosen."""
    named = [f"“{word}”" for word, one in zip(WORDS, chosen.tolist(), strict=True) if one]
    return " ".join(named) or "nobody"
