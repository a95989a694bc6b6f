"""Which mistake is it? What is said of numbers that are not the expected ones."""

from __future__ import annotations

import torch

from titans_book.lab.learning.compare import distance, gap
from titans_book.lab.learning.exercise import Exercise, Step, Wrong
from titans_book.lab.learning.guard import Watched
from titans_book.lab.learning.looks import NEARLY, likeness, taken_apart

__all__ = ["looks_like", "nearly", "question", "the_same"]

NEAR = 0.25  # of the way from the truth: nearer than that, a wrong version is named as a likeness


def the_same(exercise: Exercise, steps: list[Step]) -> Wrong | None:
    """The wrong version that does exactly the same."""
    for wrong, theirs in exercise.versions:
        if distance(steps, theirs) <= exercise.tolerance:
            return wrong
    return None


def nearly(exercise: Exercise, steps: list[Step]) -> tuple[str, ...]:
    """A wrong version that is much nearer than the truth is; single numbers are near by chance."""
    truth = exercise.truth
    if all(torch.as_tensor(value).numel() == 1 for value in truth[0].values()):
        return ()
    versions = [
        (distance(steps, theirs, size_of=truth), wrong) for wrong, theirs in exercise.versions
    ]
    off, wrong = min(versions, key=lambda pair: pair[0], default=(float("inf"), None))
    if wrong is None or not off < NEAR * min(distance(steps, truth), 1e9):
        return ()
    return (f"It behaves nearly like a mistake that the book knows: {wrong.says}",)


def looks_like(
    exercise: Exercise, watched: Watched, steps: list[Step], at: int, name: str
) -> tuple[str, ...]:
    """What the difference of `name` looks like at step `at`."""
    mine, true, given = steps[at], exercise.truth[at], watched.given[at]
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


def question(exercise: Exercise, steps: list[Step], name: str) -> str:
    """The question for an answer that nobody foresaw, and that differs in `name`."""
    if _right_but_for_gradients(exercise, steps):
        of = name.removeprefix("gradient of ")
        return f"The numbers are right. Which line cuts a path from `{of}` to the result?"
    if distance(steps, exercise.truth) <= NEARLY:
        return "Which line is not exact?"
    return f"Which {_term_of(exercise)} would make just this difference?"


def _term_of(exercise: Exercise) -> str:
    """What an answer is made of: terms of an equation, where the exercise has one."""
    equation = "eq" in exercise.source.lower().split("(")[0].replace("sequence", "")
    return f"term of the equation ({exercise.source})" if equation else "line of yours"


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
