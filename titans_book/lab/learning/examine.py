"""Which mistake is it? Compares a learner's function with the truth and with known wrong versions.

The function runs the exercise's probe on copies, in a thread of its own. Six answers are possible:

    open      it is a stub still
    crashed   it raised an error, or came to no end; the answer shows what it was given
    known     it does exactly what a wrong version of the bank does, or returns the wrong kind of
              thing: the misconception by name, and one question
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

from titans_book.lab.learning.compare import distance, first_difference, gap
from titans_book.lab.learning.exercise import Exercise, Step, Wrong
from titans_book.lab.learning.fitting import Misfit
from titans_book.lab.learning.guard import SECONDS, Run, Watched, run
from titans_book.lab.learning.looks import likeness, taken_apart
from titans_book.lab.learning.timing import times_as_long
from titans_book.lab.learning.verdict import Difference, Verdict
from titans_book.lab.learning.words import advice, described, line_of, parting, unit

__all__ = ["examine"]

TORCH = ("not implemented for", "Could not run")  # torch's own, which no stub raises
NEAR = 0.25  # of the way from the truth: nearer than that, a wrong version is named as a likeness


def examine(exercise: Exercise, function: Callable, seconds: float = SECONDS) -> Verdict:
    """Check one function. Never raises, whatever the function does."""
    names = _argument_names(exercise)
    watched = Watched(function, exercise.reference, names, numbers=not exercise.part)
    steps: list[Step] = []

    def work() -> None:
        for step in exercise.probe(watched):
            steps.append(step)

    ran = run(work, seconds)
    try:
        with torch.device("cpu"):
            verdict = _failed(exercise, watched, len(steps) + 1, ran, seconds)
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
    exercise: Exercise, watched: Watched, step: int, ran: Run, seconds: float
) -> Found | None:
    """The answer for a run that did not come to its end but stopped at some step."""
    error, at = ran.error, f"{unit(exercise)} {step}"
    if type(error) is NotImplementedError and not any(part in _said(error) for part in TORCH):
        says = "It is not written yet. Until it is, the book's own version is used."
        return "open", (says,), None
    given = described(watched)
    if ran.endless:
        says = f"It had not come to an end after {seconds:g} seconds, so it was stopped in {at}."
        return "crashed", (says, given, "Which loop in it has no way out?"), None
    if isinstance(error, Misfit):
        asks = exercise.misfit if error.shape and exercise.misfit else error.asks
        return "known", (error.says, asks), None
    if error is not None:
        kind, words = type(error).__name__, _said(error)
        line = line_of(error, watched.function)
        says = f"It stopped in {at} with `{kind}`{': ' * bool(words)}{words.removesuffix('.')}."
        return "crashed", (says, *line, given, *advice(words, exercise.misfit)), None
    return None


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
    known = _known(exercise, steps)
    if known is not None:
        return "known", (*where, known.says, known.asks), difference
    if exercise.accept:
        return "unknown", where, difference
    looks = _looks(exercise, watched, steps[at], truth[at], name, at)
    near = _near(exercise, steps, truth)
    asks = f"Which term of the equation ({exercise.source}) would make just this difference?"
    if _right_but_for_gradients(exercise, steps):
        of = name.removeprefix("gradient of ")
        asks = f"The numbers are right. Which line cuts a path from `{of}` to the result?"
    return "unknown", (*where, *looks, *near, asks), difference


def _right_but_for_gradients(exercise: Exercise, steps: list[Step]) -> bool:
    """Whether a probe that looks at gradients, too, finds all the rest right."""
    if not getattr(exercise.probe, "of", ()):
        return False
    names = exercise.probe.returns
    return all(
        gap(mine[name], true[name]) <= exercise.tolerance
        for mine, true in zip(steps, exercise.truth, strict=True)
        for name in names
    )


def _looks(
    exercise: Exercise, watched: Watched, mine: Step, true: Step, name: str, at: int
) -> tuple[str, ...]:
    """What the difference looks like at this step."""
    given = watched.given[at]
    looks = likeness(mine, true, name, given, watched.names)
    if exercise.terms is None:
        return looks
    numbers = [
        f"{n} = {float(value):.3g}"
        for n, value in zip(watched.names, given, strict=False)
        if isinstance(value, float) or value.dim() == 0
    ]
    parts = taken_apart(mine[name], true[name], exercise.terms(*given))
    return (*looks, *parts, *([f"Here {', '.join(numbers)}."] if parts and numbers else []))


def _right(exercise: Exercise, function: Callable, watched: Watched) -> Found:
    if watched.tracked:
        says = "The numbers are right, but gradients are now switched on in the caller's own "
        names = " and ".join(f"`{name}`" for name in watched.tracked)
        asks = "The next call would add to the old gradient: which line should work on a clone?"
        return "known", (f"{says}{names}.", asks), None
    if watched.edited:
        names = " and ".join(f"`{name}`" for name in watched.edited)
        are = "is" if len(watched.edited) == 1 else "are"
        says = (
            f"The numbers are right, but {names} {are} changed in place: the caller's own memory."
        )
        asks = "Which line writes into what was given (`+=`, `[...] =`, a name that ends in `_`)?"
        return "known", (says, asks), None
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


def _known(exercise: Exercise, steps: list[Step]) -> Wrong | None:
    """The wrong version that does exactly the same."""
    for wrong, theirs in exercise.versions:
        if distance(steps, theirs) <= exercise.tolerance:
            return wrong
    return None


def _near(exercise: Exercise, steps: list[Step], truth: list[Step]) -> tuple[str, ...]:
    """A wrong version that is much nearer than the truth is; single numbers are near by chance."""
    if all(_array(value).size == 1 for value in truth[0].values()):
        return ()
    versions = [
        (distance(steps, theirs, size_of=truth), wrong) for wrong, theirs in exercise.versions
    ]
    off, wrong = min(versions, key=lambda pair: pair[0], default=(float("inf"), None))
    if wrong is None or not off < NEAR * min(distance(steps, truth), 1e9):
        return ()
    return (f"It behaves nearly like a mistake that the book knows: {wrong.says}",)
