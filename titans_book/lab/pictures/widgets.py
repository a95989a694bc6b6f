"""Pictures that change, made of two core widgets: an Image fed small PNGs, and HTML.

    memory = widgets.Heatmap(M, alt="The memory, keys by values")
    decay = widgets.slider("forgetting", 0.02, 0.0, 0.3)
    decay.observe(lambda change: memory.show(read(alpha=change.new)), "value")

No Output widget and no `interact`: those go through the page, and a test cannot see them. Each
widget has its words for screen readers, and `figure` gives the same picture as a still one.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from typing import Any

import ipywidgets
import traitlets

from titans_book.lab.pictures import figures, pixels, style
from titans_book.lab.pictures.controls import CRISP, SIGNED, Described, Panel, menu, shared, slider
from titans_book.lab.pictures.lines import Line
from titans_book.lab.pictures.picture import Picture, check_alt
from titans_book.lab.pictures.text import STYLE, shaded, shades, spell
from titans_book.lab.pictures.traces import LineDrawing

__all__ = ["CRISP", "Heatmap", "Panel", "SurpriseStrip", "Traces", "menu", "shared", "slider"]

_PAGE = 400


class Heatmap(Described, ipywidgets.Image):
    """A matrix, a row or a grid of matrices as one image; `show` repaints it in a millisecond.

    values: (h, w), (columns, h, w) or (rows, columns, h, w). limit: the end of the colour scale;
    fixed at the first picture when None.

    >>> Heatmap([[0.0, 1.0]], alt="The memory").show([[1.0, 0.0]])
    """

    # ipywidgets 8.1 shows a tooltip only where there is a description, if an empty one; without it
    # the view of an Image fails. The tooltip is the image's title, and so its accessible name.
    description = traitlets.Unicode("").tag(sync=True)

    def __init__(
        self,
        values: Any,
        *,
        alt: str,
        kind: str = "signed",
        limit: float | int | None = None,
        dark: bool | None = None,
    ):
        self.alt, self.kind, self.dark = check_alt(alt), kind, style.is_dark(dark)
        self.values = pixels.panels(pixels.array(values))
        self.limit = pixels.nice_limit(self.values) if limit is None else pixels.check_limit(limit)
        super().__init__(format="url", tooltip=self.alt)
        self.add_class(CRISP)
        if kind == "signed" and not self.dark:
            self.add_class(SIGNED)
        self.show(values)

    def show(self, values: Any) -> None:
        """Paint these values, on the scale fixed at the start."""
        self.values = pixels.panels(pixels.array(values))
        levels = pixels.compose(pixels.quantise(self.values, self.limit, self.kind))
        width = f"{levels.shape[1] * pixels.magnification(*levels.shape)}px"
        if self.layout.width != width:
            self.layout.width = width
        png = pixels.encode(levels, style.map_name(self.kind, self.dark), small=False)
        # As an address that holds the picture itself: bytes would become a file that the browser
        # then has to fetch, at every repaint.
        self.value = b"data:image/png;base64," + b64encode(png)

    def figure(self, *, alt: str | None = None, **keywords: Any) -> Picture:
        """What is shown now, as a still picture."""
        look = {"kind": self.kind, "limit": self.limit, "dark": self.dark, **keywords}
        return figures.heatmap(self.values, alt=alt or self.alt, **look)


class SurpriseStrip(Described, ipywidgets.HTML):
    """Text in which every token wears its surprise; `show(upto=n)` reveals the first n.

    tokens: byte values, or pieces of text; surprise: one number a token.
    """

    def __init__(
        self,
        tokens: Any = (),
        surprise: Any = (),
        *,
        alt: str,
        limit: float | int | None = None,
        styled: bool = True,
    ):
        self.alt, self.limit = check_alt(alt), limit
        # A style sheet in every picture would make the browser look at the whole page again.
        self._style = STYLE if styled else ""
        super().__init__()
        self.read(tokens, surprise)
        self.show()

    def read(self, tokens: Any, surprise: Any, limit: float | int | None = None) -> None:
        """Take a new text; `show` paints it."""
        self.limit = self.limit if limit is None else limit
        self.pieces = spell(list(tokens) if isinstance(tokens, str) else tokens)
        self.surprise = pixels.array(surprise)
        self.levels = shades(self.surprise, self.limit)
        if len(self.levels) != len(self.pieces):
            count = len(self.levels)
            raise ValueError(f"surprise has {count} numbers for {len(self.pieces)} tokens")

    def show(self, upto: int | None = None) -> None:
        """Paint the text, read up to token `upto` (None: all); of a long text, the page in hand."""
        first = 0 if upto is None else _PAGE * (max(0, upto - 1) // _PAGE)
        page = slice(first, None if upto is None else first + _PAGE)
        body = shaded(
            self.pieces[page], self.levels[page], upto=None if upto is None else upto - first
        )
        self.value = (
            f'{self._style}<div class="titans-text" role="group" aria-label="{escape(self.alt)}">'
            f"{body}</div>"
        )

    def figure(self, *, alt: str | None = None, **keywords: Any) -> Picture:
        """The whole text as a still picture."""
        limit = {"limit": self.limit} if self.limit else {}
        return figures.surprise_strip(
            self.pieces, self.surprise, alt=alt or self.alt, **{**limit, **keywords}
        )


class Traces(Described, ipywidgets.HTML):
    """Numbers over the tokens, a row for each line; `show(upto=n)` reveals the first n.

    lines: see `passage_lines`. length: of the passage, in tokens.

    >>> from titans_book.lab.pictures.lines import gates
    >>> Traces(gates([0.1, 0.2], [0.9, 0.9], [0.0, 0.0]), 2, alt="Three gates").show(upto=1)
    """

    def __init__(
        self, lines: Sequence[Line], length: int, *, alt: str, name: str = "titans-traces"
    ):
        self.alt, self.name = check_alt(alt), name
        super().__init__()
        self.read(lines, length)
        self.show()

    def read(self, lines: Sequence[Line], length: int) -> None:
        """Take new lines over a passage of `length` tokens; `show` paints them."""
        self.drawing = LineDrawing(lines, length, alt=self.alt)

    def show(self, upto: int | None = None) -> None:
        """Paint the lines up to token `upto` (None: all)."""
        self.value = self.drawing.svg(upto, self.name)

    def play(self) -> None:
        """Paint the lines for a live board, which moves their edge itself."""
        self.value = self.drawing.svg(None, self.name, moving=True)

    def figure(self, *, alt: str | None = None, **keywords: Any) -> Picture:
        """The whole lines as a still picture."""
        return figures.traces(self.drawing.lines, alt=alt or self.alt, **keywords)
