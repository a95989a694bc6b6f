"""Exercises of chapter 02: the step, with the wrong versions that people write.

M is (d_in, d_out), k is (d_in), v is (d_out); theta is a number.
"""

import torch

from titans_book.lab.learning.exercise import Exercise, Probe, gate, normal, vector
from titans_book.steps import matrix as steps

CHAPTER = "notebooks/02_surprise_is_a_gradient.ipynb"


def _error(M, k, v):
    return k @ M - v


def _u(M, k, v):
    return torch.outer(k, _error(M, k, v))


def _terms(M, k, v, theta):
    return {"M": M, "kᵀ(k M)": torch.outer(k, k @ M), "kᵀv": torch.outer(k, v)}


def _large():
    M, k, v = (torch.randn(size).double() for size in [(96, 96), (96,), (96,)])
    return M, k, v, torch.tensor(0.01)


surprise_step = Exercise(
    name="02.surprise_step",
    what="one step against the surprise",
    reference=steps.surprise_step,
    probe=Probe(
        state={"M": normal(5, 3)},
        inputs={"k": vector(5), "v": normal(3), "theta": gate(0.1, 0.4)},
        returns=("M",),
    ),
    load=_large,
    hints=(
        "The gradient points to where the loss grows, and you want it to fall. Where do you start, "
        "and in which direction do you go?",
        "theta is a number, and M and u have the same shape. So has the result. Make a new "
        "tensor, because the caller keeps the old one.",
        "    return new\n    new = M - theta * u\n    u = surprise_grad(M, k, v)",
    ),
    terms=_terms,
    source="Titans eq. 8",
    taught=CHAPTER,
)


@surprise_step.wrong("Does the gradient point towards less error, or towards more?")
def climbs(M, k, v, theta):
    """You step along the gradient, so every write makes the error larger."""
    return M + theta * _u(M, k, v)


@surprise_step.wrong("With |k| = 1 and theta = 1, how much of the error should be left?")
def steps_twice_as_far(M, k, v, theta):
    """Your step is twice too long: it has the factor 2 of a loss without the ½."""
    return M - 2 * theta * _u(M, k, v)


@surprise_step.wrong("Does a value with twice as many features deserve half the write?")
def steps_by_the_mean(M, k, v, theta):
    """Your step is divided by the number of features: the loss is a sum over features."""
    return M - theta * _u(M, k, v) / len(v)


@surprise_step.wrong("What should theta = 0 do to the memory?")
def ignores_theta(M, k, v, theta):
    """The write rate is missing: you always take the whole gradient."""
    return M - _u(M, k, v)


@surprise_step.wrong("Where is everything that the memory knew before this pair?")
def forgets_where_it_was(M, k, v, theta):
    """You return the step alone. It has to be added to the memory that came in."""
    return -theta * _u(M, k, v)


@surprise_step.wrong("With theta = 0.1, what is left of M after ten tokens?")
def scales_the_memory_too(M, k, v, theta):
    """theta multiplies the old memory as well. It belongs to u only."""
    return theta * (M - _u(M, k, v))


@surprise_step.wrong("If the memory knew the pair already, how much should it write?")
def writes_without_asking(M, k, v, theta):
    """You write the value whatever the memory already answers: that is Hebb's rule."""
    return M + theta * torch.outer(k, v)


@surprise_step.wrong("And the value that was seen: where is it written?")
def only_erases(M, k, v, theta):
    """You take away what the memory answers to k, and never write v in its place."""
    return M - theta * torch.outer(k, k @ M)


@surprise_step.wrong("One number for all entries: where is the direction of the gradient?")
def subtracts_the_score(M, k, v, theta):
    """You subtract the size of the surprise from every entry. The size is for our eyes; the step
    needs the whole matrix u."""
    return M - theta * _u(M, k, v).norm()


@surprise_step.wrong("The memory answers 3 where 1 was right: which of your terms brings it down?")
def writes_harder_when_surprised(M, k, v, theta):
    """You write k^T v, the harder the larger the error. The gradient has a direction as well: it
    takes the wrong answer out."""
    return M + theta * _error(M, k, v).norm() * torch.outer(k, v)


@surprise_step.wrong("How far should a memory step that is almost right?")
def always_steps_equally_far(M, k, v, theta):
    """Your step has the same length for a slip and for a shock: u was brought to length 1."""
    u = _u(M, k, v)
    return M - theta * u / u.norm()


@surprise_step.wrong("Which token asked the memory to forget something?")
def forgets_as_well(M, k, v, theta):
    """Your memory also shrinks by theta. Forgetting is a gate of its own, alpha, in chapter 04."""
    return (1 - theta) * M - theta * _u(M, k, v)


@surprise_step.wrong("What does a running average do to the pairs that were stored before?")
def averages(M, k, v, theta):
    """That is a running average of k^T v: every write fades all the older ones."""
    return (1 - theta) * M + theta * torch.outer(k, v)


@surprise_step.wrong("At which memory does eq. 8 take the gradient: M before, or M after the step?")
def looks_ahead(M, k, v, theta):
    """Your step takes the gradient at the memory after the step. That is a sound rule (Longhorn's,
    eq. 35), but not eq. 8."""
    return M - theta / (1 + theta * (k @ k)) * _u(M, k, v)


@surprise_step.wrong("Which of theta and |k| does eq. 8 divide by?")
def divides_by_the_key(M, k, v, theta):
    """You divide by |k|², so that theta is the share of the error that is corrected. Eq. 8 does
    not; in Titans all keys have length 1."""
    return M - theta / (k @ k) * _u(M, k, v)


@surprise_step.wrong("How does theta enter eq. 8: once, or squared?")
def steps_by_theta_squared(M, k, v, theta):
    """theta counts twice: was u multiplied by it already?"""
    return M - theta**2 * _u(M, k, v)


@surprise_step.wrong("Is the gradient asked for, or the memory after a step?")
def returns_the_gradient(M, k, v, theta):
    """You return the gradient alone. What is asked for is the memory after a step against it."""
    return _u(M, k, v)


@surprise_step.wrong(
    "In which order does Python compute `M - theta * u`, with and without brackets?"
)
def subtracts_theta_first(M, k, v, theta):
    """Brackets: you subtract theta from M, and multiply the result by u."""
    return (M - theta) * _u(M, k, v)
