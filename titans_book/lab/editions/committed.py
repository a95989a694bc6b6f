"""Is what is committed what the masters build? `python -m titans_book notebooks --check`.

Compared are sources, tags, metadata and cell ids, exactly. Outputs are not compared here (the
tests run the chapters and do that); but the solution edition must have been run, in order,
without an error, and the other editions must not have been.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from nbformat import NotebookNode, from_dict

from titans_book.lab.editions.editions import EDITIONS, Edition, derive, masters, target
from titans_book.lab.project import ROOT

NOT_RUN = {"skip-execution", "nbval-skip"}
MAY_FAIL = "raises-exception"


def differences(chapters: Iterable[str] = (), *, root: Path = ROOT) -> list[str]:
    """One line for each place where the committed notebooks are not the built ones."""
    chapters = list(chapters)
    found = [
        f"{target(master, edition).relative_to(root)}: {problem}"
        for master in masters(root, chapters)
        for edition in EDITIONS
        for problem in _problems(master, edition)
    ]
    return found if chapters else found + list(_orphans(root))


def _orphans(root: Path) -> Iterator[str]:
    stems = {master.stem for master in masters(root)}
    for edition in EDITIONS:
        for path in sorted((root / "notebooks" / edition.folder).glob("*.ipynb")):
            if path.stem not in stems:
                yield f"{path.relative_to(root)}: no master builds this notebook"


def _problems(master: Path, edition: Edition) -> Iterator[str]:
    path = target(master, edition)
    if not path.exists():
        yield "is missing"
        return
    notebook = from_dict(json.loads(path.read_text(encoding="utf-8")))
    yield from _different_text(notebook, derive(master, edition))
    yield from _not_run(notebook) if edition.executed else _run(notebook)


def _different_text(committed: NotebookNode, built: NotebookNode) -> Iterator[str]:
    if committed.metadata != built.metadata:
        yield f"its metadata is {committed.metadata}, the master builds {built.metadata}"
    if (committed.nbformat, committed.nbformat_minor) != (built.nbformat, built.nbformat_minor):
        yield f"its format is {committed.nbformat}.{committed.nbformat_minor}"
    for number, (old, new) in enumerate(zip(committed.cells, built.cells, strict=False), 1):
        for field in ("cell_type", "id", "source", "metadata"):
            have, want = _text(old, field), _text(new, field)
            if have != want:
                yield f"cell {number}: its {field} is {have!r:.80}, the master builds {want!r:.80}"
                return  # the cells after a missing one all differ; one line says it
    if len(committed.cells) != len(built.cells):
        yield f"it has {len(committed.cells)} cells, the master builds {len(built.cells)}"


def _text(cell: NotebookNode, field: str):
    value = cell.get(field)
    return "".join(value) if isinstance(value, list) else value


def _not_run(notebook: NotebookNode) -> Iterator[str]:
    expected = 0
    for number, cell in enumerate(notebook.cells, 1):
        tags = set(cell.metadata.get("tags", ()))
        if cell.cell_type != "code" or not _text(cell, "source").strip() or tags & NOT_RUN:
            continue
        expected += 1
        if cell.execution_count != expected:
            yield f"cell {number} was not run in order (count {cell.execution_count})"
            return
        failed = any(output["output_type"] == "error" for output in cell.outputs)
        if failed and MAY_FAIL not in tags:
            yield f"cell {number} ended in an error"


def _run(notebook: NotebookNode) -> Iterator[str]:
    for number, cell in enumerate(notebook.cells, 1):
        if cell.get("outputs") or cell.get("execution_count"):
            yield f"cell {number} keeps an output; this edition is committed without"
