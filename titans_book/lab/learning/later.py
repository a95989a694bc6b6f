"""What later cells do with a function that is right: learn through it, and run it in float32.

A function may give the right numbers for float64 tensors without gradients and still be of no use
to chapter 07 or to a model: one that leaves torch (numpy, `.item()`), cuts the graph (`.detach()`,
`no_grad`, `autograd.grad` without `create_graph=True`), or fixes a dtype. So both are tried, on the
arguments that the probe has used, one call for each set of shapes.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from torch import Tensor

from titans_book.lab.learning.compare import gap
from titans_book.lab.learning.exercise import Exercise
from titans_book.lab.learning.gradients import outer_gradients
from titans_book.lab.learning.guard import Watched, copies, run
from titans_book.lab.learning.words import line_of, listed

__all__ = ["trouble"]

CLOSE = 1e-6  # of a gradient's size, in float64
CUT = (
    "Which line cuts the way from input to result: `.detach()`, `.data`, `no_grad`, "
    "`torch.tensor(...)`, or `autograd.grad` without `create_graph=True`?"
)
LEAVES = "Which line leaves torch (numpy, `.item()`, a list), and what does the same inside it?"
PLACE = (
    "Which line writes into a tensor that was used before (`W[n] = ...`, `+=`), where a list and "
    "`torch.stack` would do?"
)
FIXED = (
    "Where does your code name a dtype (`.double()`, `dtype=...`) that should come from the inputs?"
)

Words = tuple[str, ...]


def trouble(exercise: Exercise, watched: Watched) -> Words:
    """What goes wrong later with a function that is right, and a question; nothing if all goes."""
    if not exercise.part:
        return ()
    found: list[Words] = []

    def work() -> None:
        for given in _each_shape(watched.given):
            for look in (_learning, _single) if exercise.gradients else (_single,):
                found.append(look(exercise, watched, given))

    ran = run(work)
    if isinstance(ran.error, Exception):
        raise ran.error
    return next(filter(None, found), ())


def _each_shape(calls: list[tuple]) -> list[tuple]:
    """The first call for each set of shapes."""
    first: dict[tuple, tuple] = {}
    for given in calls:
        shapes = tuple(tuple(v.shape) if isinstance(v, Tensor) else () for v in given)
        first.setdefault(shapes, given)
    return list(first.values())


def _floating(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point()


def _learning(exercise: Exercise, watched: Watched, given: tuple) -> Words:
    """Do gradients pass, from every floating input, as they do through the reference?"""
    named = {watched.name(place): value for place, value in enumerate(given)}
    of = tuple(name for name, value in named.items() if _floating(value))
    true = outer_gradients(exercise.reference, named, of)
    reached = [name for name in of if float(true[name].abs().sum()) > 0]
    if not reached:
        return ()
    try:
        mine = outer_gradients(watched.function, named, of)
    except Exception as error:
        return _stopped(error, watched.function)
    cut = [name for name in reached if not float(mine[name].abs().sum()) > 0]
    if cut:
        names = listed(cut, "or" if len(cut) > 1 else "")
        says = f"The numbers are right, but no gradient passes from {names} to the result."
        return (f"{says} Later chapters train through this function.", CUT)
    for name in reached:
        if not gap(mine[name], true[name]) <= CLOSE:
            says = f"The numbers are right, but the gradient that reaches `{name}` is not."
            return (f"{says} Later chapters train through this function.", CUT)
    return ()


def _stopped(error: Exception, function: Callable) -> Words:
    words = " ".join(str(error).split())[:200].removesuffix(".")
    says = (
        "The numbers are right, but once gradients are wanted for its inputs, as in later "
        f"chapters, it stops with `{type(error).__name__}: {words}`."
    )
    cut = "does not require grad" in words or "not have been used in the graph" in words
    asks = PLACE if "inplace operation" in words else CUT if cut else LEAVES
    return (says, *line_of(error, function), asks)


def _single(exercise: Exercise, watched: Watched, given: tuple) -> Words:
    """Does it run in float32, as models do?"""
    given = tuple(value.float() if _floating(value) else value for value in given)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = exercise.reference(*copies(given))
    except RuntimeError:  # something that was given, a function, wants float64 itself
        return ()
    try:
        result = watched.function(*copies(given))
    except Exception as error:
        says = f"It is right in float64, but in float32 it stops with `{type(error).__name__}`."
        return (f"{says} Models run in float32.", *line_of(error, watched.function), FIXED)
    if [r.dtype for r in _tensors(result)] != [r.dtype for r in _tensors(expected)]:
        says = "It is right in float64, but given float32 tensors it returns another dtype."
        return (f"{says} Models run in float32.", FIXED)
    return ()


def _tensors(result: Any) -> list[Tensor]:
    results = result if isinstance(result, (tuple, list)) else (result,)
    return [one for one in results if isinstance(one, Tensor)]
