"""A solved chapter as the body of a page, by nbconvert and the template in templates/book.

What a reader sees first is the learner's cell: the stub of an exercise, and no claim of the book
about its own numbers. What was run is the solved one: it is folded where the two differ.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from nbconvert.exporters.templateexporter import TemplateExporter
from nbconvert.filters.highlight import Highlight2HTML
from nbformat import NotebookNode, from_dict

from titans_book.lab.editions.solutions import STUB
from titans_book.lab.site.markdown import Linker, Markdown
from titans_book.lab.site.outputs import Shown

__all__ = ["Chapter", "read"]

TEMPLATES = Path(__file__).parent / "templates"
LONG = 40  # lines of code that begin folded


class Chapter:
    """One chapter: `html`, its title, its headings, and how many widgets of which kind it has."""

    def __init__(self, path: Path, folder: Path, linker: Linker):
        self.stem, self.number = path.stem, path.stem[:2]
        solved, learner = read(path), read(path.parents[1] / path.name)
        self.markdown, self.shown = Markdown(linker), Shown(path.stem, folder)
        seen = {cell.id: cell.source for cell in learner.cells}
        solved.cells = [
            cell for cell in solved.cells if not cell.source.rstrip().endswith(_PROGRESS)
        ]
        for cell in solved.cells:
            cell.metadata = {**cell.metadata, "site": self._site(cell, seen.get(cell.id))}
        self.html, _ = _exporter(self.markdown).from_notebook_node(solved)
        self.headings = self.markdown.headings
        self.title = self.headings[0][2] if self.headings else path.stem

    def _site(self, cell: NotebookNode, learner: str | None) -> dict[str, Any]:
        """What the template needs to know of a cell."""
        if cell.cell_type != "code":
            return {}
        stub = learner is not None and STUB[0] in learner
        hidden = cell.metadata.get("jupyter", {}).get("source_hidden", False)
        code = cell.source if learner is None else learner
        return {
            "code": "" if _CALL.fullmatch(code.strip()) else code,
            "folded": _folded(code, hidden, learner is None, bool(cell.outputs)),
            "solution": cell.source if stub else "",
            "outputs": list(self.shown.of(cell.outputs)),
        }  # fmt: skip


_PROGRESS = "leaves your progress alone"
_CALL = re.compile(r"(quiz|review|progress_map)\([^()\n]*\)")  # what it shows says it all
_IMPORT = re.compile(r"(from|import) ")


def _folded(code: str, hidden: bool, checks: bool, shows: bool) -> str:
    """What a cell's fold says; nothing where the code is to be seen at once."""
    if checks and not shows:
        return "The book checks its numbers"
    if _IMPORT.match(code) and not shows:
        return "What this chapter imports"
    hidden = hidden or "because=" in code  # it would give an answer away
    return "The code" if hidden or checks or code.count("\n") >= LONG else ""


def read(path: Path) -> NotebookNode:
    """A notebook; its texts in one piece, whatever way they are kept."""
    content = json.loads(path.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        cell["source"] = "".join(cell["source"])
        for output in cell.get("outputs", ()):
            if "text" in output:
                output["text"] = "".join(output["text"])
            for kind, data in output.get("data", {}).items():
                if isinstance(data, list):
                    output["data"][kind] = "".join(data)
    return from_dict(content)


class _Exporter(TemplateExporter):
    """nbconvert with our template. Its HTMLExporter would read each page anew, for 3 seconds."""

    def _file_extension_default(self) -> str:
        return ".html"

    def _template_extension_default(self) -> str:
        return ".html.j2"


def _exporter(markdown: Markdown) -> TemplateExporter:
    exporter = _Exporter(
        template_name="book", extra_template_basedirs=[str(TEMPLATES)], default_preprocessors=[]
    )
    exporter.register_filter("book_markdown", markdown.read)
    exporter.register_filter("highlight_code", Highlight2HTML(pygments_lexer="ipython3"))
    return exporter
