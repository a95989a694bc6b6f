"""Exercises of chapter 10: two maps that make a memory of an accumulator.

A is (d_in, d_out), or (n, d_in, d_out) for several memories at once.
"""

from titans_book.book.ch10.numbers import number
from titans_book.lab.learning.exercise import Exercise, Probe, normal
from titans_book.steps import miras as steps

CHAPTER = "notebooks/10_miras.ipynb"


softmax_retain = Exercise(
    name="10.softmax_retain",
    what="a memory whose columns are mixtures of the inputs",
    reference=steps.softmax_retain,
    probe=Probe(inputs={"A": normal(2, 5, 3), "c": number(0.5, 4.0)}, returns=("W",)),
    hints=(
        "Each output wants positive weights that add up to c. You know a function that turns any "
        "numbers into positive ones that add up to 1.",
        "A is (n, d_in, d_out). A column of the memory belongs to an output and has d_in entries: "
        "the weights of one column add up to c, so the softmax runs along the axis of d_in.",
        "    return c *    A.softmax(    dim=    -2    )",
    ),
    source="MIRAS eqs. 20-21",
    taught=CHAPTER,
    misfit="A is (n, d_in, d_out), and W has the same shape: along which axis is the softmax?",
)


@softmax_retain.wrong("If you add up the weights of one output, over all inputs, what do you get?")
def mixes_the_outputs(A, c):
    """Your softmax runs along d_out: every input spreads over the outputs. Here every output is to
    be a mixture of the inputs."""
    return c * A.softmax(dim=-1)


@softmax_retain.wrong("What do all weights of the memory add up to, and what should they?")
def takes_one_softmax_for_all(A, c):
    """You take a single softmax over the whole memory. Each column is a mixture of its own."""
    return c * A.flatten(-2).softmax(-1).view_as(A)


@softmax_retain.wrong("For an empty accumulator, what should the weights of a column add up to?")
def forgets_c(A, c):
    """Your columns add up to 1, whatever c is."""
    return A.softmax(dim=-2) + 0 * c


@softmax_retain.wrong("Does softmax(c A) add up to c?")
def sharpens_with_c(A, c):
    """You multiply A by c inside the softmax. That makes the mixture sharper, and its weights still
    add up to 1."""
    return (c * A).softmax(dim=-2)


@softmax_retain.wrong("What do the positive numbers exp(A) add up to?")
def does_not_normalise(A, c):
    """You take exp(A), which is positive but adds up to anything."""
    return c * A.exp()


@softmax_retain.wrong("Which rows of a batch should know of each other?")
def mixes_the_memories(A, c):
    """Your softmax runs along the first axis, that of the memories. They have nothing to do with
    each other."""
    return c * A.softmax(dim=0)


@softmax_retain.wrong("If an input was written against, should its weight grow or shrink?")
def turns_the_sign_round(A, c):
    """You take the softmax of -A, so the more was written for an input, the less it weighs."""
    return c * (-A).softmax(dim=-2)


@softmax_retain.wrong("May a weight of a mixture be negative?")
def takes_the_logarithm(A, c):
    """You return the logarithms of the shares. The memory is made of the shares themselves."""
    return c * A.log_softmax(dim=-2)


@softmax_retain.wrong("What are the weights of a column with the entries 1 and -2?")
def divides_by_the_sum(A, c):
    """You divide each column by its sum. The weights add up to c, but they can be negative, and
    nothing is left to divide by when the sum is 0."""
    return c * A / A.sum(dim=-2, keepdim=True)


@softmax_retain.wrong("Is a sigmoid told what the other inputs weigh?")
def takes_a_sigmoid(A, c):
    """You take a sigmoid of each entry. It is positive, but nothing makes a column add up to c."""
    return c * A.sigmoid()


lq_retain = Exercise(
    name="10.lq_retain",
    what="the mirror map that belongs to an l_q norm",
    reference=steps.lq_retain,
    probe=Probe(inputs={"A": normal(2, 4, 3), "q": number(2.3, 5.0)}, returns=("W",)),
    hints=(
        "Write |A|_q² as (sum of |a|^q)^(2/q) and differentiate it by one entry a: the outer power "
        "first, then the inner one. What is left of the sign of a?",
        "The norm is one number for each memory: sum over the last two axes with keepdim=True, so "
        "that it fits (n, d_in, d_out). As a check, twice the A must give twice the W.",
        "    return (other - 1) * A.sign() * A.abs() ** (q - 1) / norm ** (q - 2)\n"
        "    other = q / (q - 1)\n"
        "    norm = (A.abs() ** q).sum((-2, -1), keepdim=True) ** (1 / q)",
    ),
    source="the mirror map behind MIRAS eq. 24",
    taught=CHAPTER,
    misfit="A is (n, d_in, d_out), and each of the n memories has a norm of its own: did you keep "
    "the summed axes?",
)


def _norm(A, q, axes=(-2, -1)):
    return (A.abs() ** q).sum(axes, keepdim=True) ** (1 / q)


def _other(q):
    return q / (q - 1)


@lq_retain.wrong("What becomes of your memory if you halve the accumulator?")
def is_the_printed_map(A, q):
    """This is the map as the paper prints it. It divides by the norm, but the power q - 1 of the
    entries and the factor q' - 1 are missing, so for q = 4 a smaller accumulator makes a larger
    memory."""
    return steps.printed_map(A, q)


@lq_retain.wrong("For q = 2, what should the map do?")
def forgets_the_front_factor(A, q):
    """The factor q' - 1 is missing. It makes no difference to the shape of the map, but it is part
    of the gradient."""
    return A.sign() * A.abs() ** (q - 1) / _norm(A, q) ** (q - 2)


@lq_retain.wrong("What does a memory answer whose weights are all positive?")
def loses_the_sign(A, q):
    """You lose the sign of the entries: what was written as -1 comes out positive."""
    return (_other(q) - 1) * A.abs() ** (q - 1) / _norm(A, q) ** (q - 2)


@lq_retain.wrong("If the accumulator doubles, what does your memory do?")
def does_not_divide(A, q):
    """You do not divide by the norm. Then twice the accumulator is 2^(q-1) times the memory."""
    return (_other(q) - 1) * A.sign() * A.abs() ** (q - 1)


@lq_retain.wrong("What is the derivative of s^(2/q)? Which power of the norm is left?")
def divides_by_too_much(A, q):
    """You divide by the norm to the power q - 1. Then the size of the memory no longer depends on
    the accumulator."""
    return (_other(q) - 1) * A.sign() * A.abs() ** (q - 1) / _norm(A, q) ** (q - 1)


@lq_retain.wrong("Which entries does the norm in the potential add up?")
def takes_a_norm_for_each_column(A, q):
    """You take a norm for each column. The potential has one norm for the whole memory."""
    return (_other(q) - 1) * A.sign() * A.abs() ** (q - 1) / _norm(A, q, (-2,)) ** (q - 2)


@lq_retain.wrong("Which two axes belong to one memory?")
def takes_a_norm_for_all_memories(A, q):
    """You take one norm over the whole batch, so a memory's size depends on its neighbours."""
    return (_other(q) - 1) * A.sign() * A.abs() ** (q - 1) / _norm(A, q, (0, 1, 2)) ** (q - 2)


@lq_retain.wrong("With which power does |A|_q add up the entries?")
def takes_the_usual_norm(A, q):
    """You divide by the usual norm, with squares. The potential has the norm with the exponent
    q."""
    return (_other(q) - 1) * A.sign() * A.abs() ** (q - 1) / _norm(A, 2) ** (q - 2)


@lq_retain.wrong("If the accumulator doubles, what does its norm do, and what does yours?")
def forgets_the_root(A, q):
    """You add up the powers and leave out the root 1/q, so what you divide by is no norm."""
    return (_other(q) - 1) * A.sign() * A.abs() ** (q - 1) / _norm(A, q) ** (q * (q - 2))


@lq_retain.wrong("For which q is your function right?")
def takes_four_for_q(A, q):
    """You have q = 4 built in. The function is handed another q."""
    return steps.lq_retain(A, 4) + 0 * q


@lq_retain.wrong("Which of the two exponents is the norm's?")
def swaps_the_exponents(A, q):
    """You use q' where q belongs. With q = 4 the norm of the accumulator is the 4-norm, and q' =
    4/3 is that of the memory: this is the way back."""
    return steps.lq_retain(A, _other(q))


@lq_retain.wrong("Is the power of an entry q, or one less?")
def keeps_the_power(A, q):
    """You keep the power q of the entries. Differentiating takes one away."""
    return (_other(q) - 1) * A.sign() * A.abs() ** q / _norm(A, q) ** (q - 2)
