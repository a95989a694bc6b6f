"""An exercise of chapter 01: a write of what is missing.

M is (d_in, d_out), k is (d_in), v is (d_out), theta is a number.
"""

import torch

from titans_book.lab.learning.exercise import Exercise, Probe, gate, normal, vector
from titans_book.steps import matrix as steps

CHAPTER = "notebooks/01_memory_is_a_function.ipynb"


def _missing(M, k, v):
    return v - k @ M


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


@delta_write.wrong("`outer(k, v)` is (d_in, d_out), the answer (d_out): to which rows is it added?")
def subtracts_the_answer_from_every_row(M, k, v, theta):
    """You subtract the answer from every row of k^T v, whatever the key. What is missing, v - k M,
    belongs inside the outer product."""
    return M + theta * (torch.outer(k, v) - k @ M)
