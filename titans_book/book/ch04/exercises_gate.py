"""The gate of chapter 04, an exercise with many right answers: forget when the world changes.

It is judged by what it does to a memory that travels through worlds (travel.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import torch
from torch import Tensor

from titans_book.book.ch04.travel import LENGTH, Journey, journey, read
from titans_book.lab.learning.exercise import Exercise, Step

CHAPTER = "notebooks/04_forgetting.ipynb"
NAN, INFINITE = -1.2345, 2.3456  # stand for what is no alpha, in numbers that can be compared
FIXED = 0.0125  # about the best constant alpha for worlds of LENGTH tokens


def _trips() -> tuple[Journey, Journey]:
    """One journey, and one whose meanings are all eight times as large."""
    return journey(0), journey(1, size=8.0)


def _read_with_gate(function: Callable) -> Iterator[Step]:
    """alpha, a row for each world: for both trips; then for silence, no surprise and none usual."""
    for trip in _trips():
        felt: list[float] = []

        def gate(surprise: Tensor, usual: Tensor, felt: list[float] = felt) -> Tensor:
            felt.append(float(function(surprise, usual)))
            return torch.tensor(felt[-1])

        error = read(trip, gate).error.mean()
        yield {"alpha": _marked(torch.tensor(felt)).view(-1, LENGTH), "error": error}
    nothing = torch.zeros((), dtype=torch.float64)
    yield {"alpha": _marked(function(nothing, nothing)).view(1, 1), "error": nothing}


def _marked(alpha: Tensor) -> Tensor:
    """alpha with NAN and INFINITE in the places of NaN and infinity."""
    return alpha.double().nan_to_num(nan=NAN, posinf=INFINITE, neginf=-INFINITE)


_read_with_gate.names = lambda: ("surprise", "usual")


@lru_cache(maxsize=1)
def _constant() -> tuple[float, ...]:
    """The mean errors of both trips with the best constant alpha."""
    return tuple(float(read(trip, FIXED).error.mean()) for trip in _trips())


def _good_gate(steps: list[Step]) -> str:
    *trips, silence = steps
    for step in steps:
        if words := _no_share(step["alpha"].flatten(), "" if step is silence else "usual is 0"):
            return words
    for step, constant, words in zip(trips, _constant(), ("", " times 8"), strict=True):
        error = float(step["error"])
        if not error < 0.95 * constant:
            return (
                f"On a journey with meanings of size 1{words} its mean error is {error:.3f}; "
                f"the best constant alpha has {constant:.3f}, and {0.95 * constant:.3f} is asked "
                f"for. {_habits(step['alpha'])}"
            )
    return ""


def _no_share(alpha: Tensor, first: str) -> str:
    """What is wrong with the first alpha that is no share; first: what is so at the first token."""
    outside = ((alpha < 0) | (alpha > 1)).nonzero().flatten().tolist()
    if not outside:
        return ""
    token, value = outside[0], float(alpha[outside[0]])
    when = "where nothing surprises and usual is 0"
    if first:
        when = f"at token {token}" if token else f"at the first token, where {first}"
    if value == NAN:
        return f"It gives NaN {when}: one NaN spoils a memory for good."
    if abs(value) == INFINITE:
        return f"It gives infinity {when}: what is divided by 0?"
    return f"alpha is a share, from 0 to 1; yours is {value:.3g} {when}."


def _habits(alpha: Tensor) -> str:
    """When a gate opened, from its alpha in each world (a row each)."""
    false = int((alpha[:, 3:] > 0.1).sum()) + int((alpha[0, :3] > 0.1).sum())
    slept = int((alpha[1:, :3].amax(1) < 0.3).sum())
    if false > 3:
        return (
            f"It opens at {false} tokens that are no border. False alarms keep the memory young, "
            "and `usual` high, so that a border no longer stands out."
        )
    return f"It stays nearly shut at {slept} of the 3 borders, and opens {false} times elsewhere."


def _forget_gate(surprise: Tensor, usual: Tensor) -> Tensor:
    return (surprise > 2 * usual).double() * (usual > 0)


forget_gate = Exercise(
    name="04.forget_gate",
    what="a gate that forgets when the world changes",
    reference=_forget_gate,
    probe=_read_with_gate,
    hints=(
        "At a border the old world's answers are wrong, and that surprises more than usual. By how "
        "much? Print surprise / usual around token 60.",
        "Two numbers in, one number from 0 to 1 out. A comparison will do, or a sigmoid of the "
        "ratio. `usual` is 0 before the first token, so multiply by it rather than divide.",
        "    return 1.0 if changed else 0.0\n    changed = usual > 0 and surprise > ... * usual",
    ),
    source="the error of the best constant alpha",
    taught=CHAPTER,
    part=False,
    accept=_good_gate,
    solution="def forget_gate(surprise, usual):\n"
    "    changed = usual > 0 and surprise > 2 * usual\n"
    "    return 1.0 if changed else 0.0",
)


@forget_gate.wrong("How large is surprise / usual at token 61, the first behind a border?")
def never(surprise, usual):
    """It never opens on these journeys: that is chapter 03."""
    return 0 * surprise


@forget_gate.wrong("What can a memory learn that is wiped at every token?")
def always(surprise, usual):
    """It forgets everything at every token, world or no world."""
    return 0 * surprise + 1


@forget_gate.wrong("Is it good news or bad news for the memory when nothing surprises it?")
def reversed_gate(surprise, usual):
    """It is the wrong way round: it forgets where all is well, and keeps where all is wrong."""
    return (surprise < 2 * usual).double()


@forget_gate.wrong("If all goes well, how large is `surprise`, and which branch does it take?")
def shuts_at_the_border(surprise, usual):
    """It is the wrong way round: shut where surprise is large, open where all is well."""
    return (surprise <= 2 * usual).double()


@forget_gate.wrong("How often is a surprise larger than the mean of those before it?")
def opens_above_the_mean(surprise, usual):
    """It opens whenever a surprise is larger than usual, and at the very first token as well. Noise
    is enough for that."""
    return (surprise > usual).double()


@forget_gate.wrong("About half of all surprises are above the average: how much above is unusual?")
def opens_at_every_small_surprise(surprise, usual):
    """It opens as soon as a surprise is a little larger than usual. Noise is enough for that."""
    return ((surprise > usual) & (usual > 0)).double()


@forget_gate.wrong("What if all meanings were eight times as large?")
def compares_with_a_fixed_number(surprise, usual):
    """It compares with a fixed number and does not look at `usual`, so it fits values of one size
    only."""
    return (surprise > 4.8).double()


@forget_gate.wrong("What is 0 / 0, and what is NaN times a memory?")
def divides_by_zero(surprise, usual):
    """It divides by `usual`, which is 0 before the first token."""
    return torch.sigmoid(8 * (surprise / usual - 2))


@forget_gate.wrong("Which function turns any number into one between 0 and 1?")
def is_the_ratio(surprise, usual):
    """It returns the ratio itself, which knows no upper end."""
    return surprise / (usual + 1e-9)


@forget_gate.wrong("Which of the two arguments does your answer depend on?")
def is_a_constant(surprise, usual):
    """It forgets a little at every token, whatever the surprise says."""
    return 0 * surprise + FIXED
