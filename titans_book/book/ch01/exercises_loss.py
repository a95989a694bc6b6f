"""An exercise of chapter 01: how wrong an answer is.

M is (d_in, d_out), k is (d_in), v is (d_out).
"""

from titans_book.lab.learning.exercise import Exercise, Probe, normal, vector
from titans_book.steps import matrix as steps

CHAPTER = "notebooks/01_memory_is_a_function.ipynb"


loss = Exercise(
    name="01.loss",
    what="how wrong the memory's answer is",
    reference=steps.loss,
    probe=Probe(inputs={"M": normal(4, 3), "k": vector(4), "v": normal(3)}, returns=("loss",)),
    hints=(
        "Ask the memory for k. How far is its answer from v? Square that, and take a half.",
        "The answer and v are (d_out); so is their difference. The loss is one number: square each "
        "entry, then add them up.",
        "    return 0.5 * (error**2).sum()\n    error = read(M, k) - v",
    ),
    source="Titans eq. 12, halved",
    taught=CHAPTER,
)


@loss.wrong("What is the derivative of ½ x², and what that of x²?")
def forgets_the_half(M, k, v):
    """The ½ is missing. Eq. 12 of the paper is printed without it, its appendix C with it; this
    book halves everywhere, so that the gradient has no factor 2."""
    return ((k @ M - v) ** 2).sum()


@loss.wrong("Two errors of 1, or one error of 1: which is the worse answer?")
def takes_the_mean(M, k, v):
    """You take the mean over the features; eq. 12 is a sum. A long value would count no more than
    a short one."""
    return 0.5 * ((k @ M - v) ** 2).mean()


@loss.wrong("By what does mse_loss divide, and by what does the book?")
def is_the_usual_mse(M, k, v):
    """This is the usual mean squared error: a mean over the features, without the ½. The book's
    loss is half the sum."""
    return ((k @ M - v) ** 2).mean()


@loss.wrong("Is the length of an error the sum of its squares, or the root of that sum?")
def takes_half_the_length(M, k, v):
    """You take half the length of the error, where half its square is asked for."""
    return 0.5 * (k @ M - v).norm()


@loss.wrong("Which errors should count most: many small ones, or a few large ones?")
def takes_half_the_absolute(M, k, v):
    """You add up absolute errors; eq. 12 adds up their squares."""
    return 0.5 * (k @ M - v).abs().sum()


@loss.wrong("Does eq. 12 print a small 2 above the bars?")
def takes_the_length(M, k, v):
    """You take the length of the error; the square is missing, and the ½."""
    return (k @ M - v).norm()


@loss.wrong("With errors +1 and -1, how wrong is the answer?")
def does_not_square(M, k, v):
    """You add the errors up without squaring them, so that errors of opposite sign cancel."""
    return 0.5 * (k @ M - v).sum()


@loss.wrong("What comes first: squaring each entry, or adding them up?")
def squares_the_sum(M, k, v):
    """You add the errors up first and square the sum, so that errors of opposite sign cancel."""
    return 0.5 * (k @ M - v).sum() ** 2


@loss.wrong("How much worse is an error of 2 than an error of 1?")
def takes_absolute_values(M, k, v):
    """You add up absolute errors. Eq. 12 squares them; other losses come in chapter 10."""
    return (k @ M - v).abs().sum()


@loss.wrong("Is ½ x² the same as (½ x)²?")
def halves_inside_the_square(M, k, v):
    """Your ½ stands inside the square and comes out as a quarter."""
    return ((0.5 * (k @ M - v)) ** 2).sum()


@loss.wrong("What is the loss of an answer that is exactly v?")
def does_not_compare(M, k, v):
    """You measure the answer itself, not its distance from v."""
    return 0.5 * ((k @ M) ** 2).sum()


@loss.wrong("What is the loss of an answer that is exactly v?")
def adds_the_value(M, k, v):
    """You add v to the answer; an error is a difference."""
    return 0.5 * ((k @ M + v) ** 2).sum()


@loss.wrong("Can this loss tell an answer that is right from one that is twice too long?")
def rewards_agreement(M, k, v):
    """You take minus the dot product of answer and value. That is a loss too, and Hebb's rule
    follows from it; eq. 12 measures the distance."""
    return -(k @ M) @ v


@loss.wrong("Which of the two is the question, and which the answer it should get?")
def asks_with_the_value(M, k, v):
    """You ask with the value and compare with the key: the two are swapped."""
    return 0.5 * ((M @ v - k) ** 2).sum()
