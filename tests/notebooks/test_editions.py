"""Masters become notebooks: stubs, tags, ids, execution, and the proof that both still agree."""

import json

import nbformat
import pytest

from titans_book.cli import main
from titans_book.lab.editions import committed, editions
from titans_book.lab.editions.building import build
from titans_book.lab.editions.editions import EDITIONS, INSTRUCTOR, LEARNER, SOLUTION

MASTER = '''
# %% [markdown]
# # A tiny chapter

# %% tags=["learner"]
print("for the learner")

# %% tags=["solution", "keep-me"]
print("for the reader")

# %% tags=["instructor"]
print("for the teacher")

# %%
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    y = 2 * x
    return y
    ### END SOLUTION

# %%
import ipywidgets

ipywidgets.IntSlider(value=3)

# %%
1 + 1

# %%
1 + 1
'''

NOT_RUN = ["00_tiny.ipynb", "instructor/00_tiny.ipynb", "assignment/00_tiny.ipynb"]


@pytest.fixture
def book(tmp_path):
    """A project with one master, and a way to write it anew."""
    source = tmp_path / "notebooks" / "source"
    source.mkdir(parents=True)
    (source / "00_tiny.py").write_text(MASTER.lstrip())
    return tmp_path


@pytest.fixture
def master(book):
    return book / "notebooks" / "source" / "00_tiny.py"


def sources(notebook):
    return [cell.source for cell in notebook.cells]


def test_the_learner_gets_a_stub_with_the_solutions_indent(master):
    (stub,) = [source for source in sources(editions.derive(master, LEARNER)) if "def" in source]
    assert stub.splitlines()[2:] == [
        "    # YOUR CODE HERE",
        '    raise NotImplementedError("your turn")',
    ]
    with pytest.raises(NotImplementedError, match="your turn"):
        exec(stub + "\ndouble(1)")


def test_the_solution_has_no_markers_and_works(master):
    (solved,) = [source for source in sources(editions.derive(master, SOLUTION)) if "def" in source]
    names = {}
    exec(solved, names)
    assert names["double"](4) == 8
    assert "###" not in solved


def test_tagged_cells_go_into_their_edition_only(master):
    said = {
        edition.name: [source for source in sources(editions.derive(master, edition))[1:4]
                       if source.startswith("print")]
        for edition in EDITIONS
    }  # fmt: skip
    assert said == {
        "learner": ['print("for the learner")'],
        "solution": ['print("for the reader")'],
        "instructor": ['print("for the reader")', 'print("for the teacher")'],
        "assignment": ['print("for the learner")'],
    }
    solution = editions.derive(master, SOLUTION)
    (cell,) = [cell for cell in solution.cells if cell.source == 'print("for the reader")']
    assert cell.metadata == {"tags": ["keep-me"]}  # the build's own tag is not shown to readers


def test_ids_are_stable_unique_and_shared_by_the_editions(master):
    before = [cell.id for cell in editions.derive(master, LEARNER).cells]
    solution = [cell.id for cell in editions.derive(master, SOLUTION).cells]
    assert len(set(before)) == len(before)  # the two cells `1 + 1` as well
    assert len(set(before) & set(solution)) == 5
    master.write_text("# %%\nnew_first_cell = 0\n\n" + master.read_text())
    after = [cell.id for cell in editions.derive(master, LEARNER).cells]
    assert after[1:] == before


def test_no_trace_of_the_pairing_is_left(master):
    for edition in (LEARNER, SOLUTION, INSTRUCTOR):
        notebook = editions.derive(master, edition)
        nbformat.validate(notebook)
        assert sorted(notebook.metadata) == ["kernelspec", "language_info"]
        assert {key for cell in notebook.cells for key in cell.metadata} <= {"tags"}


@pytest.mark.parametrize(
    "body",
    [
        "### BEGIN SOLUTION\nx = 1",
        "x = 1\n### END SOLUTION",
        "### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION",
        "### CLAIM\nassert x\n### CLAIM\nassert y",
        "### CLAIM\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION",
        "### BEGIN SOLUTION\n### CLAIM\nassert x\n### END SOLUTION",
        "if x:\n    ### CLAIM\n    assert y",
        "x = 1\n### CLAIM\n",
    ],
    ids=["no end", "no begin", "nested", "twice", "after", "within", "indented", "empty"],
)
@pytest.mark.parametrize("edition", EDITIONS, ids=lambda edition: edition.name)
def test_marks_that_do_not_belong_together_name_the_master_and_the_cell(master, body, edition):
    master.write_text(f"# %%\n{body}\n")
    with pytest.raises(ValueError, match="00_tiny.py, cell .*(SOLUTION|CLAIM)"):
        editions.derive(master, edition)


CLAIMS = """
# %%
x = 2
print(x)
### CLAIM
assert x == 2

# %%
x

# %%
### CLAIM
assert x
"""


def test_claims_are_in_the_tested_editions_only(master):
    master.write_text(CLAIMS.lstrip())
    learner, solution, instructor, assignment = (
        sources(editions.derive(master, edition)) for edition in EDITIONS
    )
    assert learner == assignment == ["x = 2\nprint(x)", "x"]
    assert solution == instructor == ["x = 2\nprint(x)\nassert x == 2", "x", "assert x"]


def test_a_claim_moves_no_id(master):
    master.write_text(CLAIMS.lstrip())
    learner, solution = (editions.derive(master, edition) for edition in (LEARNER, SOLUTION))
    assert [cell.id for cell in learner.cells] == [cell.id for cell in solution.cells][:2]


def test_a_folded_cell_is_folded_in_every_edition(master):
    master.write_text('# %% tags=["folded", "keep-me"]\nimport math\n')
    for edition in EDITIONS:
        (cell,) = editions.derive(master, edition).cells
        assert cell.metadata == {"jupyter": {"source_hidden": True}, "tags": ["keep-me"]}


def test_chapters_are_chosen_by_number_or_name(book, master):
    (master.parent / "13_other.py").write_text("# %%\n1\n")
    assert [path.stem for path in editions.masters(book)] == ["00_tiny", "13_other"]
    assert [path.stem for path in editions.masters(book, ["13"])] == ["13_other"]
    assert [path.stem for path in editions.masters(book, ["00_tiny"])] == ["00_tiny"]
    with pytest.raises(ValueError, match="no chapter is called '7'; there are: 00_tiny, 13_other"):
        editions.masters(book, ["7"])


def test_a_folder_without_masters_says_so(tmp_path):
    with pytest.raises(ValueError, match="no masters"):
        editions.masters(tmp_path)


def test_a_built_book_agrees_and_is_built_to_the_same_bytes(book, master):
    files = list(build(root=book))
    assert files == [editions.target(master, edition) for edition in EDITIONS]
    assert committed.differences(root=book) == []
    first = [path.read_bytes() for path in files]
    assert [path.read_bytes() for path in build(root=book)] == first


def test_the_solution_edition_is_run_and_keeps_no_clock_and_no_widget_state(book, master):
    (path,) = build(root=book, editions=[SOLUTION])
    text = path.read_text()
    notebook = json.loads(text)
    assert '"iopub' not in text
    assert "model_id" not in text and "widgets" not in notebook["metadata"]
    outputs = [cell["outputs"] for cell in notebook["cells"] if cell.get("outputs")]
    assert [output[0]["data"]["text/plain"] for output in outputs[1:]] == [
        ["IntSlider(value=3)"],
        ["2"],
        ["2"],
    ]


def test_building_without_running_leaves_the_executed_edition_alone(book):
    assert list(build(root=book, run=False)) == [book / "notebooks" / name for name in NOT_RUN]


def test_a_cell_that_fails_stops_the_build_and_is_named(book, master):
    master.write_text("# %%\n1 / 0\n")
    with pytest.raises(RuntimeError, match="00_tiny.*ZeroDivisionError"):
        list(build(root=book))


def rewrite(path, change):
    notebook = json.loads(path.read_text())
    change(notebook)
    path.write_text(json.dumps(notebook))


def put(field, value, cell=1):
    return lambda notebook: notebook["cells"][cell].update({field: value})


@pytest.mark.parametrize(
    ("edition", "change", "complaint"),
    [
        ("", put("source", "print(0)"), "cell 2: its source is 'print"),
        ("", put("id", "0123456789ab"), "cell 2: its id is '0123"),
        ("", put("metadata", {"tags": ["x"]}), "cell 2: its metadata is"),
        ("", put("execution_count", 1), "cell 2 keeps an output"),
        ("instructor", put("execution_count", 1), "cell 2 keeps an output"),
        ("assignment", put("metadata", {}, cell=2), "cell 3: its metadata is"),
        ("", lambda book: book["cells"].pop(), "it has 5 cells, the master builds 6"),
        ("", lambda book: book["metadata"].update(jupytext={}), "its metadata is"),
        ("", lambda book: book.update(nbformat_minor=4), "its format is 4.4"),
        ("solutions", put("execution_count", None), "cell 2 was not run in order (count None)"),
        ("solutions", put("execution_count", 7), "cell 2 was not run in order (count 7)"),
        (
            "solutions",
            put("outputs", [{"output_type": "error", "ename": "E", "evalue": "", "traceback": []}]),
            "cell 2 ended in an error",
        ),
    ],
)
def test_every_kind_of_drift_is_found(book, edition, change, complaint):
    list(build(root=book))
    path = book / "notebooks" / edition / "00_tiny.ipynb"
    rewrite(path, change)
    (found,) = committed.differences(root=book)
    assert complaint in found
    assert found.startswith(str(path.relative_to(book)))


def test_missing_and_orphaned_notebooks_are_found_in_every_edition(book, master):
    notebooks = list(build(root=book))
    for notebook in notebooks:
        notebook.rename(notebook.with_name("99_gone.ipynb"))
    folders = [notebook.parent.relative_to(book) for notebook in notebooks]
    assert committed.differences(root=book) == [
        *(f"{folder}/00_tiny.ipynb: is missing" for folder in folders),
        *(f"{folder}/99_gone.ipynb: no master builds this notebook" for folder in folders),
    ]


def test_a_cell_that_is_not_to_be_run_needs_no_count(book, master):
    master.write_text('# %% tags=["skip-execution", "nbval-skip"]\n1 / 0\n\n# %%\n1\n')
    list(build(root=book))
    assert committed.differences(root=book) == []


def test_the_command_builds_and_checks(book, capsys):
    there = ["--project", str(book)]
    assert main(["notebooks", "--no-run", *there]) == 0
    assert main(["notebooks", "--check", *there]) == 1
    said = capsys.readouterr()
    assert said.out.split() == [f"notebooks/{name}" for name in NOT_RUN]
    assert "solutions/00_tiny.ipynb: is missing" in said.err
    assert main(["notebooks", "00", *there]) == 0
    assert main(["notebooks", "00", "--check", *there]) == 0
    assert capsys.readouterr().out.endswith("the notebooks are what the masters build\n")
    assert main(["notebooks", "tiny", *there]) == 1
    assert "no chapter is called 'tiny'" in capsys.readouterr().err
