"""Exercises of chapter 05: the answer of a memory with one hidden layer.

W_1 is (d, m), W_2 is (m, d), q is (d) or (T, d).
"""

import torch
from torch.nn.functional import silu

from titans_book.lab.learning.exercise import Exercise, Probe, normal, one_or_many
from titans_book.steps import deep as deep_steps
from titans_book.steps.deep import gelu

CHAPTER = "notebooks/05_deep_memory.ipynb"

mlp_read = Exercise(
    name="05.mlp_read",
    what="the answer of a memory with one hidden layer",
    reference=deep_steps.mlp_read,
    probe=Probe(
        inputs={"W_1": normal(4, 6), "W_2": normal(6, 4), "q": one_or_many(4)},
        returns=("y",),
        seed=11,
    ),
    hints=(
        "A question goes two ways: straight through, and through the hidden layer. The answer is "
        "the sum of both.",
        "q is a row of d numbers, q @ W_1 has m, gelu changes no shape, and W_2 leads back to d. "
        "gelu bends the hidden layer only.",
        "    return q + h @ ...\n    h = gelu(...)",
    ),
    source="Titans eq. 15, with a residual network as memory",
    taught=CHAPTER,
)


@mlp_read.wrong("With all weights 0, what does the staircase memory answer, and what does yours?")
def forgets_the_residual(W_1, W_2, q):
    """The straight way is missing: q itself belongs to the answer."""
    return gelu(q @ W_1) @ W_2


@mlp_read.wrong("What is a product of two matrices, if nothing happens in between?")
def forgets_the_bend(W_1, W_2, q):
    """There is no bend: two matrices one after the other are one matrix, and no matrix can light
    the lamp."""
    return q + q @ W_1 @ W_2


@mlp_read.wrong("Can an answer be −1, if it has gone through gelu last?")
def bends_the_answer(W_1, W_2, q):
    """You bend once more behind the last layer. Then answers cannot fall below -0.17."""
    return q + gelu(gelu(q @ W_1) @ W_2)


@mlp_read.wrong("In M(x) = x + gelu(x W_1) W_2: what is inside the brackets of gelu?")
def bends_the_sum(W_1, W_2, q):
    """The bend is in the wrong place: it acts on the hidden layer, and not on the answer."""
    return gelu(q + q @ W_1 @ W_2)


@mlp_read.wrong("What is the hidden layer computed from?")
def bends_the_question(W_1, W_2, q):
    """You bend the question, and then multiply by both matrices: that is still one matrix, for a
    bent question. The bend stands between the two."""
    return q + gelu(q) @ W_1 @ W_2


@mlp_read.wrong("Which activation does this memory have?")
def takes_relu(W_1, W_2, q):
    """That is a ReLU. It is near, and right by hand; the memory of the book has the smooth bend,
    gelu."""
    return q + torch.relu(q @ W_1) @ W_2


@mlp_read.wrong("A tanh knows no difference between a question and its opposite. Does gelu?")
def takes_tanh(W_1, W_2, q):
    """That is tanh. With it the memory is odd, M(-x) = -M(x), and has no light for the stairs."""
    return q + torch.tanh(q @ W_1) @ W_2


@mlp_read.wrong("With all weights 0: what is the memory's answer, q or −q?")
def subtracts_the_question(W_1, W_2, q):
    """You subtract the question. In M(x) = x + ... it is added."""
    return gelu(q @ W_1) @ W_2 - q


@mlp_read.wrong("What is M(q) − q, and what is M(q)?")
def adds_the_question_twice(W_1, W_2, q):
    """The question comes in twice."""
    return 2 * q + gelu(q @ W_1) @ W_2


@mlp_read.wrong("What does M(x) = x + ... do to x on the straight way?")
def bends_the_straight_way(W_1, W_2, q):
    """The straight way has a bend in it. There the question passes as it is."""
    return gelu(q) + gelu(q @ W_1) @ W_2


@mlp_read.wrong("Which activation does this memory have?")
def takes_sigmoid(W_1, W_2, q):
    """That is a sigmoid, a gate's activation: a hidden unit that is not asked would still say ½.
    This memory has gelu."""
    return q + torch.sigmoid(q @ W_1) @ W_2


@mlp_read.wrong("What is a product of two matrices, if nothing happens in between?")
def forgets_bend_and_residual(W_1, W_2, q):
    """Both are missing, the bend and the straight way: what is left is one matrix."""
    return q @ W_1 @ W_2


@mlp_read.wrong("Which activation does this memory have?")
def takes_silu(W_1, W_2, q):
    """That is SiLU, z times a sigmoid: a cousin of gelu, and not the same. `gelu` is there."""
    return q + silu(q @ W_1) @ W_2


@mlp_read.wrong("How far apart are the two at z = 2, and whose slope will gelu_slope be?")
def takes_the_tanh_form(W_1, W_2, q):
    """That is the tanh approximation of GELU; the book's is the exact one, and `gelu` is there. All
    else is right."""
    return q + torch.nn.functional.gelu(q @ W_1, approximate="tanh") @ W_2
