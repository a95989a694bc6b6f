"""Your own code, kept: functions that passed their check run in later chapters and in the model.

A kept function is stored as its source, one `def`, in the progress file. It is read back into a
bare namespace (GIVEN, and the parts of earlier chapters) and checked again before it is used; what
fails is replaced by the book's version, with a word about it. `release()` returns to the book.

running.py makes the recurrence of them, and puts it into a model.
"""

from __future__ import annotations
import __future__

import ast
import inspect
import math
import textwrap
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch

from titans_book.lab.learning.examine import examine
from titans_book.lab.learning.exercise import Exercise
from titans_book.lab.learning.progress import progress
from titans_book.lab.register import EXERCISES
from titans_book.steps.deep import gelu, gelu_slope

__all__ = ["RECURRENCE", "Part", "credit", "is_used_later", "keep", "load", "part", "release"]

GIVEN = {"torch": torch, "math": math, "gelu": gelu, "gelu_slope": gelu_slope}
RECURRENCE = ("01.read", "02.surprise_grad", "03.momentum_step", "04.titans_step")
ASKED_FOR = ("01.loss", "01.delta_write", "02.surprise_step")  # by later chapters, with part(...)


class Part(NamedTuple):
    """A function in use, and whether the learner wrote it."""

    function: Callable
    mine: bool


def keep(exercise: Exercise, function: Callable) -> str:
    """Keep a function as the learner's own; says in words whether that worked."""
    if not exercise.part:
        return "This one is for its chapter only; no later chapter needs it."
    verdict = examine(exercise, function)
    if not verdict.passed:
        why = " ".join(verdict.lines[:1])
        return f"It has not passed its check yet. Once it does, it can be kept. {why}"
    try:
        source = only_the_def(inspect.getsource(function))
    except (OSError, TypeError, SyntaxError, ValueError) as error:
        return f"Its source cannot be found ({error}): write it in a cell of a notebook."
    if function.__name__ != exercise.short:
        return f"It is called {function.__name__} here. Call it {exercise.short} to keep it."
    verdict = examine(exercise, _compiled(exercise.short, source, load_before(exercise.name)))
    if not verdict.passed:
        return (
            "It passes here, but not on its own: it uses something that only this notebook has. "
            f"Put that inside the function. {' '.join(verdict.lines)}"
        )
    progress().keep(exercise.name, source)
    undo = f"`{exercise.short}.release()` gives it back to the book."
    path = progress().path
    anew = f" To begin anew with everything, close the notebooks and delete {path}." if path else ""
    return f"Kept. {_what_runs_on(exercise)} {undo}{anew}"


def _what_runs_on(exercise: Exercise) -> str:
    """Who uses a kept part: chapters, the model, other parts, or nobody."""
    if exercise.name in (*RECURRENCE, *ASKED_FOR):
        model = " and the model of chapter 13" if exercise.name in RECURRENCE else ""
        return f"Later chapters{model} run on your version from now on."
    users = _users(exercise)
    if not users:
        return "It is yours; no later part is built on it."
    return f"{' and '.join(users)} run{'s' * (len(users) == 1)} on your version from now on."


def is_used_later(exercise: Exercise) -> bool:
    """Whether anything runs on this part once it is kept."""
    asked = exercise.name in (*RECURRENCE, *ASKED_FOR)
    return exercise.part and (asked or bool(_users(exercise)))


def _users(exercise: Exercise) -> list[str]:
    """The parts whose own code calls this one."""
    return [
        f"`{other.short}`"
        for other in EXERCISES.values()
        if other.part and exercise.short in _called(other)
    ]


def _called(exercise: Exercise) -> tuple[str, ...]:
    """The names that the book's version uses."""
    return inspect.unwrap(exercise.reference).__code__.co_names


def only_the_def(source: str) -> str:
    """The source of one function without its decorators; ValueError if it is anything else.

    >>> print(only_the_def("@check\\ndef f(x):\\n    return x"))
    def f(x):
        return x
    """
    source = textwrap.dedent(source).strip()
    body = ast.parse(source).body
    if len(body) != 1 or not isinstance(body[0], ast.FunctionDef):
        raise ValueError("it is not a single def")
    arguments = body[0].args
    if any(arguments.defaults) or any(arguments.kw_defaults):
        raise ValueError("it has arguments with defaults")
    return "\n".join(source.splitlines()[body[0].lineno - 1 :])


def _compiled(short: str, source: str, others: dict[str, Callable]) -> Callable:
    """The function that a source defines. ValueError if it defines something else."""
    if only_the_def(source) != source.strip():
        raise ValueError("it is not a single def")
    names: dict[str, Any] = {**GIVEN, **others}
    lazy = __future__.annotations.compiler_flag  # shapes in the annotations stay text
    exec(compile(source, f"<your {short}>", "exec", flags=lazy), names)
    if not callable(names.get(short)):
        raise ValueError(f"it defines no {short}")
    return names[short]


def load_before(name: str = "") -> dict[str, Callable]:
    """The parts in use that come before `name`, by their functions' names."""
    found = {}
    for exercise_name, part in load().items():
        if exercise_name == name:
            break
        found[exercise_name.partition(".")[2]] = part.function
    return found


_loaded: dict[str, Any] = {"sources": None, "parts": {}}


def load() -> dict[str, Part]:
    """All parts in use: the learner's where one was kept and still passes, else the book's."""
    sources = progress().parts()
    if _loaded["sources"] != sources:
        parts: dict[str, Part] = {}
        for name, exercise in EXERCISES.items():
            if exercise.part:
                others = {known.partition(".")[2]: part for known, part in parts.items()}
                parts[name] = _load_one(exercise, sources.get(name), others)
        _loaded.update(sources=sources, parts=parts)
    return dict(_loaded["parts"])


def _load_one(exercise: Exercise, source: str | None, others: dict[str, Part]) -> Part:
    if source is None:
        return Part(_on_these(exercise, others), mine=False)
    try:
        function = _compiled(exercise.short, source, _functions(others))
        verdict = examine(exercise, function)
        if verdict.passed:
            return Part(function, mine=True)
        why = " ".join(verdict.lines)
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
    print(f"Your {exercise.short} does not pass its check any more, so the book's is used. {why}")
    return Part(_on_these(exercise, others), mine=False)


def _on_these(exercise: Exercise, others: dict[str, Part]) -> Callable:
    """The book's version. Where it calls parts that the learner wrote, it calls the learner's."""
    if not any(name in others and others[name].mine for name in _called(exercise)):
        return exercise.reference
    source = only_the_def(inspect.getsource(exercise.reference))
    return _compiled(exercise.short, source, _functions(others))


def _functions(parts: dict[str, Part]) -> dict[str, Callable]:
    return {short: part.function for short, part in parts.items()}


def part(name: str) -> Callable:
    """The function in use for a part, "02.surprise_grad": the learner's own, or the book's."""
    found = load()
    if name not in found:
        raise ValueError(f"no part is called {name!r}; there are: {', '.join(found)}")
    return found[name].function


def release(name: str | None = None) -> None:
    """Return to the book's version of one part, or of all."""
    for kept in progress().parts() if name is None else [name]:
        progress().keep(kept, None)


def credit(names: Iterable[str] = RECURRENCE) -> str:
    """Who wrote what is running, in a sentence."""
    found = load()
    mine = [name.partition(".")[2] for name in names if found[name].mine]
    count = len(list(names))
    yours = f": {', '.join(mine)}" if mine else ""
    return f"Running {len(mine)} of {count} of your own parts{yours}."
