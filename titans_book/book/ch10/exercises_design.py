"""The open design of chapter 10: an error function for a noise that nobody tells you beforehand.

It has many right answers. It is judged by what it does to memories that read three streams.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from titans_book.book.ch10.design import BAR, measured
from titans_book.book.ch10.noise import NOISES, RATES
from titans_book.lab.learning.exercise import Exercise, Step
from titans_book.steps import miras as steps

CHAPTER = "notebooks/10_miras.ipynb"
NAN, MOST = -1.2345, 1e9  # stand for what is no number, and for what is as good as infinite


def _read_with(function: Callable) -> Iterator[Step]:
    """What it returns for a few differences; then its ratios, one for each noise."""
    answer, value = _differences()
    error = function(answer, value)
    if isinstance(error, Tensor) and error.shape != answer.shape:
        raise ValueError(f"answer is {tuple(answer.shape)}, your error is {tuple(error.shape)}")
    alone = torch.cat([function(row[None], value) for row in answer])
    seen = {"error": _marked(error), "alone": _marked(alone)}
    nothing = torch.zeros(3, dtype=torch.float64)
    yield seen | {"ratios": nothing, "rates": nothing}
    found = measured(lambda answer, value: function(answer, value).double()).values()
    ratios, rates = torch.tensor(list(found), dtype=torch.float64).unbind(1)
    yield seen | {"ratios": ratios.clamp(max=MOST), "rates": rates}


def _differences() -> tuple[Tensor, Tensor]:
    """Answers of two memories, near and far, and a value."""
    points = torch.linspace(-12, 12, 49, dtype=torch.float64)
    return torch.stack([points, points.flip(0) / 8]), torch.linspace(-1, 1, 49).double()


def _marked(error: Tensor) -> Tensor:
    return error.double().nan_to_num(nan=NAN, posinf=MOST, neginf=-MOST)


_read_with.names = lambda: ("answer", "value")


def _good_enough(steps_: list[Step]) -> str:
    """What is missing: the noise at which it is worst, and by how much."""
    if (steps_[0]["error"] == NAN).any():
        return "It returns NaN for some differences: one NaN spoils a memory for good."
    if broken := _broken(steps_[0]["error"], steps_[0]["alone"]):
        return broken
    ratios, rates = steps_[1]["ratios"], steps_[1]["rates"]
    ratio, place = ratios.max(0)
    if ratio <= BAR:
        return ""
    often = f"{ratio:.1f} times" if ratio < 1e4 else "more than 10,000 times"
    noise = tuple(NOISES)[place]
    known = {"outliers": "the outliers"}.get(noise, f"{noise} noise")
    says = f"With {known} it is {often} as wrong as the best power."
    if rates[place] <= RATES[0]:
        return f"{says} Its best rate there is the smallest on offer: scale your error down."
    return f"{says} {_advice(noise)}"


def _broken(error: Tensor, alone: Tensor) -> str:
    """What no rate can make good, in words."""
    answer, value = _differences()
    if not error.any():
        return "It is 0 for all differences, so the memory stays empty."
    if float((error.sign() * (answer - value).sign()).sum()) < 0:
        return (
            "Its sign is wrong: it is negative where the answer is too large. A memory subtracts "
            "its error, so yours walks uphill."
        )
    if not torch.allclose(error, alone):
        return (
            "The error of one memory depends on the answers of the others. Each row of `answer` "
            "belongs to a memory of its own."
        )
    return ""


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
    grade="open",
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


@my_error.wrong("How large is the step for a value that is off by 10?")
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
