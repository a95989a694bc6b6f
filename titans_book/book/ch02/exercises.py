"""Exercises of chapter 02: the gradient, with the wrong versions that people write.

M is (d_in, d_out), k is (d_in), v is (d_out). The other exercises of the chapter are in
exercises_numbers.py and exercises_step.py.
"""

import torch

from titans_book.lab.learning.exercise import Exercise, Probe, normal, vector
from titans_book.steps import matrix as steps

CHAPTER = "notebooks/02_surprise_is_a_gradient.ipynb"


def _error(M, k, v):
    return k @ M - v


def _u(M, k, v):
    return torch.outer(k, _error(M, k, v))


def _terms(M, k, v):
    return {"M": M, "kᵀ(k M)": torch.outer(k, k @ M), "kᵀv": torch.outer(k, v)}


surprise_grad = Exercise(
    name="02.surprise_grad",
    what="the gradient of the loss for the memory",
    reference=steps.surprise_grad,
    probe=Probe(
        inputs={"M": normal(5, 3), "k": vector(5), "v": normal(3)},
        returns=("u",),
    ),
    load=lambda: tuple(torch.randn(size).double() for size in [(96, 96), (96,), (96,)]),
    hints=(
        "Ask the memory for k and compare with v. The entry in row i and column j only carries "
        "key feature i to answer feature j: how strongly was it pulled on, and by which error?",
        "u has the shape of M, (d_in, d_out): k as a column times the error k M - v as a row. "
        "`torch.outer(a, b)` makes the matrix of all products a[i] b[j]. Nothing is halved or "
        "doubled: the 2 of the square cancels the ½ of the loss.",
        "    return torch.outer(k, error)\n    error = read(M, k) - v",
    ),
    terms=_terms,
    source="Titans eqs. 8 and 12",
    taught=CHAPTER,
    misfit="M is (d_in, d_out), and so is its gradient. With respect to what have you "
    "differentiated (the memory, the key, the value)? And which vector comes first in your "
    "outer product?",
)


@surprise_grad.wrong("In eq. 8, is the minus a part of the gradient, or does the step bring it in?")
def points_downhill(M, k, v):
    """Your u points downhill: it is the gradient with the other sign. A gradient points to where
    the loss grows. The step goes the other way."""
    return -_u(M, k, v)


@surprise_grad.wrong("What is the derivative of ½ x²?")
def keeps_the_two(M, k, v):
    """Your u is twice too large. The 2 of the square cancels the ½ of the loss. (Equation 12 of
    the paper is printed without the ½.)"""
    return 2 * _u(M, k, v)


@surprise_grad.wrong("Does a value with twice as many features deserve half the gradient?")
def takes_the_mean(M, k, v):
    """You divide by the number of features: the loss is a sum over features, not a mean."""
    return _u(M, k, v) / len(v)


@surprise_grad.wrong("Should a pair that the memory knows already still have a gradient?")
def never_asks_the_memory(M, k, v):
    """The memory's own answer is missing: your u depends on the pair alone, so that it would be
    just as large the hundredth time."""
    return -torch.outer(k, v)


@surprise_grad.wrong("What should come out if the memory answers v exactly?")
def is_hebbs_write(M, k, v):
    """That is Hebb's write, k^T v: what the pair would add, whatever the memory knows."""
    return torch.outer(k, v)


@surprise_grad.wrong("Where does v, the value that was seen, come in?")
def never_looks_at_the_value(M, k, v):
    """The value is missing: your u only says how to erase what the memory answers to k."""
    return torch.outer(k, k @ M)


@surprise_grad.wrong("If k is twice as long, how much more does one entry of M move the answer?")
def shortens_the_key(M, k, v):
    """You bring k to length 1 in the outer product. The derivative has k as it is."""
    return torch.outer(k / k.norm(), _error(M, k, v))


@surprise_grad.wrong("Which gradient is it if the key was brought to length 1 before it was used?")
def asks_with_a_unit_key(M, k, v):
    """You bring k to length 1 before you use it anywhere, so it is the surprise of another
    question. Titans does that when it makes its keys, not here."""
    return _u(M, k / k.norm(), v)


@surprise_grad.wrong("What happens to a step if its gradient always has length 1?")
def has_length_one(M, k, v):
    """Your u always has length 1: its direction is right, but a slip surprises as much as a
    shock."""
    u = _u(M, k, v)
    return u / u.norm()


@surprise_grad.wrong("Error -3 and error +3: should their gradients be the same?")
def loses_the_sign(M, k, v):
    """The error has lost its sign, so that u cannot tell too much from too little."""
    return torch.outer(k, _error(M, k, v).abs())


@surprise_grad.wrong("If the error is twice as large, how much larger is the slope of its square?")
def squares_the_error(M, k, v):
    """You kept the square. The loss has the error squared, its derivative has it once."""
    return torch.outer(k, _error(M, k, v) ** 2)


@surprise_grad.wrong("Which loss has this gradient: ½ error², or its square?")
def weighs_with_the_loss(M, k, v):
    """You multiply the gradient by the loss itself, so that the surprise counts twice."""
    error = _error(M, k, v)
    return 0.5 * (error**2).sum() * torch.outer(k, error)


@surprise_grad.wrong("Which loss has this gradient: ½ error², or |error|?")
def weighs_with_the_error(M, k, v):
    """You multiply the gradient by the length of the error, which is in it already."""
    error = _error(M, k, v)
    return error.norm() * torch.outer(k, error)


@surprise_grad.wrong("Which function has the derivative ±1 everywhere?")
def only_takes_the_sign(M, k, v):
    """You take only the sign of the error: that is the gradient of the sum of |error|, not of its
    squares."""
    return torch.outer(k, _error(M, k, v).sign())


@surprise_grad.wrong("Is the loss the error's length, or half of its square?")
def differentiates_the_length(M, k, v):
    """That is the gradient of the length of the error. The loss is half of its square."""
    error = _error(M, k, v)
    return torch.outer(k, error / error.norm())


@surprise_grad.wrong("Does this memory answer with probabilities, or with k M?")
def is_a_classifier(M, k, v):
    """You turn the answer into probabilities by a softmax: that is the gradient of a classifier's
    loss. This memory answers k M."""
    return torch.outer(k, torch.softmax(k @ M, 0) - v)


@surprise_grad.wrong("Which rows of M did k ask, and how strongly?")
def ignores_the_key(M, k, v):
    """Every row of your u is the error itself. A row of M takes part in the answer only to the
    extent that its key feature is there, so row i gets k[i] times the error."""
    return torch.outer(torch.ones_like(k), _error(M, k, v))


@surprise_grad.wrong("Is the gradient asked for, or the memory after a step?")
def takes_the_step_already(M, k, v):
    """That is the memory after a step with theta = 1. Here only the gradient is asked for; the step
    comes later in the chapter."""
    return M - _u(M, k, v)


@surprise_grad.wrong("What does the memory answer to k: M, or k M?")
def compares_the_memory_itself(M, k, v):
    """You compare the whole memory with the pair, M - k^T v. The memory has to be asked first: only
    its answer to k counts."""
    return M - torch.outer(k, v)


@surprise_grad.wrong("How many numbers does the sum in the loss add up?")
def divides_by_the_entries(M, k, v):
    """You divide by the number of entries of M. Nothing here is a mean."""
    return _u(M, k, v) / M.numel()


@surprise_grad.wrong("`k @ M` is (d_out), `outer(k, v)` (d_in, d_out): what does `-` make of it?")
def subtracts_from_every_row(M, k, v):
    """Broadcasting puts the answer k M into every row, whatever the key. The error k M - v comes
    first; the outer product with k is taken of all of it."""
    return k @ M - torch.outer(k, v)


@surprise_grad.wrong("What is left of the parabola's bend, however small h is?")
def nudges_up(M, k, v):
    """You measure the slopes with nudges of 0.001. That is very close, but off by ½ k² h: the exact
    gradient is asked for."""
    u, h = _u(M, k, v), 0.001
    return u + 0.5 * h * (k**2)[:, None] * torch.ones_like(u)


@surprise_grad.wrong("Where does the bracket of `outer(k, ...)` have to close?")
def subtracts_after_the_product(M, k, v):
    """Your bracket closes too early: v is subtracted from every row of the outer product, when it
    should be subtracted from the answer first."""
    return torch.outer(k, k @ M) - v
