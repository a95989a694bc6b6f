"""Exercises of chapter 01, second part: how wrong an answer is, and a write of what is missing.

M is (d_in, d_out), k is (d_in), v is (d_out), theta is a number.
"""

import torch

from titans_book.lab.learning.exercise import Exercise, Probe, gate, normal, vector
from titans_book.steps import matrix as steps

CHAPTER = "notebooks/01_memory_is_a_function.ipynb"


def _missing(M, k, v):
    return v - k @ M


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


delta_write = Exercise(
    name="01.delta_write",
    what="a write of what is missing: the delta rule",
    reference=steps.delta_write,
    probe=Probe(
        state={"M": normal(4, 3)},
        inputs={"k": vector(4), "v": normal(3), "theta": gate(0.2, 0.8)},
        returns=("M",),
    ),
    load=lambda: (
        torch.ones(300, 300).double(), torch.ones(300).double(), torch.ones(300).double(),
        torch.tensor(1e-3),
    ),
    hints=(
        "First ask the memory for k. What it lacks of v is what you write, in the way of Hebb.",
        "What is missing is (d_out), like v. Its outer product with k is (d_in, d_out), like M, "
        "and theta says which share of it to write.",
        "    return M + theta * torch.outer(k, missing)\n    missing = v - read(M, k)",
    ),
    terms=lambda M, k, v, theta: {
        "M": M, "kᵀ(k M)": torch.outer(k, k @ M), "kᵀv": torch.outer(k, v)
    },
    source="Titans eq. 34",
    taught=CHAPTER,
)  # fmt: skip


@delta_write.wrong("If the memory knew the pair already, how much should it write?")
def writes_without_looking(M, k, v, theta):
    """You write the value whatever the memory already answers: that is Hebb's rule, times
    theta."""
    return M + theta * torch.outer(k, v)


@delta_write.wrong("Right after the write, is the answer nearer to v, or farther away?")
def writes_away_from_the_value(M, k, v, theta):
    """Your sign is turned: every write makes the error larger. What is missing is v minus the
    answer."""
    return M - theta * torch.outer(k, _missing(M, k, v))


@delta_write.wrong("What should theta = 0 do to a memory?")
def ignores_theta(M, k, v, theta):
    """theta is not used: you always write all that is missing."""
    return M + torch.outer(k, _missing(M, k, v))


@delta_write.wrong("What is the derivative of ½ x²?")
def writes_twice_as_much(M, k, v, theta):
    """You write twice too much. The 2 comes from a loss without the ½; the book's has it."""
    return M + 2 * theta * torch.outer(k, _missing(M, k, v))


@delta_write.wrong("Does a value with twice as many features deserve half the write?")
def divides_by_the_features(M, k, v, theta):
    """You divide by the number of features: the loss is a sum over them, not a mean."""
    return M + theta * torch.outer(k, _missing(M, k, v)) / len(v)


@delta_write.wrong("Erase and write: does theta multiply one of them, or both?")
def erases_everything_and_writes_a_share(M, k, v, theta):
    """theta stands before the new value only: the whole old answer is erased, and a share of the
    new one written."""
    return M + torch.outer(k, theta * v - k @ M)


@delta_write.wrong("Erase and write: does theta multiply one of them, or both?")
def writes_everything_and_erases_a_share(M, k, v, theta):
    """theta stands before the old answer only: you write the whole value, and erase a share of
    the old answer."""
    return M + torch.outer(k, v - theta * (k @ M))


@delta_write.wrong("Your write makes room for a value. Where is the value?")
def only_erases(M, k, v, theta):
    """You erase the old answer, and never write the new one."""
    return M - theta * torch.outer(k, k @ M)


@delta_write.wrong("Where does eq. 34 divide by |k|²?")
def divides_by_the_squared_length(M, k, v, theta):
    """You divide by |k|², which makes the write exact for keys of any length. A good idea with a
    name of its own (normalised LMS); eq. 34 does without, and the book gives its keys length 1."""
    return M + theta * torch.outer(k, _missing(M, k, v)) / (k @ k)


@delta_write.wrong("Which of the two k of eq. 34 did you bring to length 1?")
def normalises_the_key(M, k, v, theta):
    """You bring the key to length 1, for asking and for writing. Eq. 34 takes it as it comes."""
    k = k / k.norm()
    return M + theta * torch.outer(k, _missing(M, k, v))


@delta_write.wrong("What is left of all the other pairs after your write?")
def returns_the_change(M, k, v, theta):
    """You return the change alone, without the memory it belongs to."""
    return theta * torch.outer(k, _missing(M, k, v))


@delta_write.wrong("Does a write for one key have to touch a key that is orthogonal to it?")
def fades_the_whole_memory(M, k, v, theta):
    """You mix the whole memory with the new pair, in shares of 1 - theta and theta. Only what
    answers to k should give way; the rest stays."""
    return (1 - theta) * M + theta * torch.outer(k, v)


@delta_write.wrong("The answer is v already. What does your rule write?")
def adds_the_answer(M, k, v, theta):
    """You add the old answer to the value; what is missing is the difference."""
    return M + theta * torch.outer(k, v + k @ M)


@delta_write.wrong("Does a large error deserve a larger write than a small one?")
def writes_the_sign_alone(M, k, v, theta):
    """You write the sign of what is missing, not what is missing: every error is treated alike."""
    return M + theta * torch.outer(k, _missing(M, k, v).sign())


@delta_write.wrong("If every row changes alike, what becomes of the keys that live elsewhere?")
def writes_into_every_row(M, k, v, theta):
    """You add what is missing to every row alike. A row gets as much as the key has there."""
    return M + theta * _missing(M, k, v)
