"""What the cells of a solved chapter have shown, as HTML: pictures become files, widgets pages."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from titans_book.lab.pictures.still import END
from titans_book.lab.site import questions
from titans_book.lab.site.markdown import in_roles, scrolled

__all__ = ["Shown"]

_SCRIPT = re.compile(r"<style>.*?</style>|<script>.*?</script>", re.S)
_TABLE = re.compile(r"<table\b.*?</table>", re.S)
MAP = "The map of the book: a memory with one tile for each chapter."


@dataclass
class Shown:
    """The outputs of one chapter. `folder`: of the site; `kinds` counts what there was."""

    stem: str
    folder: Path
    kinds: dict[str, int] = field(default_factory=dict)

    def of(self, outputs: list) -> Iterator[str]:
        """The HTML of a cell's outputs, one after the other."""
        for at, output in enumerate(outputs):
            follows = _html(outputs[at + 1]) if at + 1 < len(outputs) else ""
            yield from self._one(output, follows)

    def _count(self, kind: str) -> None:
        self.kinds[kind] = self.kinds.get(kind, 0) + 1

    def _one(self, output: dict, follows: str) -> Iterator[str]:
        if output["output_type"] == "stream":
            yield _printed(output["text"])
        elif output["output_type"] == "error":
            yield _printed(f"{output['ename']}: {output['evalue']}")
        elif frozen := output.get("metadata", {}).get("titans_book"):
            yield self._widget(output, frozen)
        elif "image/png" in output["data"]:
            yield self._picture(output, sheet="titans-player" in follows)
        elif html := _html(output):
            if "titans-player" in html:
                self._count("player, alive")
                yield f'<div class="film">{_SCRIPT.sub("", html)}</div>'
            elif "titans-alt" not in html and END not in html:
                yield _framed(html)  # else words of the picture, or a still of the widget, before
        else:
            yield self._widget(output, {"alt": "", "frozen": None})

    def _picture(self, output: dict, sheet: bool = False) -> str:
        """A picture as a file; a player's sheet stays in the page, where its script may read it."""
        png = output["data"]["image/png"].replace("\n", "")
        alt = output.get("metadata", {}).get("image/png", {}).get("alt", "")
        if sheet:
            return f'<img class="sheet" src="data:image/png;base64,{png}" alt="{escape(alt)}">'
        self._count("picture")
        return picture(b64decode(png), alt, self.folder, self.stem[:2])

    def _widget(self, output: dict, kept: dict) -> str:
        """Alive where a browser is enough, a still picture where it is not, words at the least."""
        text = output["data"].get("text/plain", "")
        kind, _, rest = text.partition(": ")
        frozen = kept.get("frozen") or {}
        alive = {"predict": questions.prediction, "pick": questions.lineup, "dial": questions.dial}
        if kind == "Quiz" and (question := questions.asked(rest)):
            self._count("quiz")
            return questions.quiz(question)
        if kind == "Review":
            self._count("review")
            return questions.review(self.stem[:2])
        if kind == "ProgressMap":
            self._count("map")
            return the_map()
        if make := alive.get(frozen.get("kind")):
            still = frozen["kind"] == "dial" and not frozen["words"]
            self._count(f"{frozen['kind']}, {'still' if still else 'alive'}")
            return make(frozen, kept["alt"]) + self._note(frozen)
        if "image/png" in output["data"]:
            self._count("widget, still")
            return self._picture(output) + self._away(rest, "A still picture")
        if not re.fullmatch(r"[A-Z]\w+", kind) or not rest:
            return _printed(text)
        self._count("widget, words")
        return self._away(rest, "Live in the notebook")

    def _note(self, frozen: dict) -> str:
        html = frozen.get("html", "")
        if 'class="control off"' not in html and " disabled>" not in html:
            return ""
        return self._away("", "Some of its controls need Python")

    def _away(self, words: str, title: str) -> str:
        """Where the live thing is."""
        words = f" {escape(words.rstrip('.'))}." if words else ""
        return (
            f'<p class="away"><b>{title}.</b>{words} All of it moves in JupyterLab:'
            f" <code>make lab</code>, then <code>notebooks/{self.stem}.ipynb</code>.</p>"
        )


def _html(output: dict) -> str:
    return output.get("data", {}).get("text/html", "")


def _printed(text: str) -> str:
    return f'<pre class="out" tabindex="0">{escape(text.rstrip(), quote=False)}</pre>'


def _framed(html: str) -> str:
    """HTML of our own: no scripts, roles in the page's colours, tables that scroll."""
    html = _SCRIPT.sub("", html)
    html = _TABLE.sub(lambda table: scrolled(table.group()), in_roles(html))
    return f'<div class="shown">{html}</div>'


def picture(png: bytes, alt: str, folder: Path, name: str) -> str:
    """Write a picture into the site; the figure that shows it."""
    file = f"img/{name}-{hashlib.sha256(png).hexdigest()[:10]}.png"
    (folder / "img").mkdir(exist_ok=True)
    (folder / file).write_bytes(png)
    wide, high = (int.from_bytes(png[at : at + 4]) for at in (16, 20))
    size = f'width="{wide}" height="{high}"'
    return (
        f'<figure class="picture"><img src="{file}" alt="{escape(alt)}" {size} loading="lazy">'
        "</figure>"
    )


def the_map() -> str:
    """The map of the book, light and dark."""
    return (
        '<figure class="map"><img class="day" src="img/map.png" alt="' + MAP + '" loading="lazy">'
        '<img class="night" src="img/map-dark.png" alt="' + MAP + '" loading="lazy"></figure>'
    )
