"""More wrong versions of the reading loop: what is measured, and what the film starts with."""

from __future__ import annotations

import torch

from titans_book.book.ch00.exercises_loop import (
    added,
    read_text,
    read_text_reference,
    variant,
)

__all__: list[str] = []


@read_text.wrong("How long is an arrow with the sides 3 and 4?")
def takes_the_square(M, rows, columns, theta, alpha):
    """Your surprise is the square of the length: the root is missing."""
    film, surprise = read_text_reference(M, rows, columns, theta, alpha)
    return film, surprise**2


@read_text.wrong("How long is an arrow with the sides 3 and 4: 5 or 7?")
def adds_up_the_sides(M, rows, columns, theta, alpha):
    """Your surprise is the sum of what is missing in each cell, without signs. It should be the
    length."""
    return variant(
        M, rows, columns, lambda M, row, e: added((1 - alpha) * M, row, theta * e),
        size=lambda e: e.abs().sum(),
    )  # fmt: skip


@read_text.wrong("Can a memory that expects everything be surprised?")
def adds_up_with_signs(M, rows, columns, theta, alpha):
    """Your surprise is the sum of what is missing, so too much in one cell makes up for too little
    in another."""
    return variant(
        M, rows, columns, lambda M, row, e: added((1 - alpha) * M, row, theta * e),
        size=lambda e: e.sum(),
    )  # fmt: skip


@read_text.wrong("If the row of another letter is full, should that surprise the memory?")
def looks_at_one_cell(M, rows, columns, theta, alpha):
    """Your surprise is what is missing in the letter's own cell. The memory may also expect letters
    that do not come, and they count too."""
    film, _ = read_text_reference(M, rows, columns, theta, alpha)
    places = enumerate(zip(rows, columns, strict=True))
    return film, torch.stack([(1 - film[t][row, column]).abs() for t, (row, column) in places])


@read_text.wrong("Does surprise say what was wrong, or what was written?")
def measures_the_write(M, rows, columns, theta, alpha):
    """Your surprise is the length of what is written, theta times too small. It should be the
    length of what is missing."""
    film, surprise = read_text_reference(M, rows, columns, theta, alpha)
    return film, theta * surprise


@read_text.wrong("With which memory does the reading start?")
def starts_with_nothing(M, rows, columns, theta, alpha):
    """You start with an empty memory. It should start with the one that is given, which may know
    something already."""
    return read_text_reference(torch.zeros_like(M), rows, columns, theta, alpha)


@read_text.wrong("What does the memory know when the second letter comes?")
def starts_anew_at_every_letter(M, rows, columns, theta, alpha):
    """You start with the given memory at every letter, so it never knows more than one letter."""
    frames, surprise = [M], []
    for row, column in zip(rows, columns, strict=True):
        film, size = read_text_reference(M, [row], [column], theta, alpha)
        frames.append(film[1])
        surprise.append(size[0])
    return torch.stack(frames), torch.stack(surprise)


@read_text.wrong("How often does a memory forget that reads nine letters?")
def forgets_once_at_the_end(M, rows, columns, theta, alpha):
    """You forget only once, after the last letter. Every letter makes the memory fade."""
    film, surprise = variant(M, rows, columns, lambda M, row, e: added(M, row, theta * e))
    film[-1] *= 1 - alpha
    return film, surprise


@read_text.wrong("In which order do the letters come?")
def reads_backwards(M, rows, columns, theta, alpha):
    """You read the text from its end."""
    return read_text_reference(M, rows[::-1], columns[::-1], theta, alpha)


@read_text.wrong("What is the first frame of the film, before anything was read?")
def ends_one_letter_early(M, rows, columns, theta, alpha):
    """The first frame comes twice, and the last one is missing: you keep the memory before each
    write, where the one after it is asked for."""
    film, surprise = read_text_reference(M, rows, columns, theta, alpha)
    return torch.cat([film[:1], film[:-1]]), surprise


@read_text.wrong("Which index of M is the pair's, and which the letter's?")
def swaps_rows_and_columns(M, rows, columns, theta, alpha):
    """You swap rows and columns: the letter that came is used as the key."""
    return read_text_reference(M, columns, rows, theta, alpha)


@read_text.wrong("Which of the two numbers is the write rate?")
def swaps_the_two_rates(M, rows, columns, theta, alpha):
    """You swap theta and alpha: theta says how much is written, alpha how much fades."""
    return read_text_reference(M, rows, columns, alpha, theta)


@read_text.wrong("Does a longer row of numbers make the same arrow shorter?")
def takes_the_root_of_the_mean(M, rows, columns, theta, alpha):
    """Your surprise is the root of the mean square, where the length is asked for: you divide by
    the number of letters."""
    film, surprise = read_text_reference(M, rows, columns, theta, alpha)
    return film, surprise / M.shape[1] ** 0.5
