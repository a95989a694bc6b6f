"""A figure that can be heard: a matplotlib Figure that cannot exist without a text in words.

How a picture reaches the page is a decision with four sides, each tried in JupyterLab 4.6,
nbconvert 7.17 and nbval 0.11:

* Pixels go out as image/png. nbval never compares that type, and it must not: another release
  of a font library, or a CPU that rounds differently, gives other bytes for the same picture.
  Inside text/html the same bytes would be compared, and a strict test would fail elsewhere.
* JupyterLab shows image/png without any alt text. So the words follow as an output of their own:
  a paragraph kept for screen readers, and a script that hands the words to the image before it as
  its `alt`, and then hides the paragraph. Without scripts the paragraph stays.
* A cell cannot know whether its page is dark. So the page turns a light picture round (page.css):
  lightness alone, hues stay. Where a scale begins dark only the greys are turned (page.js).
* nbconvert's classic template reads the alt text from the metadata, so it is there too.
"""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from titans_book.lab.pictures import style

__all__ = ["Drawing", "Picture", "Words", "check_alt", "picture", "save", "show_image"]

_HIDDEN = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)"


def check_alt(alt: str) -> str:
    """The text itself, or ValueError: nobody is left out of a picture."""
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError(f"alt={alt!r} says nothing: describe in words what the picture shows")
    return " ".join(alt.split())


def show_image(png: bytes, alt: str, page: str = "turned") -> None:
    """Show a PNG in a notebook, and give its words to whoever cannot see it.

    page: what a dark page does with it: "turned" round, only its "greys", or "left" as it is.
    """
    from IPython.display import publish_display_data

    data = {"image/png": b64encode(png).decode(), "text/plain": f"Figure: {alt}"}
    publish_display_data(data, metadata={"image/png": {"alt": alt}})
    script = f"<script>{style.asset('pictures/page.js')}</script>"
    words = f'<p class="titans-alt" data-page="{page}" style="{_HIDDEN}">{escape(alt)}</p>'
    words = f"{words}{style.on_the_page()}{script}"
    publish_display_data({"text/html": words, "text/plain": f"Figure: {alt}"})


class Picture(Figure):
    """A matplotlib Figure with `alt`, its description in words. pyplot never hears of it."""

    def __init__(self, *args: Any, alt: str, dark: bool | None = None, **keywords: Any):
        self.alt = check_alt(alt)
        self.dark = style.is_dark(dark)
        super().__init__(*args, **keywords)
        FigureCanvasAgg(self)

    def png(self) -> bytes:
        """The picture as PNG bytes: the same bytes for the same data on the same machine."""
        out = io.BytesIO()
        with style.context(self.dark):
            self.savefig(out, format="png", metadata={"Software": None})
        return out.getvalue()

    def _ipython_display_(self) -> None:
        show_image(self.png(), self.alt, self.page)

    @property
    def page(self) -> str:
        """What a dark page does with this picture; see `show_image`."""
        if self.dark:
            return "left"
        images = [image for axes in self.axes for image in (*axes.images, *axes.collections)]
        maps = {image.get_cmap().name for image in images if image.get_array() is not None}
        return "greys" if style.MAGNITUDE_MAP in maps else "turned"

    def __repr__(self) -> str:
        return f"Figure: {self.alt}"


@contextmanager
def picture(
    alt: str, width: float | int, height: float | int, dark: bool | None = None
) -> Iterator[Picture]:
    """A new picture of width x height inches, and the book's style while it is being drawn."""
    with style.context(dark):
        figure = Picture(figsize=(width, height), layout="constrained", alt=alt, dark=dark)
        yield figure
        # Lay it out once and for all: doing it at each drawing would move it by a hair's breadth.
        figure.get_layout_engine().execute(figure)
        figure.set_layout_engine("none")


def save(figure: Picture, path: str | Path) -> Path:
    """Write a picture as .png or .svg, without dates or version names: same data, same bytes.

    An SVG carries the description in words as its own.
    """
    path = Path(path)
    if path.suffix not in (".png", ".svg"):
        raise ValueError(f"path={str(path)!r} ends in {path.suffix!r}: choose .png or .svg")
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".png":
        path.write_bytes(figure.png())
    else:
        with style.context(figure.dark):
            figure.savefig(path, format="svg", metadata={"Date": None, "Description": figure.alt})
    return path


class Words:
    """HTML made of text, described in words. It is compared by nbval, so it must not wobble."""

    def __init__(self, html: str, alt: str):
        self.html, self.alt = html, check_alt(alt)

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return f"Text: {self.alt}"


class Drawing:
    """A picture of a chapter that has a name: who makes it, its description in words, its look.

    A cell then says only what is drawn, `draw("01.two_memories", memories)` (draw.py). The words
    are kept beside the chapter, because in the cell they would answer the question above it.

    make: anything that asks for `alt`, as figures.lines does. alt: the words, or a function of
    what is drawn that returns them. look: keywords of `make`.
    """

    def __init__(self, name: str, make: Callable, *, alt: str | Callable[..., str], **look: Any):
        self.name, self.make, self.look = name, make, look
        self.alt = alt if callable(alt) else check_alt(alt)

    def __call__(self, *data: Any, **look: Any) -> Any:
        """Draw this; `look` changes the look for once."""
        alt = self.alt(*data) if callable(self.alt) else self.alt
        return self.make(*data, alt=alt, **{**self.look, **look})

    def __repr__(self) -> str:
        return f"Drawing: {self.name}"
