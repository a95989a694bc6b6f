"""A whole text in chunks, an exercise of chapter 06: the mended loop, with the fault it mends."""

import torch

from titans_book.book.ch06.exercises import CHAPTER, drawn
from titans_book.lab.learning.exercise import Exercise, Probe, normal
from titans_book.steps import chunk as chunk_steps
from titans_book.steps.chunk import chunk_read, chunk_write

in_chunks = Exercise(
    name="06.in_chunks",
    what="a whole text in chunks, each read before it is written",
    reference=chunk_steps.in_chunks,
    probe=Probe(
        inputs={
            "M": normal(4, 3), "S": normal(4, 3, scale=0.3), "q": normal(10, 4),
            "k": normal(10, 4), "v": normal(10, 3), "theta": drawn(10, 0.05, 0.3),
            "eta": drawn(10, 0.2, 0.9), "alpha": drawn(10, 0.05, 0.3),
            "b": lambda g: int(torch.randint(3, 6, (), generator=g)),
        },
        returns=("Y", "M", "S"),
        steps=4,
    ),
    hints=(
        "Two lines inside the loop, one that reads and one that writes. Which memory may the "
        "tokens of this chunk start from?",
        "chunk_read(M, S, q, k, v, theta, eta, alpha) gives the (b, d_out) answers of this chunk; "
        "`*now` hands over the six. chunk_write takes no queries: `*now[1:]`.",
        "        M, S = chunk_write(M, S, *now[1:])\n"
        "        answers.append(chunk_read(M, S, *now))",
    ),
    source="Titans eq. 16, chunk after chunk",
    taught=CHAPTER,
)  # fmt: skip


def _cut(rows, b):
    return [[x[start : start + b] for x in rows] for start in range(0, len(rows[0]), b)]


@in_chunks.wrong("When the first token of a chunk asks, what may already be in the memory?")
def writes_first_then_asks(M, S, q, k, v, theta, eta, alpha, b):
    """The fault itself: the chunk is written and then asked, so its first token reads what its
    last one says."""
    answers = []
    for now in _cut((q, k, v, theta, eta, alpha), b):
        M, S = chunk_write(M, S, *now[1:])
        answers.append(now[0] @ M)
    return torch.cat(answers), M, S


@in_chunks.wrong("chunk_read lets a chunk's own writes in already. Who writes them a second time?")
def writes_first_then_reads(M, S, q, k, v, theta, eta, alpha, b):
    """The order of the two lines is turned round. chunk_read works with the memory at the *start*
    of the chunk; yours gets the one at its end, which holds the whole chunk already."""
    answers = []
    for now in _cut((q, k, v, theta, eta, alpha), b):
        M, S = chunk_write(M, S, *now[1:])
        answers.append(chunk_read(M, S, *now))
    return torch.cat(answers), M, S


@in_chunks.wrong("What does the second chunk know of the first?")
def never_writes(M, S, q, k, v, theta, eta, alpha, b):
    """Nothing is handed on: every chunk starts with the memory of the very beginning."""
    answers = [chunk_read(M, S, *now) for now in _cut((q, k, v, theta, eta, alpha), b)]
    return torch.cat(answers), M, S


@in_chunks.wrong("Where does chunk_write put the past surprise, and who needs it next?")
def drops_the_past_surprise(M, S, q, k, v, theta, eta, alpha, b):
    """M is handed on and S is not: every chunk takes up the past surprise of the very beginning."""
    answers, first = [], S
    for now in _cut((q, k, v, theta, eta, alpha), b):
        answers.append(chunk_read(M, first, *now))
        M, S = chunk_write(M, first, *now[1:])
    return torch.cat(answers), M, S


@in_chunks.wrong("A pair and its question in one chunk: does the question find the pair?")
def asks_the_old_memory(M, S, q, k, v, theta, eta, alpha, b):
    """It sees no future, and no present either: what a chunk writes is not found within it."""
    answers = []
    for now in _cut((q, k, v, theta, eta, alpha), b):
        answers.append(now[0] @ M)
        M, S = chunk_write(M, S, *now[1:])
    return torch.cat(answers), M, S


@in_chunks.wrong("At which memory is the surprise of the last chunk measured?")
def measures_at_the_very_start(M, S, q, k, v, theta, eta, alpha, b):
    """All surprise is measured at the first memory, as if the text were a single chunk: a memory
    that never notices what it has learned."""
    rest = (k, v, theta, eta, alpha)
    return chunk_read(M, S, q, *rest), *chunk_write(M, S, *rest)


@in_chunks.wrong("How often does each chunk's momentum have to be worked out: once, or twice?")
def writes_twice(M, S, q, k, v, theta, eta, alpha, b):
    """Every chunk is written twice: once before the reading and once after it."""
    answers = []
    for now in _cut((q, k, v, theta, eta, alpha), b):
        answers.append(chunk_read(M, S, *now))
        M, S = chunk_write(*chunk_write(M, S, *now[1:]), *now[1:])
    return torch.cat(answers), M, S


@in_chunks.wrong("`_` throws something away here. Who needs it in the next chunk?")
def throws_the_new_surprise_away(M, S, q, k, v, theta, eta, alpha, b):
    """M is handed on and S is not, and the S that comes back is the one of the very beginning: what
    chunk_write makes of it is thrown away."""
    answers = []
    for now in _cut((q, k, v, theta, eta, alpha), b):
        answers.append(chunk_read(M, S, *now))
        M, _ = chunk_write(M, S, *now[1:])
    return torch.cat(answers), M, S


@in_chunks.wrong("Is a border of a chunk an event in the text, that surprise should end there?")
def empties_the_surprise(M, S, q, k, v, theta, eta, alpha, b):
    """Every chunk starts with an S of zeros, so momentum is lost at every border."""
    answers = []
    for now in _cut((q, k, v, theta, eta, alpha), b):
        answers.append(chunk_read(M, 0 * S, *now))
        M, S = chunk_write(M, 0 * S, *now[1:])
    return torch.cat(answers), M, S


@in_chunks.wrong("Is a border of a chunk an event in the text, that surprise should end there?")
def empties_the_surprise_after_each(M, S, q, k, v, theta, eta, alpha, b):
    """S is set to 0 after every chunk, so momentum is lost at every border, and the S that comes
    back is empty."""
    answers = []
    for now in _cut((q, k, v, theta, eta, alpha), b):
        answers.append(chunk_read(M, S, *now))
        M, S = chunk_write(M, S, *now[1:])
        S = 0 * S
    return torch.cat(answers), M, S
