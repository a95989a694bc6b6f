"""A cell that could not run leaves the definition before it, and the check says so."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

from titans_book.lab.learning.cells import not_run

RIGHT = """from titans_book.book import exercise
@exercise("01.read")
def read(M, q):
    return q @ M
"""


@pytest.fixture
def shell():
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def test_outside_a_notebook_there_is_nothing_to_say():
    assert not_run("01.read") == ""


def test_a_syntax_error_in_the_newest_version_is_told(shell):
    shell.run_cell(RIGHT, store_history=True)
    assert not_run("01.read") == ""
    shell.run_cell(RIGHT.replace("q @ M", "q @ M)"), store_history=True)
    shell.run_cell("1 + 1", store_history=True)
    assert "its line 4 is no Python" in not_run("01.read") and not_run("01.loss") == ""
    checked = shell.run_cell("read.check()", store_history=True).result
    assert checked.passed and checked.lines[0].startswith("This judges the version before")
    shell.run_cell("%precision 3\n" + RIGHT, store_history=True)  # a magic is no syntax error
    assert not_run("01.read") == ""
