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
from torch import Tensor

from titans_book.lab.learning.compare import distance, first_difference, gap
from titans_book.lab.learning.exercise import Exercise, Step, Wrong
from titans_book.lab.learning.guard import SECONDS, Misfit, Run, Watched, run
from titans_book.lab.learning.looks import likeness, taken_apart
from titans_book.lab.learning.timing import times_as_long
from titans_book.lab.learning.verdict import Difference, Verdict

__all__ = ["examine"]

NEAR = 0.25  # of the way from the truth: nearer than that, a wrong version is named as a likeness


def examine(exercise: Exercise, function: Callable, seconds: float = SECONDS) -> Verdict:
    """Check one function. Never raises, whatever the function does."""
    watched = Watched(function, exercise.reference, _argument_names(exercise))
    steps: list[Step] = []

    def work() -> None:
        for step in exercise.probe(watched):
            steps.append(step)

    ran = run(work, seconds)
    verdict = _failed(watched, len(steps), ran, seconds)
    if verdict is None:
        verdict = _compared(exercise, function, watched, steps)
    outcome, lines, difference = verdict
    return Verdict(outcome, exercise.short, lines, difference, ran.printed)


def _argument_names(exercise: Exercise) -> tuple[str, ...]:
    names = getattr(exercise.probe, "names", None)
    return names() if names else ()


Found = tuple[str, tuple[str, ...], Difference | None]


def _failed(watched: Watched, right: int, ran: Run, seconds: float) -> Found | None:
    """The answer for a run that did not come to its end: `right` steps had returned something."""
    error, at = ran.error, f"step {right + 1}"
    if isinstance(error, NotImplementedError):
        says = "It is not written yet. Until it is, the book's own version is used."
        return "open", (says,), None
    given = _describe(watched)
    if ran.endless:
        says = f"It had not come to an end after {seconds:g} seconds, so it was stopped in {at}."
        return "crashed", (says, given, "Which loop in it has no way out?"), None
    if isinstance(error, Misfit):
        return "known", (error.says, error.asks), None
    if error is not None:
        kind, words = type(error).__name__, " ".join(str(error).split())[:300]
        line = _line_of(error, watched.function)
        says = f"It stopped in {at} with `{kind}`: {words}{'' if words.endswith('.') else '.'}"
        return "crashed", (says, *line, given), None
    return None


def _describe(watched: Watched) -> str:
    """What the function was given when it failed, argument by argument."""
    if not watched.given:
        return "It was not even called: does it take the arguments of the stub, in their order?"
    words = []
    for place, value in enumerate(watched.given[-1]):
        if isinstance(value, Tensor) and value.dim():
            text = f"shape {tuple(value.shape)}, {str(value.dtype).removeprefix('torch.')}"
        else:
            text = f"{float(value):.3f}" if isinstance(value, (Tensor, float)) else repr(value)
        words.append(f"`{watched.name(place)}`: {text}")
    return "It was given " + "; ".join(words) + "."


def _line_of(error: BaseException, function: Callable) -> tuple[str, ...]:
    """The line of the function at which it failed, counted from its `def`."""
    code, trace, line = getattr(function, "__code__", None), error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code is code:
            line = trace.tb_lineno - code.co_firstlineno + 1
        trace = trace.tb_next
    return (f"That was in line {line} of your function.",) if line else ()


def _so_far(right: int) -> tuple[str, ...]:
    if right == 0:
        return ()
    return (f"Step{'s 1 to ' + str(right) if right > 1 else ' 1'}: right.",)


def _compared(exercise: Exercise, function: Callable, watched: Watched, steps: list[Step]) -> Found:
    """The answer for a run that came to its end."""
    truth = exercise.truth()
    differs = first_difference(steps, truth, exercise.tolerance)
    missing = exercise.accept(steps) if exercise.accept else ("" if differs is None else "differs")
    if not missing:
        return _right(exercise, function, watched)
    at, name = differs if differs is not None else (0, next(iter(steps[0])))
    expected = None if exercise.accept else _array(truth[at][name])
    difference = Difference(at + 1, name, _array(steps[at][name]), expected)
    where = _where(steps, truth, at, name, exercise) if expected is not None else (missing,)
    known = _known(exercise, steps)
    if known is not None:
        return "known", (*where, known.says, known.asks), difference
    looks = _looks(exercise, watched, steps[at], truth[at], name, at)
    near = _near(exercise, steps, truth)
    asks = f"Which term of {exercise.source} would make just this difference?"
    if exercise.accept:
        asks = "In which direction does it have to change?"
    return "unknown", (*where, *looks, *near, asks), difference


def _looks(
    exercise: Exercise, watched: Watched, mine: Step, true: Step, name: str, at: int
) -> tuple[str, ...]:
    """What the difference looks like at this step."""
    if exercise.accept or at >= len(watched.given):
        return ()
    given = watched.given[at]
    looks = likeness(mine, true, name, given, watched.names)
    if exercise.terms is None:
        return looks
    numbers = [
        f"{n} = {float(value):.3g}"
        for n, value in zip(watched.names, given, strict=False)
        if isinstance(value, Tensor) and value.dim() == 0
    ]
    parts = taken_apart(mine[name], true[name], exercise.terms(*given))
    return (*looks, *parts, *([f"Here {', '.join(numbers)}."] if parts and numbers else []))


def _right(exercise: Exercise, function: Callable, watched: Watched) -> Found:
    if watched.edited:
        names = " and ".join(f"`{name}`" for name in watched.edited)
        says = f"The numbers are right, but {names} is changed in place: the caller's own memory."
        asks = "Which line writes into what was given (`+=`, `[...] =`, a name that ends in `_`)?"
        return "known", (says, asks), None
    times = times_as_long(exercise, function)
    if times is not None and times > exercise.slow:
        says = f"The numbers are right. On a large input it takes over {exercise.slow:g} times as"
        asks = "Which loop over entries could be a single tensor operation?"
        return "slow", (f"{says} long as the book's version.", asks), None
    return "right", (f"It does what {exercise.source} says, in every step of the probe.",), None


def _array(value: Any) -> np.ndarray:
    return torch.as_tensor(value).detach().double().numpy()


def _versions(exercise: Exercise) -> list[tuple[Wrong, list[Step]]]:
    return [(wrong, list(exercise.probe(wrong.function))) for wrong in exercise.bank]


def _known(exercise: Exercise, steps: list[Step]) -> Wrong | None:
    """The wrong version that does exactly the same."""
    for wrong, theirs in _versions(exercise):
        if distance(steps, theirs) <= exercise.tolerance:
            return wrong
    return None


def _near(exercise: Exercise, steps: list[Step], truth: list[Step]) -> tuple[str, ...]:
    """A wrong version that is much nearer than the truth is; single numbers are near by chance."""
    if exercise.accept or all(_array(value).size == 1 for value in truth[0].values()):
        return ()
    versions = [(distance(steps, theirs), wrong) for wrong, theirs in _versions(exercise)]
    off, wrong = min(versions, key=lambda pair: pair[0], default=(float("inf"), None))
    if wrong is None or not off < NEAR * min(distance(steps, truth), 1e9):
        return ()
    return (f"It behaves nearly like a mistake that the book knows: {wrong.says}",)


def _where(
    steps: list[Step], truth: list[Step], at: int, name: str, exercise: Exercise
) -> tuple[str, ...]:
    """What is right so far, and where the first difference is."""
    limit = exercise.tolerance
    fine = [other for other in truth[at] if gap(steps[at][other], truth[at][other]) <= limit]
    also = f" There {' and '.join(f'`{one}`' for one in fine)} is right still." if fine else ""
    single = len(truth) > 1 and at == 0
    begin = "It differs from the first step on" if single else f"It differs first at step {at + 1}"
    return (*_so_far(at), f"{begin}, in `{name}`.{also}")
