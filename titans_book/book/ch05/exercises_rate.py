"""The open design of chapter 05: a write rate that is decided at every token.

It has many right answers. It is judged by what it does to three memories (rating.py).
W_1 is (d, m), W_2 is (m, d), k and v are (d).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn.functional import gelu

from titans_book.book.ch05.rating import BAR, BEST, BROKEN, STREAMS, book_rate, errors
from titans_book.lab.learning.exercise import Exercise, Step
from titans_book.steps.deep import inner_grad, mlp_read

CHAPTER = "notebooks/05_deep_memory.ipynb"
NAN, MOST = -1.2345, 1e9
KNOWN = 2  # the draw at which the pair is known by heart


def _draws() -> list[tuple[Tensor, ...]]:
    """A few memories and pairs; in one of them the answer is exactly right."""
    random = torch.Generator().manual_seed(3)
    found = []
    for number in range(4):
        W_1, W_2 = 0.5 * torch.randn(2, 5, 5, generator=random, dtype=torch.float64)
        k, v = torch.randn(2, 5, generator=random, dtype=torch.float64)
        found.append((W_1, W_2, k, mlp_read(W_1, W_2, k) if number == KNOWN else v))
    return found


def _tried_on(function: Callable) -> Iterator[Step]:
    """Its rates for a few pairs; then its three errors."""
    rates = torch.stack([_marked(function(*given)) for given in _draws()])
    yield {"rates": rates, "errors": torch.zeros(len(STREAMS)).double()}
    function = getattr(function, "function", function)  # the streams once, not twice
    found = torch.tensor(list(errors(function).values()), dtype=torch.float64)
    yield {"rates": rates, "errors": found}


_tried_on.names = lambda: ("W_1", "W_2", "k", "v")


def _marked(rate: Tensor | float) -> Tensor:
    rate = torch.as_tensor(rate).detach().double()
    return rate.nan_to_num(nan=NAN, posinf=MOST, neginf=-MOST).round(decimals=6)


def _good_enough(steps: list[Step]) -> str:
    """What is missing, in words, with a question."""
    rates, found = steps[0]["rates"], steps[1]["errors"]
    if rates[KNOWN] == NAN or abs(rates[KNOWN]) == MOST:
        return (
            "For a pair that the memory knows by heart it gives no number. There the error is 0, "
            "and so is its gradient. What is divided by 0?"
        )
    if (rates == NAN).any() or (rates.abs() == MOST).any():
        return "It gives NaN or infinity for some pairs. What is divided by 0?"
    if (rates < 0).any():
        return "It is negative for some pairs. Where does a memory go that steps along +u?"
    if not rates.any():
        return "It is 0, so the memory learns nothing. What is the least it should write?"
    if (score := float(found.mean())) <= BAR:
        return ""
    worst = int(found.argmax())
    name = tuple(STREAMS)[worst]
    if float(found[worst]) >= BROKEN:
        return (
            f"The memory of the {name} stream breaks. How large is theta times the curvature there "
            "when it does?"
        )
    return (
        f"Its score is {score:.2f}, where {BAR} is asked for. It is worst in the {name} stream: an "
        f"error of {float(found[worst]):.2f}. Are its rates too large there, or too small?"
    )


my_rate = Exercise(
    name="05.my_rate",
    what="a write rate that no memory breaks at",
    grade="open",
    reference=book_rate,
    probe=_tried_on,
    hints=(
        "A constant rate is too large where the curvature is large, and too small elsewhere. What "
        "should the rate be multiplied by, or divided by?",
        "One number comes back. `curvature(W_1, W_2, k)` is one number as well. `inner_grad` and "
        "`mlp_read` give you the gradient and the answer, if you would rather measure how steep it "
        "is in the direction of the error: |u|² / |M(k) - v|², with something small below.",
        "    return c / rate_of_overshooting\n    rate_of_overshooting = curvature(W_1, W_2, k)\n"
        "    c = ...  (1 stores a pair at one stroke, 2 overshoots)",
    ),
    source="the best constant rate",
    taught=CHAPTER,
    part=False,
    accept=_good_enough,
    misfit="W_1 is (d, m), W_2 is (m, d), k and v are (d), and one number comes back. Which of "
    "these is different in your version?",
    solution="def my_rate(W_1, W_2, k, v):\n"
    "    u_1, u_2 = inner_grad(W_1, W_2, k, v)\n"
    "    error = mlp_read(W_1, W_2, k) - v\n"
    "    rho = (u_1.square().sum() + u_2.square().sum()) / (error.square().sum() + 1e-30)\n"
    "    return 1 / (1 + rho)",
)


def _rho(W_1, W_2, k, v, least=1e-30):
    u_1, u_2 = inner_grad(W_1, W_2, k, v)
    size = (mlp_read(W_1, W_2, k) - v).square().sum()
    return (u_1.square().sum() + u_2.square().sum()) / (size + least)


def _last(W_1, k):
    return gelu(k @ W_1).square().sum()


@my_rate.wrong("Which of the three streams would like a larger rate, and which a smaller one?")
def is_the_best_constant(W_1, W_2, k, v):
    """It is the best constant. It has to be small enough for the most dangerous of the three
    memories, and the others learn too slowly."""
    return BEST


@my_rate.wrong("How large do the weights of the loud memory become?")
def is_too_bold(W_1, W_2, k, v):
    """It is a constant that suits the quiet stream, and the loud one breaks at it."""
    return 0.2


@my_rate.wrong("After six rounds at this rate, how much of an error is left?")
def is_too_timid(W_1, W_2, k, v):
    """It is a constant so small that nothing can break, and next to nothing is learned."""
    return 0.005


@my_rate.wrong("Which layers move the answer when a pair is written?")
def counts_the_last_layer_only(W_1, W_2, k, v):
    """It is 1/|h|², the unit of a fresh memory. Once W_2 has grown, the hidden layer moves the
    answer as well, and then this is too bold."""
    return 1 / _last(W_1, k)


@my_rate.wrong("Which layers move the answer when a pair is written?")
def counts_the_last_layer_carefully(W_1, W_2, k, v):
    """It is a share of 1/|h|². That survives, but it is careful in the wrong places, because it
    leaves out what the hidden layer does to the answer."""
    return 0.3 / _last(W_1, k)


@my_rate.wrong("What does the length of the key tell about the weights?")
def is_the_rate_of_a_matrix(W_1, W_2, k, v):
    """It is 1/|k|², the rate of a matrix. A deep memory's curvature is made of its weights."""
    return 1 / k.square().sum()


@my_rate.wrong("What is the error of a pair that is known by heart, and its gradient?")
def divides_nothing_by_nothing(W_1, W_2, k, v):
    """It is 1/ρ with nothing added below. For a pair that the memory knows, ρ is 0 / 0."""
    return 1 / _rho(W_1, W_2, k, v, least=0.0)


@my_rate.wrong("At θ times the curvature above 2, is an error smaller after the write?")
def overshoots(W_1, W_2, k, v):
    """It is 2.5 over the curvature in the direction of the error, so each write overshoots by more
    than the error was."""
    return 2.5 / (_rho(W_1, W_2, k, v) + 1e-9)


@my_rate.wrong("A large surprise: is the memory in danger because of its error, or of its weights?")
def grows_with_the_error(W_1, W_2, k, v):
    """It grows with the error. The larger the error, the longer the step is already, because the
    gradient grows with it."""
    return 0.03 * (mlp_read(W_1, W_2, k) - v).norm()


@my_rate.wrong("What does the quiet memory do with a loud one's unit?")
def shrinks_with_the_error(W_1, W_2, k, v):
    """It cuts the length of every step to the same number, as a fuse does. That keeps numbers
    finite, but where values are loud it takes many small steps to say anything."""
    return 0.1 * (1 / (mlp_read(W_1, W_2, k) - v).norm().clamp(min=1))


@my_rate.wrong("Is a large curvature a reason to write more, or less?")
def multiplies_by_the_curvature(W_1, W_2, k, v):
    """It is proportional to the curvature, so it is largest where it should be smallest."""
    return 0.01 * _rho(W_1, W_2, k, v)


@my_rate.wrong("Which way do the weights go: W − θu, or W + θu?")
def walks_uphill(W_1, W_2, k, v):
    """It is negative, so the memory steps along the gradient and its errors grow."""
    return -1 / (1 + _rho(W_1, W_2, k, v))


@my_rate.wrong("What does a memory know that was never written?")
def writes_nothing(W_1, W_2, k, v):
    """It is 0: nothing is ever written."""
    return 0.0 * k.sum()
