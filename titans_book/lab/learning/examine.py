"""Which mistake is it? Compares a learner's function with the truth and with known wrong versions.

The function runs the exercise's probe on copies, in a thread of its own. Six answers are possible:

    open      it is a stub still
    crashed   it raised an error, or came to no end; the answer shows what it was given
    known     it does exactly what a wrong version of the bank does, returns the wrong kind of
              thing, or gives the right numbers in a way that later cells cannot use: the
              misconception by name, and one question
    unknown   wrong in a way of its own: where it parts from the truth, and what the difference
              looks like (a sign, a factor, a transpose, the wrong version it is nearest to)
    slow      right, but much slower than it need be
    right
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from titans_book.lab.learning.compare import first_difference
from titans_book.lab.learning.exercise import Exercise, Step
from titans_book.lab.learning.fitting import Misfit, Nothing
from titans_book.lab.learning.guard import SECONDS, Run, Watched, run
from titans_book.lab.learning.later import trouble
from titans_book.lab.learning.mistakes import looks_like, nearly, question, the_same
from titans_book.lab.learning.slips import slip
from titans_book.lab.learning.spread import spread
from titans_book.lab.learning.timing import times_as_long
from titans_book.lab.learning.verdict import Difference, Verdict
from titans_book.lab.learning.words import (
    advice,
    calls_itself,
    described,
    like_an_argument,
    line_of,
    listed,
    other_shape,
    parting,
    unit,
    why_nothing,
)

__all__ = ["examine", "under_check"]

TORCH = ("not implemented for", "Could not run")  # torch's own, which no stub raises
_under: list[tuple[str, Callable]] = []  # the exercises whose check is running, and what is judged


def examine(exercise: Exercise, function: Callable, seconds: float = SECONDS) -> Verdict:
    """Check one function. Never raises, whatever the function does."""
    judged = exercise.name, function
    _under.append(judged)
    try:
        return _examined(exercise, function, seconds)
    finally:
        _under.remove(judged)


def under_check(name: str) -> list[Callable]:
    """The functions that are being judged as exercise `name` at this moment."""
    return [function for exercise, function in _under if exercise == name]


def _examined(exercise: Exercise, function: Callable, seconds: float) -> Verdict:
    names = _argument_names(exercise)
    watched = Watched(function, exercise.reference, names, numbers=not exercise.part)
    steps: list[Step] = []

    def work() -> None:
        for step in exercise.probe(watched):
            steps.append(step)

    ran = run(work, seconds)
    try:
        with torch.device("cpu"):
            verdict = _failed(exercise, watched, steps, ran, seconds)
            verdict = verdict or _compared(exercise, function, watched, steps)
    except Exception as error:  # what came back cannot even be compared
        says = f"What it returns cannot be compared ({type(error).__name__}: {_said(error)})."
        verdict = "crashed", (says, "Is every value that it returns a plain torch tensor?"), None
    outcome, lines, difference = verdict
    return Verdict(outcome, exercise.short, lines, difference, ran.printed)


def _said(error: BaseException) -> str:
    """An error's words in one line; some errors cannot even be printed."""
    try:
        return " ".join(str(error).split())[:300]
    except Exception:
        return "(an error that cannot be printed)"


def _argument_names(exercise: Exercise) -> tuple[str, ...]:
    names = getattr(exercise.probe, "names", None)
    return names() if names else ()


Found = tuple[str, tuple[str, ...], Difference | None]


def _failed(
    exercise: Exercise, watched: Watched, steps: list[Step], ran: Run, seconds: float
) -> Found | None:
    """The answer for a run that did not come to its end but stopped after these steps."""
    error, at = ran.error, f"{unit(exercise)} {len(steps) + 1}"
    if type(error) is NotImplementedError and not any(part in _said(error) for part in TORCH):
        says = "It is not written yet. Until it is, the book's own version is used."
        return "open", (says,), None
    given = described(watched)
    if ran.endless:
        says = f"It had not come to an end after {seconds:g} seconds, so it was stopped in {at}."
        return "crashed", (says, given, "Which loop in it has no way out?"), None
    shape = _for_this_shape_only(exercise, watched, steps) if error is not None else ()
    if isinstance(error, Misfit):
        asks = exercise.misfit if error.shape and exercise.misfit else error.asks
        asks = why_nothing(watched.function) if isinstance(error, Nothing) else asks
        of = like_an_argument(watched, error.have, error.want)
        found = slip(exercise, watched) if error.shape else ()
        return "known", (error.says, *of, *shape, *(found or (asks,))), None
    if error is not None:
        if isinstance(error, RecursionError) and calls_itself(error, watched.function):
            says = "It calls itself, and those calls come to no end."
            return "known", (says, "Which function did you mean?"), None
        kind, words = type(error).__name__, _said(error)
        line = line_of(error, watched.function)
        says = f"It stopped in {at} with `{kind}`{': ' * bool(words)}{words.removesuffix('.')}."
        helps = slip(exercise, watched) or advice(words, exercise.misfit)
        return "crashed", (says, *line, given, *shape, *helps), None
    return None


def _for_this_shape_only(
    exercise: Exercise, watched: Watched, steps: list[Step]
) -> tuple[str, ...]:
    """Where all went well until an argument came in another shape."""
    if exercise.accept or len(watched.given) != len(steps) + 1:
        return ()
    fine = first_difference(steps, exercise.truth[: len(steps)], exercise.tolerance) is None
    return other_shape(watched, len(steps)) if fine else ()


def _compared(exercise: Exercise, function: Callable, watched: Watched, steps: list[Step]) -> Found:
    """The answer for a run that came to its end."""
    truth = exercise.truth
    differs = first_difference(steps, truth, exercise.tolerance)
    missing = exercise.accept(steps) if exercise.accept else ("" if differs is None else "differs")
    if not missing:
        return _right(exercise, function, watched)
    at, name = differs if differs is not None else (0, next(iter(steps[0])))
    expected = None if exercise.accept else _array(truth[at][name])
    difference = Difference(at + 1, name, _array(steps[at][name]), expected, unit(exercise))
    where = parting(steps, truth, at, name, exercise) if expected is not None else (missing,)
    if not exercise.accept and len(watched.given) == len(steps):
        where += other_shape(watched, at)
    known = the_same(exercise, steps)
    if known is not None:
        return "known", (*where, known.says, known.asks), difference
    near = () if exercise.accept else nearly(exercise, steps)
    found = slip(exercise, watched, steps, few=bool(near))
    if exercise.accept:
        return ("known" if found else "unknown"), (*where, *found), difference
    looks = looks_like(exercise, watched, steps, at, name)
    if found:
        return "known", (*where, *looks, *found), difference
    near = near or spread(exercise, watched, at)
    asks = question(exercise, steps, name)
    return "unknown", (*where, *looks, *near, asks), difference


def _right(exercise: Exercise, function: Callable, watched: Watched) -> Found:
    if watched.tracked:
        says = "The numbers are right, but gradients are now switched on in the caller's own "
        names = listed(watched.tracked)
        asks = "The next call would add to the old gradient: which line should work on a clone?"
        return "known", (f"{says}{names}.", asks), None
    if watched.edited:
        names = listed(watched.edited)
        are = "is" if len(watched.edited) == 1 else "are"
        says = (
            f"The numbers are right, but {names} {are} changed in place: the caller's own memory."
        )
        asks = "Which line writes into what was given (`+=`, `[...] =`, a name that ends in `_`)?"
        return "known", (says, asks), None
    later = trouble(exercise, watched)
    if later:
        return "known", later, None
    times = times_as_long(exercise, function)
    if times is not None and times > exercise.slow:
        says = f"The numbers are right. On a large input it takes over {exercise.slow:g} times as"
        asks = "Is there a loop over entries that could be a single tensor operation?"
        return "slow", (f"{says} long as the book's version.", asks), None
    if exercise.accept:
        return "right", (f"It does what is asked: {exercise.what}.",), None
    return "right", (f"It agrees with {exercise.source} on every {unit(exercise)} tried.",), None


def _array(value: Any) -> np.ndarray:
    return torch.as_tensor(value).detach().double().numpy()
