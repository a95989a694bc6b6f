"""The exercise of chapter 00 that is built: the loop that reads a text and learns while it reads.

M is (rows, letters), a table with a row for each key; rows and columns are whole numbers.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from titans_book.lab.learning.exercise import Exercise, Probe

CHAPTER = "notebooks/00_start_here.ipynb"
ROWS, LETTERS, TIME = 4, 4, 9  # as many letters as rows: whoever swaps them gets an answer


def _memory(generator: torch.Generator) -> Tensor:
    """A memory that knows something already."""
    return torch.randn(ROWS, LETTERS, generator=generator)


def _places(most: int) -> Callable[[torch.Generator], tuple[int, ...]]:
    """Draws whole numbers from 0 to most - 1, a tuple of them."""

    def make(generator: torch.Generator) -> tuple[int, ...]:
        return tuple(torch.randint(most, (TIME,), generator=generator).tolist())

    return make


def _share(low: float, high: float) -> Callable[[torch.Generator], float]:
    """Draws a Python number."""

    def make(generator: torch.Generator) -> float:
        return low + (high - low) * float(torch.rand((), generator=generator))

    return make


def read_text_reference(M, rows, columns, theta, alpha):
    """The book's version."""
    film, surprise = [M], []
    for row, column in zip(rows, columns, strict=True):
        missing = -M[row]
        missing[column] += 1
        surprise.append(missing.norm())
        M = (1 - alpha) * M
        M[row] += theta * missing
        film.append(M)
    return torch.stack(film), torch.stack(surprise)


read_text = Exercise(
    name="00.read_text",
    what="a memory's film and its surprise, while it reads a text",
    reference=read_text_reference,
    probe=Probe(
        inputs={
            "M": _memory,
            "rows": _places(ROWS),
            "columns": _places(LETTERS),
            "theta": _share(0.3, 0.9),
            "alpha": _share(0.1, 0.4),
        },
        returns=("film", "surprise"),
        steps=4,
        seed=1,
    ),
    hints=(
        "Do it for one letter first: take its row, and see what is missing for the answer to be "
        "right. How far is that, what stays of the memory, and what is added to which row?",
        "M[row] has one number for each letter, and so has what is missing: 1 in the letter's own "
        "place and 0 elsewhere, minus M[row]. Its length is `missing.norm()`. `torch.stack` makes "
        "one tensor of a list of tensors. A frame of the film must not change afterwards.",
        "    M[row] += theta * missing\n"
        "    return torch.stack(film), torch.stack(surprise)\n"
        "    film.append(M)\n"
        "    missing[column] += 1\n"
        "    for row, column in zip(rows, columns):\n"
        "    film, surprise = [M], []\n"
        "    M = (1 - alpha) * M\n"
        "    surprise.append(missing.norm())\n"
        "    missing = -M[row]",
    ),
    source="the four steps on the page",
    taught=CHAPTER,
    part=False,
    tolerance=1e-5,
    grade="build",
    misfit="For T letters the film has T + 1 frames of M's shape, and there are T surprises. Which "
    "of them do you have one too many of, or one too few?",
    solution="def read_text(M, rows, columns, theta, alpha):\n"
    "    film, surprise = [M], []\n"
    "    for row, column in zip(rows, columns):\n"
    "        missing = -M[row]\n"
    "        missing[column] += 1\n"
    "        surprise.append(missing.norm())\n"
    "        M = (1 - alpha) * M\n"
    "        M[row] += theta * missing\n"
    "        film.append(M)\n"
    "    return torch.stack(film), torch.stack(surprise)",
)


def variant(
    M: Tensor,
    rows: tuple[int, ...],
    columns: tuple[int, ...],
    write: Callable[[Tensor, int, Tensor], Tensor],
    size: Callable[[Tensor], Tensor] = torch.linalg.vector_norm,
) -> tuple[Tensor, Tensor]:
    """A reading whose one step is write(M, row, missing), and whose surprise is size(missing)."""
    film, surprise = [M], []
    for row, column in zip(rows, columns, strict=True):
        missing = -M[row]
        missing[column] += 1
        surprise.append(size(missing))
        M = write(M, row, missing)
        film.append(M)
    return torch.stack(film), torch.stack(surprise)


def added(M: Tensor, row: int, what: Tensor) -> Tensor:
    """M with this added to one of its rows; a new tensor."""
    M = M.clone()
    M[row] += what
    return M


@read_text.wrong("What does `film.append(M)` keep: the numbers of this moment, or the tensor?")
def keeps_one_memory_in_every_frame(M, rows, columns, theta, alpha):
    """Every frame of your film is the memory after the last letter. You change one and the same
    tensor in place, and the list holds it many times."""
    film, surprise = read_text_reference(M, rows, columns, theta, alpha)
    return film[-1].expand_as(film).clone(), surprise


@read_text.wrong("What did the memory expect just before the letter was shown to it?")
def measures_after_the_write(M, rows, columns, theta, alpha):
    """Your surprise is measured after the letter was written, so it is what the write has left
    over."""
    film, _ = read_text_reference(M, rows, columns, theta, alpha)
    left = [
        torch.eye(M.shape[1])[column] - film[t + 1][row]
        for t, (row, column) in enumerate(zip(rows, columns, strict=True))
    ]
    return film, torch.stack(left).norm(dim=1)


@read_text.wrong("If a row answers right already, how much should be added to it?")
def writes_the_letter_itself(M, rows, columns, theta, alpha):
    """You add the letter itself, whether the memory knows it or not. Only what is missing should be
    added."""
    film, surprise = [M], []
    for row, column in zip(rows, columns, strict=True):
        wanted = torch.eye(M.shape[1])[column]
        surprise.append((wanted - M[row]).norm())
        M = added((1 - alpha) * M, row, theta * wanted)
        film.append(M)
    return torch.stack(film), torch.stack(surprise)


@read_text.wrong("What becomes of a letter that the row expected, and that did not come?")
def mends_one_cell_alone(M, rows, columns, theta, alpha):
    """You mend only the cell of the letter that came. The other cells of its row, which expected
    other letters, stay too large."""
    film, surprise = [M], []
    for row, column in zip(rows, columns, strict=True):
        wanted = torch.eye(M.shape[1])[column]
        surprise.append((wanted - M[row]).norm())
        M = added((1 - alpha) * M, row, theta * (wanted - M[row]) * wanted)
        film.append(M)
    return torch.stack(film), torch.stack(surprise)


@read_text.wrong("Which share of what is missing should one write add?")
def writes_all_that_is_missing(M, rows, columns, theta, alpha):
    """You write all that is missing, whatever theta says."""
    return variant(M, rows, columns, lambda M, row, e: added((1 - alpha) * M, row, e))


@read_text.wrong("Which letter is it: what is missing, or what is there too much?")
def walks_away(M, rows, columns, theta, alpha):
    """You add the answer minus the letter. It has to be the letter minus the answer: your memory
    walks away from what it should say."""
    return variant(M, rows, columns, lambda M, row, e: added((1 - alpha) * M, row, -theta * e))


@read_text.wrong("Which rows fade while one of them is read?")
def forgets_in_one_row(M, rows, columns, theta, alpha):
    """Only the row that is read forgets. The whole memory should fade with every letter."""
    return variant(M, rows, columns, lambda M, row, e: added(M, row, theta * e - alpha * M[row]))


@read_text.wrong("Does a letter fade at the very moment when it is written?")
def forgets_after_the_write(M, rows, columns, theta, alpha):
    """You forget after the write, so that what was just written fades at once. It has to be the
    other way round."""
    return variant(M, rows, columns, lambda M, row, e: (1 - alpha) * added(M, row, theta * e))


@read_text.wrong("Which memory is asked: the one before it fades, or the one after?")
def asks_the_faded_memory(M, rows, columns, theta, alpha):
    """You let the memory fade first and then look what is missing. Ask it first."""
    film, surprise = [M], []
    for row, column in zip(rows, columns, strict=True):
        M = (1 - alpha) * M
        missing = torch.eye(M.shape[1])[column] - M[row]
        surprise.append(missing.norm())
        M = added(M, row, theta * missing)
        film.append(M)
    return torch.stack(film), torch.stack(surprise)


@read_text.wrong("What does your version do with alpha?")
def never_forgets(M, rows, columns, theta, alpha):
    """Your memory never forgets: alpha changes nothing."""
    return variant(M, rows, columns, lambda M, row, e: added(M, row, theta * e))


@read_text.wrong("With alpha = 0, how much of the memory should stay?")
def keeps_the_share_alpha(M, rows, columns, theta, alpha):
    """You keep the share alpha of the memory. Alpha is the share that goes."""
    return variant(M, rows, columns, lambda M, row, e: added(alpha * M, row, theta * e))
