"""Markdown and docstrings as HTML: formulas in places of their own, links that stay in the site.

nbconvert reads the Markdown. A formula is left as TeX in an element of class `math`, for KaTeX;
the colours of roles in it become the names of roles, which the style sheet knows for light and
dark pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape, unescape

from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from titans_book.lab.pictures.style import ROLES

__all__ = ["FORMULA", "Linker", "Markdown", "formula", "slug", "words"]

Linker = Callable[[str], str | None]  # a link as it is written -> as it is on the site, or None

FORMULA = re.compile(r'<(span|div) class="math">(.*?)</\1>', re.S)
NAMES = {
    colour.lower(): name
    for name, role in ROLES.items()
    for colour in (role.colour, role.dark, role.text)  # lines, lines on a dark page, letters
}
NAMES["#767676"] = "persistent"
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b")
_STYLED = re.compile(r"(?<=[;\"'])color:\s*(#[0-9a-fA-F]{6})")
_TAG = re.compile(r"<[^>]+>")
# what is not searched for formulas: code, formulas found already, tags
_CLOSED = re.compile(
    r'(<(pre|code|script|style)\b.*?</\2>|<(span|div) class="math">.*?</\3>|<[^>]+>)', re.S
)  # noqa: E501
_INLINE = re.compile(r"\$([^$]+)\$")
_TABLE = re.compile(r"<table\b.*?</table>", re.S)


def formula(tex: str, display: bool) -> str:
    """A formula's place on the page.

    >>> formula(r"\\\\color{#D55E00}M < 1", display=False)
    '<span class="math">\\\\\\\\color{fast}M &lt; 1</span>'
    """
    tex = _COLOUR.sub(lambda match: NAMES.get(match.group().lower(), match.group()), tex)
    kind = "div" if display else "span"
    return f'<{kind} class="math">{escape(tex.strip(), quote=False)}</{kind}>'


def words(html: str) -> str:
    """The text of a piece of HTML.

    >>> words("<p>M &lt; <b>1</b></p>")
    'M < 1'
    """
    return " ".join(unescape(_TAG.sub(" ", html)).split()).replace(" ,", ",")


def slug(text: str) -> str:
    """A heading as an address: small letters and hyphens.

    >>> slug("Near or recognisable?")
    'near-or-recognisable'
    """
    return re.sub(r"[^\w]+", "-", text.lower()).strip("-") or "section"


class Markdown(IPythonRenderer):
    """Renders the Markdown of one page; `headings` has (level, anchor, HTML) of what it met."""

    def __init__(self, linker: Linker):
        super().__init__(escape=False)
        self.linker = linker
        self.headings: list[tuple[int, str, str]] = []

    def read(self, source: str) -> str:
        """One cell, or a whole page, as HTML."""
        html = MarkdownWithMath(renderer=self).render(source)
        pieces = _CLOSED.split(html)
        html = "".join(self._piece(piece, at) for at, piece in enumerate(pieces))
        return _TABLE.sub(lambda table: scrolled(table.group()), html)

    @staticmethod
    def _piece(piece: str | None, at: int) -> str:
        """Between two tags there may be formulas, inside HTML that Markdown does not read."""
        if at % 4 == 0:
            found = lambda match: formula(unescape(match.group(1)), display=False)  # noqa: E731
            return _INLINE.sub(found, piece)
        return in_roles(piece) if at % 4 == 1 else ""

    def heading(self, text: str, level: int, **_) -> str:
        """A heading that can be linked to."""
        anchor, taken = slug(words(text)), {known for _, known, _ in self.headings}
        unique, count = anchor, 2
        while unique in taken:
            unique, count = f"{anchor}-{count}", count + 1
        self.headings.append((level, unique, text))
        if level == 1:
            return f'<h1 id="{unique}">{text}</h1>\n'
        link = f'<a class="anchor" href="#{unique}" aria-label="Link to this section">#</a>'
        return f'<h{level} id="{unique}">{text}{link}</h{level}>\n'

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """A link, or only its words where the site has no such page."""
        target = self.linker(url)
        return text if target is None else super().link(text, target, title)

    def block_math(self, body: str) -> str:
        """A formula of its own."""
        return formula(body, display=True)

    def inline_math(self, body: str) -> str:
        """A formula in a line."""
        return formula(body, display=False)

    def latex_environment(self, name: str, body: str) -> str:
        """A formula in an environment, such as aligned."""
        return formula(f"\\begin{{{name}}}{body}\\end{{{name}}}", display=True)


def in_roles(html: str) -> str:
    """HTML whose letters wear the roles' colours of the page, which can be read on it.

    >>> in_roles('<b style="color:#D55E00">M</b>')
    '<b style="color:var(--fast)">M</b>'
    """
    role = lambda match: f"color:var(--{NAMES.get(match.group(1).lower(), 'ink')})"  # noqa: E731
    return _STYLED.sub(role, html)


def scrolled(html: str) -> str:
    """A wide thing in a box of its own, which scrolls; the page never does."""
    return f'<div class="wide">{html}</div>'
