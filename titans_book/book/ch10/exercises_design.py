"""The open design of chapter 10: an error function for a noise that nobody tells you beforehand.

It has many right answers. It is judged by what it does to memories that read three streams.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from titans_book.book.ch10.design import BAR, ratios
from titans_book.lab.learning.exercise import Exercise, Step
from titans_book.steps import miras as steps

CHAPTER = "notebooks/10_miras.ipynb"
NAN, MOST = -1.2345, 1e9  # stand for what is no number, and for what is as good as infinite


def _read_with(function: Callable) -> Iterator[Step]:
    """What it returns for a few differences; then its ratios, one for each noise."""
    points = torch.linspace(-12, 12, 49, dtype=torch.float64)
    answer = torch.stack([points, points.flip(0) / 8])
    value = torch.linspace(-1, 1, 49, dtype=torch.float64)
    error = function(answer, value)
    if isinstance(error, Tensor) and error.shape != answer.shape:
        raise ValueError(f"answer is {tuple(answer.shape)}, your error is {tuple(error.shape)}")
    yield {"error": _marked(error), "ratios": torch.zeros(3)}
    found = ratios(lambda answer, value: function(answer, value).double())
    yield {"error": _marked(error), "ratios": torch.tensor(list(found.values())).clamp(max=MOST)}


def _marked(error: Tensor) -> Tensor:
    return error.double().nan_to_num(nan=NAN, posinf=MOST, neginf=-MOST)


_read_with.names = lambda: ("answer", "value")


def _good_enough(steps_: list[Step]) -> str:
    """What is missing: the noise at which it is worst, and by how much."""
    if (steps_[0]["error"] == NAN).any():
        return "It returns NaN for some differences: one NaN spoils a memory for good."
    found = dict(
        zip(("outliers", "Gaussian", "uniform"), steps_[1]["ratios"].tolist(), strict=True)
    )
    noise, ratio = max(found.items(), key=lambda pair: pair[1])
    if ratio <= BAR:
        return ""
    often = f"{ratio:.1f} times" if ratio < 1e4 else "more than 10,000 times"
    return f"With {noise} noise it is {often} as wrong as the best power. {_advice(noise)}"


def _advice(noise: str) -> str:
    return {
        "outliers": "There a few differences of about 10 ruin what all the others have taught.",
        "Gaussian": "There most differences are between 0.1 and 0.6. Do they still count?",
        "uniform": "There no difference is larger than about 0.5, once the memory knows the map: "
        "the largest of them say most.",
    }[noise]


def _my_error(answer: Tensor, value: Tensor) -> Tensor:
    return steps.huber_error(answer, value, 0.7)


my_error = Exercise(
    name="10.my_error",
    what="an error function for a noise that is not known beforehand",
    reference=_my_error,
    probe=_read_with,
    hints=(
        "Outliers want large differences to count little. Bounded noise wants the largest of the "
        "honest differences to count most. How large is an honest difference, at most?",
        "answer is (n, d_out), value (d_out), and the error has the shape of their difference. It "
        "may be any function of the difference, as long as it has the same sign.",
        "    return r.clamp(-delta, delta)\n    r = answer - value\n    delta = ...  (for what "
        "delta do honest differences pass, and outliers not?)",
    ),
    source="the best power for each noise",
    taught=CHAPTER,
    part=False,
    accept=_good_enough,
    solution="def my_error(answer, value):\n    return huber_error(answer, value, 0.7)",
)


@my_error.wrong("How large is the step for a value that is wrong by 10?")
def is_l2(answer, value):
    """It is the plain difference, L2. One outlier moves the memory as far as thirty honest
    values."""
    return answer - value


@my_error.wrong("For which noise is the answer's own size of any use?")
def never_asks(answer, value):
    """It is -value, the error of the dot product. The memory is never asked, so nothing tells it
    when to stop."""
    return -value + 0 * answer


@my_error.wrong("What does p = 3 do with a difference of 10?")
def is_monetas(answer, value):
    """It is Moneta's, p = 3. It is good with bounded noise, but an outlier of 10 counts 100 times
    as much as a difference of 1."""
    return steps.lp_error(answer, value, 3)


@my_error.wrong("How much more does a difference of 0.5 tell you than one of 0.01?")
def is_the_sign(answer, value):
    """It is the sign alone, p = 1. It stands outliers, but with bounded noise it throws away what
    the largest differences say."""
    return steps.lp_error(answer, value, 1)


@my_error.wrong("Which power would you take, if you knew the noise?")
def is_a_power_between(answer, value):
    """It is a power between L1 and L2, p = 1.5. That comes close, but no single power is good at
    all three noises."""
    return steps.lp_error(answer, value, 1.5)


@my_error.wrong("How many honest differences are smaller than your delta?")
def cuts_too_early(answer, value):
    """It is Huber's error with a delta so small that nearly every difference is cut: a sign in
    disguise."""
    return steps.huber_error(answer, value, 0.1)


@my_error.wrong("How large is an outlier here, and how large is your delta?")
def cuts_too_late(answer, value):
    """It is Huber's error with a delta of 5. An outlier of 10 is halved, and still counts far too
    much."""
    return steps.huber_error(answer, value, 5.0)


@my_error.wrong("A memory subtracts what you return. Does that bring its answer closer?")
def walks_uphill(answer, value):
    """It has the wrong sign, so the memory walks away from every value."""
    return -steps.huber_error(answer, value, 0.7)


@my_error.wrong("What does a memory learn whose error is always 0?")
def learns_nothing(answer, value):
    """It is 0 everywhere, so the memory stays empty."""
    return 0 * (answer - value)


@my_error.wrong("How large are the differences of a memory that knows nothing yet?")
def ignores_too_much(answer, value):
    """It ignores every difference above 0.3. That keeps outliers out, and most of the honest
    values as well."""
    r = answer - value
    return torch.where(r.abs() < 0.3, r, 0 * r)
