"""Exercises of chapter 01, first part: a matrix as a memory is read, and written by Hebb's rule.

M is (d_in, d_out), k is (d_in), v is (d_out); q is one question (d_in), or many at once (T, d_in).
"""

import torch

from titans_book.lab.learning.exercise import Exercise, Probe, normal, one_or_many, vector
from titans_book.steps import matrix as steps

CHAPTER = "notebooks/01_memory_is_a_function.ipynb"


def _load(*shapes):
    """Arguments of one large call."""
    return lambda: tuple(torch.ones(*shape).double() for shape in shapes)


read = Exercise(
    name="01.read",
    what="the answer of a memory matrix to a question",
    reference=steps.read,
    probe=Probe(inputs={"M": normal(4, 3), "q": one_or_many(4)}, returns=("y",), seed=5),
    load=_load((300, 300), (300,)),
    hints=(
        "The question says how much of each row of M it wants. The answer is the rows, each times "
        "its amount, added up. Which operation of linear algebra is that?",
        "q is (d_in) or (T, d_in), M is (d_in, d_out), y is (d_out) or (T, d_out): the d_in of q "
        "meets the rows of M, so q stands on the left.",
        "    M    return    @    q",
    ),
    source="Titans eqs. 5 and 15",
    taught=CHAPTER,
    misfit="q has d_in numbers, or d_in a row: which side of a product has to meet M's rows?",
)


@read.wrong("If a question is twice as long, how long should the answer be?")
def normalises_the_question(M, q):
    """You bring the question to length 1 first. Reading takes it as it comes; who wants keys of
    length 1 makes them so beforehand."""
    return q / q.norm(dim=-1, keepdim=True) @ M


@read.wrong("What would you answer to a question that wants 0.6 of one row and 0.8 of another?")
def looks_up_one_row(M, q):
    """You take the one row with the largest entry of the question, as a dictionary would. A
    question may want some of several rows."""
    return M[q.argmax(-1)]


@read.wrong("Where is there a softmax in eq. 5?")
def attends_to_the_rows(M, q):
    """You turn the question into shares with a softmax, as attention does. This memory is linear:
    the entries of q are the amounts themselves, and they may be negative."""
    return torch.softmax(q, dim=-1) @ M


@read.wrong("Must the entries of an answer add up to 1?")
def turns_the_answer_into_shares(M, q):
    """You turn the answer into shares with a softmax. A value may be any vector."""
    return torch.softmax(q @ M, dim=-1)


@read.wrong("What does a memory answer that holds one pair and is asked for it?")
def averages_the_rows(M, q):
    """You divide by the number of rows, a mean in the place of a sum: every answer comes out too
    small."""
    return q @ M / len(M)


@read.wrong("What is 1/√d there for in attention, and is there a softmax here?")
def scales_as_attention_does(M, q):
    """You divide by the square root of d_in, as attention does before its softmax. Nothing of the
    kind stands in eq. 5."""
    return q @ M / len(M) ** 0.5


@read.wrong("How does a memory say that it knows only a little?")
def normalises_the_answer(M, q):
    """You bring the answer to length 1. Its length says how much the memory knows; a faint answer
    has to stay faint."""
    return torch.nn.functional.normalize(q @ M, dim=-1)


@read.wrong("May a value have a negative entry?")
def clips_the_answer(M, q):
    """You cut negative answers off. Values may be negative, and so may answers."""
    return torch.relu(q @ M)


hebb_write = Exercise(
    name="01.hebb_write",
    what="a pair, added to a memory as an outer product",
    reference=steps.hebb_write,
    probe=Probe(state={"M": normal(4, 3)}, inputs={"k": vector(4), "v": normal(3)}, returns=("M",)),
    load=_load((300, 300), (300,), (300,)),
    hints=(
        "Each row of M gets the value v, times that row's entry of the key. What is already there "
        "stays.",
        "k is (d_in), v is (d_out); what is added must be (d_in, d_out), like M. "
        "torch.outer(a, b) has the shape (len(a), len(b)).",
        "    torch.outer(    M    k    return    +    v    ,    )",
    ),
    terms=lambda M, k, v: {"M": M, "kᵀv": torch.outer(k, v)},
    source="Titans eq. 4",
    taught=CHAPTER,
)


@hebb_write.wrong("After the second pair, what should be left of the first?")
def forgets_the_earlier_pairs(M, k, v):
    """You return the new pair alone: all earlier pairs are gone."""
    return torch.outer(k, v)


@hebb_write.wrong("Ask for the key you have just written into an empty memory: v, or -v?")
def writes_the_opposite(M, k, v):
    """You subtract the pair, so the memory answers the opposite of the value."""
    return M - torch.outer(k, v)


@hebb_write.wrong("Where does eq. 4 divide by the length of the key?")
def normalises_the_key(M, k, v):
    """You bring the key to length 1 before writing. Eq. 4 takes it as it comes."""
    return M + torch.outer(k / k.norm(), v)


@hebb_write.wrong("With k = (0.6, 0.8, 0, 0), which rows should change?")
def writes_into_one_row(M, k, v):
    """You write the value into the one row with the key's largest entry. Every row gets its share
    of the value, as much as the key has there."""
    M = M.clone()
    M[k.argmax()] += v
    return M


@hebb_write.wrong("If every row gets the same value, how can two keys have different answers?")
def writes_into_every_row(M, k, v):
    """You add the value to every row, whatever the key is."""
    return M + v


@hebb_write.wrong("Does Hebb's rule look at what the memory answers already?")
def writes_what_is_missing(M, k, v):
    """You write what is missing, not the value. That is a better rule, and it comes later in the
    chapter; Hebb's adds the pair without asking first."""
    return M + torch.outer(k, v - k @ M)


@hebb_write.wrong("How strong is the first of ten pairs, if every write halves what is there?")
def averages_with_the_old(M, k, v):
    """You take the mean of memory and pair, so each write halves all that was known."""
    return (M + torch.outer(k, v)) / 2


@hebb_write.wrong("What is anything times an empty memory?")
def multiplies(M, k, v):
    """You multiply the memory by the pair, entry by entry; it is added. An empty memory would stay
    empty."""
    return M * torch.outer(k, v)


@hebb_write.wrong("What does the size of M tell you under Hebb's rule?")
def keeps_the_memory_small(M, k, v):
    """You bring the memory back to size 1 after the write. Hebb's rule lets it grow with every
    pair."""
    M = M + torch.outer(k, v)
    return M / M.norm()


@hebb_write.wrong("Is the key of eq. 4 a vector of shares, or just a vector?")
def takes_shares_of_the_key(M, k, v):
    """You pass the key through a softmax first. Eq. 4 has none: that is what makes this attention
    linear."""
    return M + torch.outer(torch.softmax(k, dim=-1), v)
