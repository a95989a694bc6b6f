"""An exercise of chapter 11: the microscope, which asks a momentum what it still knows."""

import torch

from titans_book.lab.learning.exercise import Exercise, Probe, normal, uniform

CHAPTER = "notebooks/11_optimizers.ipynb"


def recall_reference(X, E, write):
    """The book's version."""
    m = torch.zeros(X.shape[1], E.shape[1], dtype=X.dtype)
    for x, e in zip(X, E, strict=True):
        m = write(m, x, e)
    answers = X @ m
    lengths = answers.norm(dim=1) * E.norm(dim=1)
    return ((answers * E).sum(1) / lengths).flip(0)


def _writes(generator):
    """A write rule with a decay of its own."""
    alpha = float(uniform(0.7, 0.95)(generator))
    eta = float(uniform(0.2, 0.6)(generator))

    def write(m, x, e):
        return alpha * m + eta * torch.outer(x, e - 0.5 * x @ m)

    return write


recall = Exercise(
    name="11.recall",
    what="what a momentum buffer still knows of every gradient that went into it",
    reference=recall_reference,
    probe=Probe(
        inputs={"X": normal(7, 4), "E": normal(7, 3), "write": _writes},
        returns=("cosines",),
        steps=4,
    ),
    hints=(
        "First write all pairs, one after the other, into an empty buffer. Only then ask it, with "
        "every input again. What is compared with what?",
        "m is (d_in, d_out), and all answers at once are X @ m, (T, d_out), like E. A cosine is a "
        "product of two vectors over the product of their lengths. `.flip(0)` turns the order.",
        "    return ((answers * E).sum(1) / lengths).flip(0)\n"
        "        m = write(m, x, e)\n"
        "    answers = X @ m\n"
        "    lengths = answers.norm(dim=1) * E.norm(dim=1)\n"
        "    for x, e in zip(X, E):\n"
        "    m = torch.zeros(X.shape[1], E.shape[1], dtype=X.dtype)",
    ),
    source="Nested Learning section 4.2",
    taught=CHAPTER,
    part=False,
    misfit="X is (T, d_in), E is (T, d_out), the buffer m is (d_in, d_out): on which side of m "
    "does an input fit?",
)


def _buffer(X, E, write):
    m = torch.zeros(X.shape[1], E.shape[1], dtype=X.dtype)
    for x, e in zip(X, E, strict=True):
        m = write(m, x, e)
    return m


def _cosines(one, other):
    return (one * other).sum(1) / (one.norm(dim=1) * other.norm(dim=1))


@recall.wrong("Which of your numbers belongs to the newest gradient?")
def oldest_first(X, E, write):
    """You return the oldest one first. The newest was asked for first."""
    return _cosines(X @ _buffer(X, E, write), E)


@recall.wrong("When do you ask: after all gradients, or after each of them?")
def asks_at_once(X, E, write):
    """You ask for every pair just after it was written. The question is what is left of it at the
    end."""
    m, answers = torch.zeros(X.shape[1], E.shape[1], dtype=X.dtype), []
    for x, e in zip(X, E, strict=True):
        m = write(m, x, e)
        answers.append(x @ m)
    return _cosines(torch.stack(answers), E).flip(0)


@recall.wrong("Does a long answer point in a better direction than a short one?")
def does_not_divide_by_the_lengths(X, E, write):
    """You return products, not cosines: divide by both lengths."""
    return ((X @ _buffer(X, E, write)) * E).sum(1).flip(0)


@recall.wrong("Whose length is missing?")
def divides_by_one_length(X, E, write):
    """You divide by the length of the error alone, so a faint answer looks like a wrong one."""
    answers = X @ _buffer(X, E, write)
    return ((answers * E).sum(1) / E.norm(dim=1)).flip(0)


@recall.wrong("Which pairs are in the buffer: those of the past, or those of the future?")
def writes_the_newest_first(X, E, write):
    """You write the pairs in the wrong order, so the oldest one is the freshest."""
    return _cosines(X @ _buffer(X.flip(0), E.flip(0), write), E).flip(0)


@recall.wrong("What is in the buffer before the first gradient?")
def starts_with_ones(X, E, write):
    """Your buffer starts with ones. It has to be empty."""
    m = torch.ones(X.shape[1], E.shape[1], dtype=X.dtype)
    for x, e in zip(X, E, strict=True):
        m = write(m, x, e)
    return _cosines(X @ m, E).flip(0)


@recall.wrong("With which input do you ask for the error of five steps ago?")
def asks_with_the_newest_input(X, E, write):
    """You ask with the newest input only, and compare that one answer with all errors."""
    answer = X[-1:] @ _buffer(X, E, write)
    return _cosines(answer.expand_as(E), E).flip(0)


@recall.wrong("What are the buffer's answers compared with?")
def compares_with_the_newest_error(X, E, write):
    """You compare every answer with the newest error. Each has an error of its own."""
    answers = X @ _buffer(X, E, write)
    return _cosines(answers, E[-1:].expand_as(answers)).flip(0)


@recall.wrong("How many pairs are in your buffer?")
def leaves_the_newest_out(X, E, write):
    """You leave the newest pair out of the buffer."""
    return _cosines(X @ _buffer(X[:-1], E[:-1], write), E).flip(0)


@recall.wrong("What does your function do with its third argument?")
def writes_by_a_rule_of_its_own(X, E, write):
    """You write with α = 0.9 and Hebb's rule, whatever `write` is. The rule is an argument."""
    return _cosines(X @ _buffer(X, E, lambda m, x, e: 0.9 * m + torch.outer(x, e)), E).flip(0)


@recall.wrong("Where is the empty buffer made, before the loop or inside it?")
def empties_the_buffer_every_time(X, E, write):
    """You begin with an empty buffer for every pair, so no other pair can hide it."""
    single = [x @ _buffer(x[None], e[None], write) for x, e in zip(X, E, strict=True)]
    return _cosines(torch.stack(single), E).flip(0)


@recall.wrong("How long is a vector whose square has the sum 9?")
def divides_by_the_squares(X, E, write):
    """You divide by the sums of the squares. A length is the root of such a sum."""
    answers = X @ _buffer(X, E, write)
    squares = answers.square().sum(1) * E.square().sum(1)
    return ((answers * E).sum(1) / squares).flip(0)


@recall.wrong("Does each answer have a length of its own, or all of them one?")
def divides_all_by_one_length(X, E, write):
    """You divide by the norms of the whole tensors. Every answer and every error has a length of
    its own."""
    answers = X @ _buffer(X, E, write)
    return ((answers * E).sum(1) / (answers.norm() * E.norm())).flip(0)


@recall.wrong("What is the cosine if the answer points away from the error?")
def drops_the_sign(X, E, write):
    """You take the absolute value. An answer that points the wrong way is not a good one."""
    return _cosines(X @ _buffer(X, E, write), E).flip(0).abs()


@recall.wrong("Is the minus sign part of the error, or of the step?")
def turns_the_sign(X, E, write):
    """Your cosines have the other sign. The minus of the training step is left out here: what is
    written is e, and the answer is compared with e."""
    return -_cosines(X @ _buffer(X, E, write), E).flip(0)
