"""What a class needs beside the chapters: the common errors, and cells that nbgrader can grade.

The instructor's edition ends with the wrong versions that the checks of the chapter recognise. The
assignment says in nbgrader's metadata which cells the students write, and has after each exercise a
cell that is graded: it fails on the stub, and passes where the exercise's own check does.
"""

import ast
from typing import Any, NamedTuple

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from titans_book.lab.editions.solutions import BEGIN
from titans_book.lab.register import find

AUTOGRADER = """from titans_book.book import grade
verdict = grade("{1}", {0})
assert verdict.passed, str(verdict)"""
COMMON_ERRORS = """## Common errors

The wrong answers that the checks of this chapter know by name, and the question each one gets."""


class Task(NamedTuple):
    """An exercise as it stands in a cell: its name in the bank, and the function to write."""

    name: str
    function: str


def tasks(source: str) -> list[Task]:
    """The exercises of a cell.

    >>> tasks('@exercise("04.titans_step")\\ndef titans_step(M, S): ...')
    [Task(name='04.titans_step', function='titans_step')]
    """
    if "@exercise(" not in source:
        return []
    return [
        Task(decorator.args[0].value, node.name)
        for node in ast.parse(source).body
        for decorator in getattr(node, "decorator_list", ())
        if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "exercise"
    ]


def with_common_errors(_: str, cells: list[NotebookNode]) -> list[NotebookNode]:
    """The cells, and at the end what goes wrong in their exercises. Without exercises, no more."""
    found = [task for cell in cells if cell.cell_type == "code" for task in tasks(cell.source)]
    if not found:
        return cells
    text = "\n\n".join([COMMON_ERRORS, *map(_errors, found)])
    return [*cells, new_markdown_cell(text, id="common-errors")]


def _errors(task: Task) -> str:
    exercise = find(task.name)
    wrong = [
        f"- `{wrong.name}`: {wrong.says}\n  - The check asks: {wrong.asks}"
        for wrong in exercise.bank
    ]
    what = exercise.what[:1].upper() + exercise.what[1:]
    title = f"### `{task.function}`\n\n{what} ({exercise.source})."
    return "\n\n".join([title, "\n".join(wrong)])


def with_grading(chapter: str, cells: list[NotebookNode]) -> list[NotebookNode]:
    """The cells with nbgrader's metadata, and a graded cell after each exercise."""
    graded = []
    for cell in cells:
        graded.append(cell)
        if cell.cell_type == "code" and BEGIN in cell.source:
            cell.metadata["nbgrader"] = _metadata(_grade_id(chapter, cell), solution=True)
            graded += [_autograder(chapter, task) for task in tasks(cell.source)]
    return graded


def _grade_id(chapter: str, cell: NotebookNode) -> str:
    """Named after what the cell defines: the name has to outlast a change of its text."""
    defined = [node.name for node in ast.parse(cell.source).body if hasattr(node, "name")]
    return f"{chapter}-{defined[0] if defined else cell.id}"


def _autograder(chapter: str, task: Task) -> NotebookNode:
    name = f"{chapter}-{task.function}-check"
    points = getattr(find(task.name), "points", 1)
    metadata = {"nbgrader": _metadata(name, grade=True, locked=True, points=points)}
    return new_code_cell(AUTOGRADER.format(task.function, task.name), id=name, metadata=metadata)


def _metadata(grade_id: str, **fields: bool | int) -> dict[str, Any]:
    """Version 3 of nbgrader's schema."""
    nothing = {"grade": False, "locked": False, "solution": False, "task": False}
    return {"schema_version": 3, "grade_id": grade_id, **nothing, **fields}
