"""What a class gets: the instructor's notes and common errors, and an assignment to be graded."""

import re
from types import SimpleNamespace

import nbformat
import pytest

from titans_book.lab import register
from titans_book.lab.editions import classroom, editions
from titans_book.lab.editions.building import execute
from titans_book.lab.editions.editions import ASSIGNMENT, INSTRUCTOR, LEARNER, SOLUTION
from titans_book.lab.editions.solutions import without_solution

MASTER = '''
# %% [markdown]
# # A tiny chapter

# %% [markdown] tags=["instructor"]
# Ten minutes. Most try `x + x` first.

# %%
from types import SimpleNamespace

def exercise(name):
    def decorate(function):
        def check():
            try:
                return SimpleNamespace(passed=function(3) == 6)
            except NotImplementedError:
                return SimpleNamespace(passed=False)

        function.check = check
        return function

    return decorate

# %%
@exercise("07.double")
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

# %%
def my_choice():
    ### BEGIN SOLUTION
    return 5
    ### END SOLUTION

# %%
### BEGIN SOLUTION
my_number = 7
### END SOLUTION
'''
SQUARES = SimpleNamespace(name="squares", says="You square x.", asks="What is double(3)?")
FORGETS = SimpleNamespace(name="forgets", says="You return x as it is.", asks="Where is the 2?")
DOUBLE = {"what": "twice a number", "source": "eq. 1", "bank": [SQUARES, FORGETS]}


@pytest.fixture
def bank(monkeypatch):
    """A bank of one exercise in the place of the book's."""
    monkeypatch.setattr(register, "EXERCISES", {"07.double": SimpleNamespace(**DOUBLE)})
    return register.EXERCISES


@pytest.fixture
def master(tmp_path):
    path = tmp_path / "notebooks" / "source" / "07_tiny.py"
    path.parent.mkdir(parents=True)
    path.write_text(MASTER.lstrip())
    return path


def text(notebook):
    return "\n".join(cell.source for cell in notebook.cells)


def test_the_instructor_sees_notes_solutions_and_common_errors(master, bank):
    notebook = editions.derive(master, INSTRUCTOR)
    assert "Most try `x + x` first." in text(notebook)
    assert "return 2 * x" in text(notebook) and "###" not in text(notebook).split("## Common")[0]
    assert notebook.cells[-1].source == (
        "## Common errors\n\n"
        "The wrong answers that the checks of this chapter know by name, "
        "and the question each one gets.\n\n"
        "### `double`\n\n"
        "Twice a number (eq. 1).\n\n"
        "- `squares`: You square x.\n"
        "  - The check asks: What is double(3)?\n"
        "- `forgets`: You return x as it is.\n"
        "  - The check asks: Where is the 2?"
    )
    nbformat.validate(notebook)


def test_nobody_else_sees_them(master, bank):
    for edition in (LEARNER, SOLUTION, ASSIGNMENT):
        shown = text(editions.derive(master, edition))
        assert "Most try" not in shown and "Common errors" not in shown


def test_without_exercises_there_are_no_common_errors_and_no_bank(master, monkeypatch):
    monkeypatch.setattr(register, "EXERCISES", {})
    for edition in (LEARNER, SOLUTION):
        editions.derive(master, edition)
    master.write_text(MASTER.replace('@exercise("07.double")\n', "").lstrip())
    for edition in (INSTRUCTOR, ASSIGNMENT):
        notebook = editions.derive(master, edition)
        assert "Common errors" not in text(notebook) and "verdict" not in text(notebook)


def test_an_exercise_that_the_bank_does_not_know_is_named(master, bank):
    del bank["07.double"]
    bank["07.half"] = SimpleNamespace(**DOUBLE)
    for edition in (INSTRUCTOR, ASSIGNMENT):
        with pytest.raises(ValueError, match="no exercise is called '07.double'"):
            editions.derive(master, edition)


def test_every_exercise_of_a_cell_is_found():
    source = "@exercise('07.a')\ndef a(x): ...\n\n@cache\n@exercise('07.b')\ndef b(x): ...\n\nc = 3"
    assert classroom.tasks(source) == [("07.a", "a"), ("07.b", "b")]
    assert classroom.tasks("%pip list") == []


def graded(notebook):
    return {
        cell.metadata.nbgrader.grade_id: cell
        for cell in notebook.cells
        if "nbgrader" in cell.metadata
    }


def assert_that_nbgrader_accepts(notebook):
    """The rules of nbgrader's schema 3 for cells of code."""
    marked = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    assert len(graded(notebook)) == len(marked), "two cells have one grade_id"
    for cell in marked:
        fields = dict(cell.metadata.nbgrader)
        assert cell.cell_type == "code"
        assert fields.pop("schema_version") == 3
        assert re.fullmatch(r"[a-zA-Z0-9_-]+", fields.pop("grade_id"))
        assert fields["grade"] == ("points" in fields) and fields.pop("points", 0) >= 0
        assert set(fields) == {"grade", "locked", "solution", "task"}
        assert {type(value) for value in fields.values()} == {bool}
    for cell in notebook.cells:
        is_solution = cell.metadata.get("nbgrader", {}).get("solution", False)
        assert is_solution == ("BEGIN SOLUTION" in cell.source)
    nbformat.validate(notebook)


def test_the_assignment_marks_what_students_write_and_what_is_graded(master, bank):
    notebook = editions.derive(master, ASSIGNMENT)
    assert_that_nbgrader_accepts(notebook)
    cells = graded(notebook)
    names = list(cells)
    assert names[:3] == ["07-double", "07-double-check", "07-my_choice"]
    assert re.fullmatch("07-[0-9a-f]{12}", names[3]) and len(names) == 4  # it defines nothing
    assert "### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION" in cells["07-double"].source
    check = cells["07-double-check"]
    assert check.source == (
        "from titans_book.book import grade\n"
        'verdict = grade("07.double", double)\n'
        "assert verdict.passed, str(verdict)"
    )
    fields = check.metadata.nbgrader
    assert (fields.grade, fields.locked, fields.solution, fields.points) == (True, True, False, 1)


def test_an_exercise_says_how_many_points_it_is_worth(master, bank):
    bank["07.double"].points = 3
    check = graded(editions.derive(master, ASSIGNMENT))["07-double-check"]
    assert check.metadata.nbgrader.points == 3


REAL = """
# %%
from titans_book.book import exercise

# %%
@exercise("01.loss")
def loss(M, k, v):
    ### BEGIN SOLUTION
    return 0.5 * ((k @ M - v) ** 2).sum(-1)
    ### END SOLUTION
"""


def test_the_graded_cell_passes_on_the_solution_and_fails_on_the_stub(master):
    from titans_book.book.bank import EXERCISES

    assert EXERCISES["01.loss"] is register.EXERCISES["01.loss"]
    master.write_text(REAL.lstrip())
    notebook = editions.derive(master, ASSIGNMENT)
    execute(notebook, editions.target(master, LEARNER))
    for cell in notebook.cells:
        cell.source = without_solution(cell.source)  # as nbgrader does for the students
    with pytest.raises(RuntimeError, match=r"AssertionError(.|\n)*verdict = grade\("):
        execute(notebook, editions.target(master, LEARNER))


@pytest.mark.parametrize("master", editions.masters(), ids=lambda path: path.stem)
def test_nbgrader_accepts_every_chapter(master):
    assert_that_nbgrader_accepts(editions.derive(master, ASSIGNMENT))
