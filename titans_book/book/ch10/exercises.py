"""Exercises of chapter 10, first part: two errors that a memory can learn from.

answer and value are (d_out), or (n, d_out) for several memories at once.
"""

import torch

from titans_book.book.ch10.numbers import NaNProbe, number
from titans_book.lab.learning.exercise import Exercise, Probe, normal
from titans_book.steps import miras as steps

CHAPTER = "notebooks/10_miras.ipynb"


def _several(*shape, scale=2.0):
    """Answers of several memories, some far off."""
    return normal(*shape, scale=scale)


lp_error = Exercise(
    name="10.lp_error",
    what="the error of the loss 1/p |r|^p",
    reference=steps.lp_error,
    probe=NaNProbe(
        inputs={"answer": _several(2, 5), "value": normal(5), "p": number(1.2, 4.0)},
        returns=("error",),
    ),
    hints=(
        "What is the derivative of |r|^p / p for a positive r? And for a negative r, which way "
        "does the answer have to move?",
        "answer is (n, d_out) and value (d_out); so is what comes back, like their difference. "
        "`r.sign()` is -1, 0 or 1, entry by entry, and `r.abs()` the size.",
        "    return r.sign() * r.abs() ** (p - 1)\n    r = answer - value",
    ),
    source="MIRAS eqs. 10-11",
    taught=CHAPTER,
    misfit="answer is (n, d_out), value is (d_out), and the error has the shape of the answer: "
    "where did an axis go?",
)


@lp_error.wrong("What is the derivative of r³, and what is that of r³ / 3?")
def keeps_the_factor_p(answer, value, p):
    """You multiply by p. The loss has 1/p in front, and the derivative cancels it, so that p = 2 is
    the half loss of the earlier chapters."""
    r = answer - value
    return p * r.sign() * r.abs() ** (p - 1)


@lp_error.wrong("By how much does the power of a power function fall when you differentiate it?")
def keeps_the_power(answer, value, p):
    """You keep the power p. A derivative has one power less."""
    r = answer - value
    return r.sign() * r.abs() ** p


@lp_error.wrong("If an answer is too small by 1, should it be pushed up or down?")
def loses_the_sign(answer, value, p):
    """You return the size of the error without its sign, so an answer that is too small is pushed
    down even further."""
    return (answer - value).abs() ** (p - 1)


@lp_error.wrong(
    "The error is the derivative with respect to the answer. What is the derivative of -answer?"
)
def points_the_other_way(answer, value, p):
    """You take value minus answer. The error is a derivative with respect to the answer, and a
    memory subtracts it: yours would walk uphill."""
    r = value - answer
    return r.sign() * r.abs() ** (p - 1)


@lp_error.wrong("Is this the loss, or the slope of the loss?")
def is_the_loss_itself(answer, value, p):
    """You return the loss of each entry. What a memory follows is the derivative of it."""
    return (answer - value).abs() ** p / p


@lp_error.wrong("For which p is your function right?")
def ignores_p(answer, value, p):
    """You return the plain difference, whatever p is. That is right for p = 2 alone."""
    return (answer - value) + 0 * p


@lp_error.wrong("Does one large entry change how the other entries are corrected?")
def uses_the_length(answer, value, p):
    """You scale the whole error by a power of its length. The loss is a sum over the entries, so
    each entry has an error of its own."""
    r = answer - value
    return r * r.norm(dim=-1, keepdim=True) ** (p - 2)


@lp_error.wrong("What is r^(p-1) for r = -2 and p = 2.5?")
def drops_the_negative_entries(answer, value, p):
    """You cut negative differences off. An answer that is too small has to be corrected as well."""
    return (answer - value).clamp(min=0) ** (p - 1)


@lp_error.wrong("What is (-2) ** 1.5, and what should an answer that is too small get?")
def raises_negative_numbers(answer, value, p):
    """You raise the difference itself to the power p - 1. A negative number has no real power that
    is not whole, so it becomes NaN (shown
    as -999). Raise its size, and give it its sign back."""
    return (answer - value) ** (p - 1)


@lp_error.wrong("What is the derivative of x ** 3: 2 x, or something with x ** 2?")
def multiplies_by_the_exponent(answer, value, p):
    """You multiply by p - 1. The power p - 1 is an exponent of the difference."""
    return (answer - value) * (p - 1)


@lp_error.wrong("The loss has 1/p in front. Is it still there when you have differentiated?")
def keeps_the_division_by_p(answer, value, p):
    """You divide by p. Differentiating brings a factor p down, and that cancels the 1/p."""
    r = answer - value
    return r.sign() * r.abs() ** (p - 1) / p


@lp_error.wrong("Is the loss of two wrong entries their sum or their mean?")
def takes_the_mean(answer, value, p):
    """You divide by the number of features, as for a mean. The loss adds them up."""
    r = answer - value
    return r.sign() * r.abs() ** (p - 1) / r.shape[-1]


huber_error = Exercise(
    name="10.huber_error",
    what="the error of Huber's loss",
    reference=steps.huber_error,
    probe=Probe(
        inputs={"answer": _several(2, 5), "value": normal(5), "delta": number(0.5, 2.0)},
        returns=("error",),
    ),
    hints=(
        "Up to delta it is the error that you know. Beyond delta it stops growing. Which size does "
        "it stop at, and which sign does it keep?",
        "Entry by entry: the shape is that of answer - value, (n, d_out). torch has a function "
        "that cuts a tensor off at two ends; it is called `clamp`.",
        "    return (    answer - value    ).clamp(    -delta    ,    delta    )",
    ),
    source="MIRAS eqs. 13-14",
    taught=CHAPTER,
    misfit="answer is (n, d_out), value is (d_out), and the error has the shape of the answer: "
    "where did an axis go?",
)


@huber_error.wrong("An entry is too small by 100. Which correction does it get from you?")
def cuts_one_side_only(answer, value, delta):
    """You cut off at +delta alone. Errors far below are as dangerous as errors far above."""
    return (answer - value).clamp(max=delta)


@huber_error.wrong("What does your function return for an answer that is too small?")
def cuts_at_zero(answer, value, delta):
    """You cut off between 0 and delta. A negative difference becomes 0, so an answer that is too
    small is never corrected."""
    return (answer - value).clamp(0, delta)


@huber_error.wrong("How large is the step for an error that is just beyond delta?")
def cuts_at_one(answer, value, delta):
    """Beyond delta you return the sign alone, which has size 1. The slope of Huber's loss there is
    delta: at the border nothing jumps."""
    r = answer - value
    return torch.where(r.abs() <= delta, r, r.sign())


@huber_error.wrong("Should a large error correct the memory a little, or not at all?")
def ignores_large_errors(answer, value, delta):
    """You return 0 beyond delta. That is a good idea of its own, but Huber's loss keeps on
    growing there, with the slope delta."""
    r = answer - value
    return torch.where(r.abs() <= delta, r, 0 * r)


@huber_error.wrong("Can one broken entry make the other entries' corrections smaller?")
def cuts_the_length(answer, value, delta):
    """You shorten the whole error where its length is beyond delta. That is MIRAS's second version,
    eq. 15. Here every entry is cut for itself."""
    r = answer - value
    return r * (delta / r.norm(dim=-1, keepdim=True)).clamp(max=1)


@huber_error.wrong("A memory subtracts what you return. Does that bring the answer closer?")
def walks_uphill(answer, value, delta):
    """You take value minus answer, so that the memory walks away from the value."""
    return (value - answer).clamp(-delta, delta)


@huber_error.wrong("What is the slope of ½ r² ?")
def returns_the_loss(answer, value, delta):
    """You return Huber's loss. What a memory follows is its derivative."""
    r = answer - value
    size = r.abs()
    return torch.where(size <= delta, 0.5 * r**2, delta * (size - 0.5 * delta))


@huber_error.wrong("How large is your correction for an error of 0.001?")
def looks_at_signs_alone(answer, value, delta):
    """You return delta times the sign for every error, the small ones included. Below delta the
    error is the plain difference, so that a memory that is nearly right comes to rest."""
    return delta * (answer - value).sign()


@huber_error.wrong("What happens to an error of half of delta?")
def divides_by_delta(answer, value, delta):
    """You divide by delta, so that the largest error is 1. Then the small errors are no longer
    those of L2."""
    return ((answer - value) / delta).clamp(-1, 1)


@huber_error.wrong("Do small errors change if you cut off answer and value first?")
def cuts_before_it_compares(answer, value, delta):
    """You cut answer and value off, and compare them afterwards. What has to be cut is their
    difference: a value of 100 is no mistake if the answer is 100 as well."""
    return answer.clamp(-delta, delta) - value.clamp(-delta, delta)
