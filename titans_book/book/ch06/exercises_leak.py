"""A test that finds out who sees the future, an exercise of chapter 06 with many right answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from titans_book.book.ch06.exercises import CHAPTER
from titans_book.lab.learning.exercise import Exercise, Step


def _ahead(x: Tensor) -> Tensor:
    """Row t sees the next row as well."""
    return x + x.roll(-1, 0)


def _fours(x: Tensor) -> Tensor:
    """Every row is the mean of its four, or of as many of them as there are."""
    return torch.cat([four.mean(0, keepdim=True).expand_as(four) for four in x.split(4)])


def _back_to_the_first(x: Tensor) -> Tensor:
    """Row 0 sees row 5, if there is one."""
    return torch.cat([x[:1] - 50 * x[5:6].sum(0), x[1:]])


# Each takes a text of any length: who compares with the text cut off at p is right as well.
# What a leak test is tried on: a function of x, (T, d), the token that is changed, and whether
# anything before it moves.
SUSPECTS: tuple[tuple[Callable[[Tensor], Tensor], int, bool], ...] = (
    (lambda x: x.cumsum(0), 3, False),
    (lambda x: x.flip(0).cumsum(0).flip(0), 3, True),
    (lambda x: -1e-3 * _ahead(x), 4, True),
    (_fours, 6, True),
    (_fours, 4, False),
    (lambda x: torch.stack([1.0 * x[:, 0], x[:, 0] * x[:, 1]], 1).cumsum(0), 5, False),
    (_back_to_the_first, 5, True),
)


def _tests(function: Callable) -> Iterator[Step]:
    """What the leak test measures, suspect by suspect."""
    x = torch.randn(8, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for suspect, p, _ in SUSPECTS:
        found = function(suspect, x, p)
        yield {"leak": torch.as_tensor(found, dtype=torch.float64)}


_tests.names = lambda: ("answer", "x", "p")


def _leak(answer, x, p):
    changed = x.clone()
    changed[p] += 1
    return (answer(changed) - answer(x))[:p].abs().max()


def _finds_leaks(steps: list[Step]) -> str:
    for number, (step, (_, p, leaks)) in enumerate(zip(steps, SUSPECTS, strict=True), 1):
        found = float(step["leak"])
        if not found >= 0:
            return f"In example {number} it measures {found:.3g}; a largest change is 0 or more."
        if leaks != (found > 1e-9):
            truth = "answers before it do move" if leaks else "nothing before it moves"
            return (
                f"In example {number} token {p} is changed and {truth}; your test says {found:.3g}."
            )
    return ""


leak = Exercise(
    name="06.leak",
    what="a test that finds out who sees the future",
    reference=_leak,
    probe=_tests,
    hints=(
        "Ask twice: once with x as it is, once with a copy in which token p is something else. "
        "What may differ between the two lists of answers, and what may not?",
        "x is (T, d), answer(x) is (T, d_out). `y[:p]` are the answers before token p. A largest "
        "change has no sign: `.abs().max()`. x itself must stay as it is: `.clone()`.",
        "    return (answer(changed) - answer(x))[:p].abs().max()\n"
        "    changed[p] += 1\n    changed = x.clone()",
    ),
    source="the answers before token p",
    taught=CHAPTER,
    part=False,
    accept=_finds_leaks,
)


@leak.wrong("May an answer at token p depend on token p?")
def counts_the_token_itself(answer, x, p):
    """It also counts the answer at p itself. That one may change: p has been read by then."""
    changed = x.clone()
    changed[p] += 1
    return (answer(changed) - answer(x))[: p + 1].abs().max()


@leak.wrong("Which answers are forbidden to move: those before p, or those after?")
def looks_behind(answer, x, p):
    """It looks at the answers from p on. Those are allowed to change."""
    changed = x.clone()
    changed[p] += 1
    return (answer(changed) - answer(x))[p:].abs().max()


@leak.wrong("What does a leak look like that makes an answer smaller?")
def misses_what_falls(answer, x, p):
    """It misses answers that become smaller: a change has two directions."""
    changed = x.clone()
    changed[p] += 1
    return (answer(changed) - answer(x))[:p].max().clamp(min=0)


@leak.wrong("What are the two texts that you compare, and where do they differ?")
def changes_the_answers(answer, x, p):
    """It compares a text with itself. Either nothing is changed between the two questions, or both
    names stand for one tensor: `changed = x` makes no copy, `x.clone()` does."""
    return (answer(x) - answer(x.clone()))[:p].abs().max()


@leak.wrong("If answer 0 sees everything and answer p - 1 nothing: does your test notice?")
def looks_at_one_answer(answer, x, p):
    """It looks only at the answer just before p. A leak may be anywhere before it."""
    changed = x.clone()
    changed[p] += 1
    return (answer(changed) - answer(x))[p - 1].abs().max()


@leak.wrong("Which token is changed, and may the answers behind it move?")
def changes_what_came_before(answer, x, p):
    """It changes the tokens before p. Their own answers may well move: change token p alone."""
    changed = x.clone()
    changed[:p] += 1
    return (answer(changed) - answer(x))[:p].abs().max()


@leak.wrong("What if two changes of opposite sign stand beside each other?")
def lets_changes_cancel(answer, x, p):
    """It takes the size of a sum: changes up and down cancel, or nearly, and small ones drown."""
    changed = x.clone()
    changed[p] += 1
    return (answer(changed) - answer(x))[:p].sum().abs().round()
