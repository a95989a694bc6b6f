"""The index of the search: for each word the sections it is in, written as a small script.

A script, because a page that was opened from a folder may not fetch anything else.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from html import unescape

from titans_book.lab.site.markdown import words

__all__ = ["Index"]

_WORD = re.compile(r"[^\W_][\w'’]*")
_NOT_READ = re.compile(
    r'<(script|style|svg|pre|nav)\b.*?</\1>|<(span|div) class="math">.*?</\2>'
    r'|<a class="anchor".*?</a>',
    re.S,
)
_HEADING = re.compile(r'<h([123]) id="([^"]+)">(.*?)</h\1>', re.S)
SNIPPET = 150  # characters
HEAVY = 8  # what a word in a heading counts


class Index:
    """Pages go in by `add`; `script` is the file that the browser loads."""

    def __init__(self) -> None:
        self.pages: list[tuple[str, str]] = []
        self.sections: list[tuple[int, str, str, str]] = []
        self.table: dict[str, dict[int, int]] = {}

    def add(self, address: str, title: str, html: str) -> None:
        """A page, cut into sections at its headings."""
        page = len(self.pages)
        self.pages.append((address, title))
        pieces = _HEADING.split(_NOT_READ.sub(" ", html))
        if words(pieces[0]):
            self._section(page, "", title, pieces[0])
        for at in range(1, len(pieces), 4):
            self._section(page, pieces[at + 1], words(pieces[at + 2]), pieces[at + 3])

    def _section(self, page: int, anchor: str, heading: str, html: str) -> None:
        number, text = len(self.sections), words(html)
        short = text if len(text) <= SNIPPET else text[:SNIPPET].rsplit(" ", 1)[0] + " …"
        self.sections.append((page, anchor, heading, unescape(short)))
        counts = Counter(_WORD.findall(text.lower()))
        for word in _WORD.findall(heading.lower()):
            counts[word] += HEAVY
        for word, count in counts.items():
            if len(word) > 1 and not word.isdigit():
                self.table.setdefault(word, {})[number] = count

    def script(self) -> str:
        """`window.BOOK = {pages, sections, words}`; a word has its sections and counts in turn."""
        flat = {
            word: [number for pair in places.items() for number in pair]
            for word, places in sorted(self.table.items())
        }
        data = {"pages": self.pages, "sections": self.sections, "words": flat}
        return f"window.BOOK={json.dumps(data, ensure_ascii=False, separators=(',', ':'))};\n"
