"""A solution as a cell that can be pasted: the decorator, the stub's `def`, and a body.

The body is the reference's own code; its name and annotations are the package's business, so the
`def` is written anew. Where the reference is no plain function, the exercise has a solution.
"""

from __future__ import annotations

import ast
import inspect
import textwrap

from titans_book.lab.learning.exercise import Exercise

__all__ = ["solution_of", "with_plain_def"]


def solution_of(exercise: Exercise) -> str:
    """One solution, ready to be pasted over the stub's cell."""
    source = exercise.solution or inspect.getsource(exercise.reference)
    return f'@exercise("{exercise.name}")\n{with_plain_def(source, exercise.short)}'


def with_plain_def(source: str, name: str) -> str:
    """A function's source under another name, without decorators, annotations and docstring.

    >>> print(with_plain_def("def _f(x: int) -> int:\\n    'Twice.'\\n    return 2 * x", "f"))
    def f(x):
        return 2 * x
    """
    source = textwrap.dedent(source).rstrip()
    (function,) = ast.parse(source).body
    arguments = function.args
    for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        one.annotation = None
    first, *rest = function.body
    documented = ast.get_docstring(function) is not None and rest
    body = source.splitlines()[(rest[0] if documented else first).lineno - 1 :]
    return "\n".join([f"def {name}({ast.unparse(arguments)}):", *body])
