"""The gate of chapter 04, an exercise with many right answers: forget when the world changes.

It is judged by what it does to a memory that travels through worlds (travel.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from titans_book.book.ch04.scoring import BAR, book_gate, constant, trips
from titans_book.book.ch04.travel import LENGTH, PACE, read
from titans_book.lab.learning.exercise import Exercise, Step

CHAPTER = "notebooks/04_forgetting.ipynb"
NAN, INFINITE = -1.2345, 2.3456  # stand for what is no alpha, in numbers that can be compared


def _read_with_gate(function: Callable) -> Iterator[Step]:
    """alpha, a row for each world: for both trips; then for silence, no surprise and none usual."""
    for trip in trips():
        felt: list[float] = []

        def gate(surprise: Tensor, usual: Tensor, felt: list[float] = felt) -> Tensor:
            felt.append(float(function(surprise, usual)))
            return torch.tensor(felt[-1])

        reading = read(trip, gate)
        alpha = _marked(torch.tensor(felt)).view(-1, LENGTH)
        yield {"alpha": alpha, "error": reading.error.mean(), "surprise": reading.surprise}
    nothing = torch.zeros((), dtype=torch.float64)
    alpha = _marked(function(nothing, nothing)).view(1, 1)
    yield {"alpha": alpha, "error": nothing, "surprise": nothing[None]}


def _marked(alpha: Tensor | float) -> Tensor:
    """alpha with NAN and INFINITE in the places of NaN and infinity."""
    alpha = torch.as_tensor(alpha).double()
    return alpha.nan_to_num(nan=NAN, posinf=INFINITE, neginf=-INFINITE)


_read_with_gate.names = lambda: ("surprise", "usual")


def _good_gate(steps: list[Step]) -> str:
    *journeys, silence = steps
    for step in steps:
        if words := _no_share(step, silent=step is silence):
            return words
    for step, fixed, words in zip(journeys, constant(), ("", " times 8"), strict=True):
        found = float(step["error"]) / fixed
        if not found < BAR:
            return (
                f"On a journey with meanings of size 1{words} its mean error is "
                f"{float(step['error']):.3f}, and the best constant alpha has {fixed:.3f}. That is "
                f"a score of {found:.2f}, where {BAR} is asked for. {_habits(step['alpha'])}"
            )
    return ""


def _no_share(step: Step, silent: bool) -> str:
    """What is wrong with the first alpha that is no share, and a question."""
    alpha, surprise = step["alpha"].flatten(), step["surprise"].tolist()
    outside = ((alpha < 0) | (alpha > 1)).nonzero().flatten().tolist()
    if not outside:
        return ""
    token, value = outside[0], float(alpha[outside[0]])
    usual, when = _usual(surprise, token), "where nothing surprises and usual is 0"
    if not silent:
        when = (
            f"at token {token + 1}, where surprise is {surprise[token]:.2g} and usual {usual:.2g}"
        )
        when = when if token else "at the first token, where usual is 0"
    if value == NAN:
        return f"It gives NaN {when}: one NaN spoils a memory for good. What is 0 divided by 0?"
    if abs(value) == INFINITE:
        return f"It gives infinity {when}. What is divided by 0, or what is it the logarithm of?"
    says = f"alpha is a share, from 0 to 1; yours is {value:.3g} {when}."
    if value < 0:
        return (
            f"{says} A negative alpha makes the memory grow, because 1 − alpha is more than 1. "
            "Which part of your formula can be negative, and what should such a token do?"
        )
    return f"{says} Which function turns any number into one between 0 and 1?"


def _usual(surprise: list[float], token: int) -> float:
    """What was usual before a token, as in travel.read."""
    usual = 0.0
    for t, size in enumerate(surprise[:token]):
        usual = size if t == 0 else usual + PACE * (size - usual)
    return usual


def _habits(alpha: Tensor) -> str:
    """When a gate opened, from its alpha in each world (a row each)."""
    false = int((alpha[:, 3:] > 0.1).sum()) + int((alpha[0, :3] > 0.1).sum())
    slept = int((alpha[1:, :3].amax(1) < 0.3).sum())
    if false > 3:
        return (
            f"It opens at {false} tokens that are no border. False alarms keep the memory young, "
            "and `usual` high, so that a border no longer stands out. What is different there?"
        )
    says = f"It stays nearly shut at {slept} of the 3 borders, and opens {false} times elsewhere."
    if not slept:
        return f"{says} How far does it open at a border, and how much of the old world is left?"
    return f"{says} How large is surprise / usual at the first token behind a border?"


forget_gate = Exercise(
    name="04.forget_gate",
    what="a gate that forgets when the world changes",
    grade="open",
    reference=book_gate,
    probe=_read_with_gate,
    hints=(
        "At a border the old world's answers are wrong, and that surprises more than usual. By how "
        "much? Print both numbers for the tokens 55 to 65.",
        "Two numbers in, one number from 0 to 1 out. A comparison will do, or a sigmoid. What "
        "should come out at the first token, where `usual` is 0 and must not be divided by?",
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
