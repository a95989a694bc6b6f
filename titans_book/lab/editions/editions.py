"""From one master to the notebooks that people open.

notebooks/source/04_forgetting.py         the master: Python with `# %%` cells, the only text edited
notebooks/04_forgetting.ipynb             learner's edition: stubs where the solutions were, not run
notebooks/solutions/04_forgetting.ipynb   solution edition: complete and run, outputs kept
notebooks/instructor/04_forgetting.ipynb  instructor's: solved, notes and common errors, not run
notebooks/assignment/04_forgetting.ipynb  for classes: what nbgrader makes the students' version of

In a master, solutions.py tells what the learner writes from what the book gives, and what the book
claims about its own numbers from what everybody sees; a cell that is nothing but a claim is left
out where there are no claims. A cell tagged `learner`, `solution` or `instructor` goes only to
those it names: students are learners, and an instructor sees what a reader of the solutions sees.
A cell tagged `folded` goes to all, and JupyterLab shows it folded until somebody opens it.
Everything else goes into all editions as it is.

Building is a function of the master, and for a class of the bank of exercises: the same master
gives the same bytes, cell ids included. classroom.py adds the cells that only a class has,
building.py writes and runs the notebooks, committed.py says where what is committed is not what
the masters build.
"""

import copy
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from titans_book.lab.editions.classroom import with_common_errors, with_grading
from titans_book.lab.editions.legible import legible
from titans_book.lab.editions.solutions import marked, solved, without_solution
from titans_book.lab.project import ROOT

LINK = re.compile(r"\]\(([\w/]+\.(?:md|png))")  # to a file beside the learner's notebooks
EDITION_TAGS = {"learner", "solution", "instructor"}
FOLDED = "folded"
JUPYTEXT_NOTES = {"lines_to_next_cell", "lines_to_end_of_cell_marker", "cell_marker"}
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}


def _as_they_are(_: str, cells: list[NotebookNode]) -> list[NotebookNode]:
    return cells


@dataclass(frozen=True)
class Edition:
    """Who a set of notebooks is for: where it lies, which tagged cells it keeps, how it is made."""

    name: str
    folder: str  # inside notebooks/
    keeps: frozenset[str]
    text: Callable[[str], str]  # what becomes of a cell's source: solutions or stubs, claims or not
    executed: bool = False
    # of the chapter's number and its cells: the cells with those that only this edition has
    finish: Callable[[str, list[NotebookNode]], list[NotebookNode]] = _as_they_are


LEARNER = Edition("learner", ".", frozenset({"learner"}), without_solution)
SOLUTION = Edition("solution", "solutions", frozenset({"solution"}), solved, executed=True)
INSTRUCTOR = Edition(
    "instructor",
    "instructor",
    frozenset({"solution", "instructor"}),
    solved,
    finish=with_common_errors,
)
ASSIGNMENT = Edition(
    "assignment", "assignment", frozenset({"learner"}), marked, finish=with_grading
)
EDITIONS = (LEARNER, SOLUTION, INSTRUCTOR, ASSIGNMENT)


def masters(root: Path = ROOT, chapters: Iterable[str] = ()) -> list[Path]:
    """The masters in order; with `chapters` (`13` or `13_train_it`), only those."""
    folder = root / "notebooks" / "source"
    found = sorted(folder.glob("*.py"))
    if not found:
        raise ValueError(f"no masters (*.py) in {folder}: run this from a clone of the project")
    wanted = list(chapters)
    for name in wanted:
        if not any(_is_called(path, name) for path in found):
            known = ", ".join(path.stem for path in found)
            raise ValueError(f"no chapter is called {name!r}; there are: {known}")
    return [path for path in found if not wanted or any(_is_called(path, name) for name in wanted)]


def _is_called(master: Path, name: str) -> bool:
    return name in (master.stem, _number(master))


def _number(master: Path) -> str:
    return master.stem.split("_")[0]


def target(master: Path, edition: Edition) -> Path:
    """Where this edition of a master is committed."""
    return master.parents[1] / edition.folder / f"{master.stem}.ipynb"


def derive(master: Path, edition: Edition) -> NotebookNode:
    """One edition of a master, before anything is run. Raises ValueError for unpaired marks."""
    notebook = nbformat.v4.new_notebook(metadata=copy.deepcopy(METADATA))
    seen: Counter[str] = Counter()
    for cell in jupytext.read(master).cells:
        tags = set(cell.metadata.get("tags", ()))
        key = cell.cell_type + "\0" + cell.source
        seen[key] += 1
        if tags & EDITION_TAGS and not tags & edition.keeps:
            continue
        try:
            source = edition.text(cell.source)
        except ValueError as error:
            raise ValueError(f"{master.name}, cell {cell.source[:40]!r}: {error}") from None
        if cell.source and not source:
            continue  # it was nothing but a claim
        if cell.cell_type == "markdown" and edition.folder != ".":
            source = LINK.sub(r"](../\1", source)
        if cell.cell_type == "markdown":
            source = legible(source)
        notebook.cells.append(_cell(cell, source, _identity(key, seen[key])))
    notebook.cells = edition.finish(_number(master), notebook.cells)
    return notebook


def _identity(key: str, occurrence: int) -> str:
    """An id that stays the same while the cell's text does, wherever the cell moves."""
    return hashlib.sha256(f"{key}\0{occurrence}".encode()).hexdigest()[:12]


def _cell(cell: NotebookNode, source: str, identity: str) -> NotebookNode:
    make = getattr(nbformat.v4, f"new_{cell.cell_type}_cell")
    notes = JUPYTEXT_NOTES | {"tags"}
    metadata = {name: value for name, value in cell.metadata.items() if name not in notes}
    tags = [tag for tag in cell.metadata.get("tags", ()) if tag not in EDITION_TAGS]
    if FOLDED in tags:
        tags.remove(FOLDED)
        metadata["jupyter"] = {**metadata.get("jupyter", {}), "source_hidden": True}
    if tags:
        metadata["tags"] = tags
    return make(source, id=identity, metadata=metadata)
