"""Chapter 02's widget: a text that you type, each letter shaded by how much it surprises a memory.

The memory is one matrix, empty at first. While it reads, it learns which letter follows the letters
before. Whatever moves, the whole text is read again.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import ipywidgets
import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.lab.pictures import figures, style
from titans_book.lab.pictures.controls import Panel, slider
from titans_book.lab.pictures.picture import Picture
from titans_book.lab.pictures.sheet import sheet, status
from titans_book.lab.pictures.text import shaded, shades
from titans_book.lab.pictures.traces import number
from titans_book.steps.matrix import surprise_score, surprise_step

__all__ = ["ALT", "DARKEST", "SurpriseText", "changed", "letters", "lines_of", "surprises"]

MOST = 400  # letters that are read
DARKEST = 1.5  # the surprise of the darkest shade, the same for every text
LARGE = "font-size:16px"
LINES = 5  # lines whose means are told
ALT = "A text to type in, its letters shaded by surprise; sliders for theta, context and an edit"

_JOINER = "\u200d"
_NO_LETTER = "Nothing is typed yet, and nothing surprises. Type a word, then type it again."


def _joins(previous: str, character: str) -> bool:
    """Whether a character belongs to the letter before it: an accent, a skin tone, half a flag."""
    mark = unicodedata.category(character).startswith("M")
    tone = "\U0001f3fb" <= character <= "\U0001f3ff"
    flag = all("\U0001f1e6" <= one <= "\U0001f1ff" for one in previous + character)
    flag = flag and len(previous) == 1
    return mark or tone or flag or _JOINER in (character, previous[-1])


def letters(text: str) -> list[str]:
    """A text as the letters that a reader sees; an emoji is one letter, however it is made.

    >>> letters("ae\\u0301")
    ['a', 'é']
    """
    text = text.replace("\r\n", "\n").encode("utf-8", "replace").decode()
    found: list[str] = []
    for character in unicodedata.normalize("NFC", text):
        if found and _joins(found[-1], character):
            found[-1] += character
        else:
            found.append(character)
    return found


def changed(pieces: Sequence[str], place: int) -> list[str]:
    """The letters with number `place` (from 1; 0: none) replaced by one the text does not have.

    >>> changed(["a", "b"], 2)
    ['a', 'x']
    """
    pieces = list(pieces)
    if place and pieces:
        at = min(place, len(pieces)) - 1
        others = [letter for letter in "xzqjkvw#" if letter not in pieces]
        pieces[at] = others[0] if others else "x" if pieces[at] != "x" else "z"
    return pieces


def surprises(
    pieces: Sequence[str],
    theta: float | int,
    before: int,
    score: Callable = surprise_score,
    step: Callable = surprise_step,
) -> Float[Tensor, " letters"]:
    """How much each letter surprises a memory that reads the text once, starting empty.

    The key is one-hot, the `before` letters before (at the start: fewer); the value is the next
    letter, one-hot. score, step: the functions of chapter 02 that measure and write. A one-hot key
    asks and writes a single row of M, so only that row is handed to them: the numbers are the same.
    """
    values = {letter: number for number, letter in enumerate(dict.fromkeys(pieces))}
    v, one = torch.eye(len(values)), torch.ones(1)
    rows: dict[tuple[str, ...], Tensor] = {}
    found = torch.zeros(len(pieces))
    for t, letter in enumerate(pieces):
        context = tuple(pieces[max(0, t - before) : t])
        row = rows.get(context, torch.zeros(1, len(values)))
        pair = one, v[values[letter]]
        found[t] = score(row, *pair)
        rows[context] = step(row, *pair, theta)
    return found


def lines_of(pieces: Sequence[str]) -> list[slice]:
    """Where each line begins and ends, its line break included."""
    ends = [t + 1 for t, piece in enumerate(pieces) if "\n" in piece]
    edges = [0, *ends, *([len(pieces)] if ends[-1:] != [len(pieces)] else [])]
    return [slice(*pair) for pair in zip(edges, edges[1:], strict=False)]


class SurpriseText(Panel):
    """Type a text; every letter wears its surprise.

    text: what stands there first. theta, before: where the sliders start. score(M, k, v) and
    step(M, k, v, theta): the learner's functions; None: the book's.
    """

    def __init__(
        self,
        text: str = "",
        *,
        theta: float | int = 0.8,
        before: int = 2,
        score: Callable | None = None,
        step: Callable | None = None,
        alt: str = ALT,
        dark: bool | None = None,
    ):
        self.dark = style.is_dark(dark)
        self._rule = (score or surprise_score, step or surprise_step)
        wide = ipywidgets.Layout(width="100%", max_width="46em", height="6.5em")
        self.text = ipywidgets.Textarea(
            text, description="your text", layout=wide, tooltip="your text", rows=4,
            continuous_update=True,
        )  # fmt: skip
        self.theta = slider("write rate θ", float(theta), 0.0, 2.2, step=0.05)
        self.before = slider("letters before", before, 1, 6)
        self.edit = slider("change letter no.", 0, 0, max(1, len(letters(text)[:MOST])))
        self.strip, self.words = ipywidgets.HTML(), status()
        controls = (self.text, self.theta, self.before, self.edit)
        for control in controls:
            control.style.description_width = "10em"
            control.observe(self.read, "value")
        super().__init__([sheet(), *controls, self.strip, self.words], alt=alt)
        self.read()

    def read(self, _change: Any = None) -> None:
        """Read the text from an empty memory, and paint it."""
        typed = letters(self.text.value[: 8 * MOST])
        self._fit(len(typed[:MOST]))
        self.pieces = changed(typed[:MOST], self.edit.value)
        self.surprise = surprises(self.pieces, self.theta.value, self.before.value, *self._rule)
        self._paint()
        self.words.value = self._words(cut=len(typed) > MOST)

    def _fit(self, count: int) -> None:
        """The edit's slider ends with the text; to fit it must not start another reading."""
        most = max(1, count)
        if self.edit.max != most:
            self.edit.unobserve(self.read, "value")
            self.edit.max = most
            self.edit.observe(self.read, "value")

    def _paint(self) -> None:
        """The shaded text; the changed letter carries a frame."""
        levels = shades(self.surprise, DARKEST)
        titles = [f"surprise {number(round(value, 2))}" for value in self.surprise.tolist()]
        at = min(self.edit.value, len(self.pieces))
        upto = shaded(self.pieces[:at], levels[:at], upto=at, titles=titles[:at])
        body = upto + shaded(self.pieces[at:], levels[at:], titles=titles[at:])
        look = f'class="titans-text" style="{LARGE}" role="group"'
        label = f"{len(self.pieces)} letters, shaded by surprise"
        self.strip.value = f'<div {look} aria-label="{label}">{body}</div>'

    def _words(self, cut: bool) -> str:
        """What there is to see, in words."""
        if not self.pieces:
            return _NO_LETTER
        top = int(self.surprise.argmax())
        words = [
            f"Mean surprise {self._mean(0, len(self.pieces))}{self._by_line()}. Largest: "
            f"{_told(self.surprise[top])}, at letter no. {top + 1}, {_named(self.pieces[top])}"
            f"{self._context(top)}."
        ]
        if cut:
            words.append(f"The text is long: its first {MOST} letters are read.")
        return " ".join(words)

    def _context(self, at: int) -> str:
        before = "".join(self.pieces[max(0, at - self.before.value) : at])
        return f" after {_named(before)}" if before else ", the first one"

    def _mean(self, first: int, last: int) -> str:
        return _told(self.surprise[first:last].mean())

    def _by_line(self) -> str:
        lines = lines_of(self.pieces)
        if len(lines) < 2:
            return ""
        means = [self._mean(line.start, line.stop) for line in lines[:LINES]]
        more = " …" if len(lines) > LINES else ""
        return f" (line by line: {', '.join(means)}{more})"

    def figure(self, *, alt: str) -> Picture:
        """What is shown now, as a still picture."""
        if not self.pieces:
            raise ValueError("the text is empty: there is nothing to draw")
        return figures.surprise_strip(
            self.pieces, self.surprise, alt=alt, limit=DARKEST, dark=self.dark
        )


def _told(value: Any) -> str:
    """A surprise in a few digits, also where theta makes it explode."""
    return f"{float(value):.2f}" if value < 1000 else f"{float(value):.0e}"


def _named(piece: str) -> str:
    """Letters in quotes, as HTML, with signs for what cannot be seen."""
    seen = piece.replace(" ", "␣").replace("\n", "¶").replace("\t", "⇥")
    return f"“{escape(seen)}”"
