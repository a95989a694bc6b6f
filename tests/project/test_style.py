"""The style bars: one idea a file, functions that fit a glance, ruff clean, no local paths."""

import ast
import re
import statistics
import subprocess
import sys

import pytest

from tests.project.sources import ROOT, python_files, syntax, tracked_files

LONGEST_FILE, LONGEST_FUNCTION, MEDIAN_FUNCTION = 200, 40, 12
PACKAGE_FILES = python_files("titans_book")

# A path of one person's machine: it means nothing to anybody else.
LOCAL_PATH = re.compile(r"(?<![\w.~$}])/(?:root|home|Users|work|tmp|private|opt)/[\w.-]+")


def functions(path) -> list[ast.FunctionDef]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(syntax(path)) if isinstance(node, kinds)]


def docstring_lines(node) -> int:
    if not ast.get_docstring(node):
        return 0
    return node.body[0].end_lineno - node.body[0].lineno + 1


def body_length(function: ast.FunctionDef) -> int:
    """Lines of the body. Signature and docstring are read as reference and may be long."""
    first = function.body[0].lineno
    return function.end_lineno - first + 1 - docstring_lines(function)


def code_length(path) -> int:
    """Lines of the file without its docstrings: documentation is not what makes a file long."""
    tree = syntax(path)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    spare = sum(docstring_lines(node) for node in ast.walk(tree) if isinstance(node, documented))
    return len(path.read_text(encoding="utf-8").splitlines()) - spare


def test_ruff_finds_nothing():
    check = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise", "."]
    done = subprocess.run(check, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", PACKAGE_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_one_idea(path):
    assert ast.get_docstring(syntax(path)), "say in a docstring at the top what the file is for"
    assert code_length(path) <= LONGEST_FILE
    lengths = {function.name: body_length(function) for function in functions(path)}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}


def test_most_functions_fit_a_glance():
    lengths = [body_length(function) for path in PACKAGE_FILES for function in functions(path)]
    assert statistics.median(lengths) <= MEDIAN_FUNCTION


@pytest.mark.parametrize("path", PACKAGE_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_public_things_say_what_they_are(path):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    bare = [
        node.name
        for node in syntax(path).body
        if isinstance(node, kinds) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert not bare, f"no docstring: {', '.join(bare)}"


def test_nothing_committed_names_a_local_path():
    found = []
    for path in tracked_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or a compressed file
        for match in LOCAL_PATH.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.append(f"{path.relative_to(ROOT)}:{line} {match.group()}")
    assert not found


def test_no_notebook_installs_or_downloads():
    commands = re.compile(r"^\s*[#!%]*\s*(?:pip|conda|wget|curl|apt-get)\b", re.MULTILINE)
    offenders = [
        path.name
        for path in python_files("notebooks/source")
        if commands.search(path.read_text(encoding="utf-8"))
    ]
    assert not offenders
