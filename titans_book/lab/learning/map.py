"""The map of the book as live memory: each part of it that you write is written into it.

The write rate theta of a chapter's tile is the share of its exercises that have passed, so the map
fills while you work. Chapter 00 shows the same map as a still picture.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from html import escape
from typing import Any
from weakref import WeakKeyDictionary

import ipywidgets
import numpy as np

from titans_book.lab.learning import book_map as book
from titans_book.lab.learning.progress import Progress, progress
from titans_book.lab.learning.standing import ChapterStanding, standing, told
from titans_book.lab.pictures import style
from titans_book.lab.pictures.controls import Panel
from titans_book.lab.pictures.picture import Picture
from titans_book.lab.pictures.sheet import sheet, status
from titans_book.lab.pictures.widgets import Heatmap

__all__ = ["ProgressMap", "progress_map"]

ALT = "The map of the book, a memory that fills with the parts you write"
KEPT = 4  # maps of one record that are kept up to date

# Running a cell again makes a new map and leaves the old one behind, where nobody sees it. So each
# record has one listener, for the newest few maps; one that falls out is closed.
_maps: WeakKeyDictionary[Progress, deque[ProgressMap]] = WeakKeyDictionary()


def _hang(map: ProgressMap, record: Progress) -> None:
    """Let the record repaint this map, and close the oldest one if there are too many."""
    if record not in _maps:
        _maps[record] = shown = deque()
        record.observe(lambda: [one.repaint() for one in list(shown)])
    _maps[record].append(map)
    if len(_maps[record]) > KEPT:
        _maps[record][0].close()


def _names(chapters: Iterable[book.Chapter]) -> str:
    return ", ".join(f"{chapter.number} {escape(chapter.short)}" for chapter in chapters)


def _line(one: ChapterStanding) -> str:
    """A chapter that was begun: how many of its parts have passed, and each of them."""
    total = len(one.tasks)
    return (
        f"<div>{one.chapter.number} {escape(one.chapter.short)}: {one.passed} of {total} parts"
        f"{' ✓' if one.passed == total else ''}{f', {one.kept} kept' if one.kept else ''}</div>"
        f'<div class="tasks">{", ".join(escape(str(task)) for task in one.tasks)}</div>'
    )


class ProgressMap(Panel):
    """The map, and a line for each chapter that was begun. It repaints itself when a check passes.

    record: None for this session's own. `close` takes it off the page and off the record.
    """

    def __init__(self, record: Progress | None = None, *, dark: bool | None = None):
        self.record, self.dark = record or progress(), style.is_dark(dark)
        blank = self._tiles({})
        self.memory = Heatmap(blank, alt=ALT, limit=1, dark=self.dark)
        self.lines = status()
        self.lines.add_class("lines")
        grid = "".join(f"<div><span>{chapter.number}</span></div>" for chapter in book.CHAPTERS)
        names = ipywidgets.HTML(f'<div class="grid" aria-hidden="true">{grid}</div>')
        size = ipywidgets.Layout(width=self.memory.layout.width)
        place = ipywidgets.Box([self.memory, names], layout=size)
        place.add_class("place")
        super().__init__([sheet(), place, self.lines], alt=ALT)
        self.add_class("titans-map")
        self.repaint()
        _hang(self, self.record)

    @property
    def theta(self) -> dict[str, float]:
        """The share of the exercises that have passed, for each chapter that has exercises."""
        chapters = standing(self.record).chapters
        return {c.chapter.number: c.passed / len(c.tasks) for c in chapters if c.tasks}

    @staticmethod
    def _tiles(theta: dict[str, float]) -> np.ndarray:
        """(rows, columns, height, width): the memory cut along the chapters, so that gaps show."""
        tiles = book.memory(theta).reshape(book.ROWS, book.HIGH, book.COLUMNS, book.WIDE)
        return tiles.swapaxes(1, 2)

    def repaint(self) -> None:
        """Show what the record holds now."""
        self.memory.show(self._tiles(self.theta))
        self.lines.value = self._words()

    def _words(self) -> str:
        found = standing(self.record)
        some = [one for one in found.chapters if one.tasks]
        lines = [_line(one) for one in some if one.begun]
        empty = "<div>No part is written yet: the first check that passes fills a tile.</div>"
        bare = [one.chapter for one in found.chapters if not one.tasks]
        groups = {
            "To come": [one.chapter for one in some if not one.begun],
            "Without exercises": [chapter for chapter in bare if chapter.ready],
            "In preparation": [chapter for chapter in bare if not chapter.ready],
        }
        quiet = [f"<div>{words}: {_names(some)}</div>" for words, some in groups.items() if some]
        said = [f"<div><b>{words}:</b> {escape(line)}</div>" for words, line in told(found).items()]
        return f"{''.join(lines) or empty}{''.join(said)}<small>{''.join(quiet)}</small>"

    def figure(self, *, alt: str) -> Picture:
        """The map as it is now, as a still picture."""
        return book.chapter_map(alt=alt, learned=self.theta, dark=self.dark)

    def close(self, *_: Any) -> None:
        """Take the map off the page; the record repaints it no more."""
        shown = _maps.get(self.record)
        if shown and self in shown:
            shown.remove(self)
        for widget in (self.memory, self.lines, *self.children):
            widget.close()
        super().close()


def progress_map(record: Progress | None = None) -> ProgressMap:
    """The map of the book with what this learner has written."""
    return ProgressMap(record)
