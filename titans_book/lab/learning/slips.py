"""Which small slip explains a wrong answer? Each is undone in a copy of the source and tried.

If the answer becomes right once `1 / k @ k` has other brackets, a call has its arguments in another
order, or a name is exchanged, then that is the slip: it can be named without anybody having
foreseen it. `changes.py` makes the copies, one change in each.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
import time
import warnings
from collections.abc import Callable, Iterator

from titans_book.lab.learning.changes import POWER, Change, changes, smaller
from titans_book.lab.learning.compare import distance, gap
from titans_book.lab.learning.exercise import Exercise, Step
from titans_book.lab.learning.guard import Watched, run

__all__ = ["slip"]

SECONDS = 1.5  # of all tries together
MOST = 800  # tries

Words = tuple[str, ...]


def slip(
    exercise: Exercise, watched: Watched, steps: list[Step] | None = None, *, few: bool = True
) -> Words:
    """What is wrong and a question, if a single change makes the answer right; else nothing.

    steps: what the function returned, if it came to its end: a number that should be smaller is
    then looked for as well. few: leave out names, signs and what may be too much.
    """
    try:
        source = textwrap.dedent(inspect.getsource(watched.function))
        (tree,) = ast.parse(source).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return ()
    if not isinstance(tree, ast.FunctionDef):
        return ()
    if exercise.accept:  # there is no one right answer to compare with
        return _no_power(source, tree)
    found: list[Words] = []

    def work() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found.extend(_tried(exercise, watched, source, tree, steps, few))

    run(work, 2 * SECONDS)
    return found[0] if found else ()


def _tried(
    exercise: Exercise,
    watched: Watched,
    source: str,
    tree: ast.FunctionDef,
    steps: list[Step] | None,
    few: bool,
) -> Iterator[Words]:
    """Yields the words of the first change that makes it right."""
    end = time.thread_time() + SECONDS
    if steps:
        for change in smaller(source, tree):
            if _comes_nearer(exercise, watched, change, steps):
                yield change.says, change.asks
                return
    for count, change in enumerate(changes(source, tree, few=few)):
        if count == MOST or time.thread_time() > end:
            return
        if _is_right(exercise, _made(change.tree, watched)):
            yield change.says, change.asks
            return


def _no_power(source: str, tree: ast.FunctionDef) -> Words:
    """A `^` beside a number that is written out: nobody means the bits of 28."""
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitXor):
            sides = node.left, node.right
            if any(isinstance(n, ast.Constant) for side in sides for n in ast.walk(side)):
                words = f"`{ast.get_source_segment(source, node)}` in line {node.lineno}"
                return f"{words} is no power.", POWER
    return ()


def _made(tree: ast.FunctionDef, watched: Watched) -> Watched | None:
    """The changed function, watched like the learner's own; None if it cannot be made."""
    tree.decorator_list = []
    module = ast.fix_missing_locations(ast.Module([tree], []))
    names = dict(getattr(watched.function, "__globals__", {}))
    try:
        names.update(inspect.getclosurevars(watched.function).nonlocals)
        exec(compile(module, "<changed>", "exec", dont_inherit=True), names)
    except Exception:
        return None
    function: Callable = names[tree.name]
    return Watched(function, watched.reference, watched.names, watched.numbers)


def _is_right(exercise: Exercise, changed: Watched | None) -> bool:
    """Whether every step is right; the first one that is not ends the try."""
    if changed is None:
        return False
    count = 0
    try:
        for mine, true in zip(exercise.probe(changed), exercise.truth, strict=False):
            if any(not gap(mine[name], true[name]) <= exercise.tolerance for name in true):
                return False
            count += 1
    except Exception:
        return False
    return count == len(exercise.truth)


def _comes_nearer(exercise: Exercise, watched: Watched, change: Change, steps: list[Step]) -> bool:
    """Whether a tenth of a small number leaves a tenth of the difference."""
    changed = _made(change.tree, watched)
    if changed is None:
        return False
    try:
        others = list(exercise.probe(changed))
        before, after = (distance(run, exercise.truth) for run in (steps, others))
    except Exception:
        return False
    return before < 0.1 and 0.05 * before < after < 0.2 * before
