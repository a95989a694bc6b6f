"""An exercise of chapter 14: one haystack, with its needle and its question."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from titans_book.lab.learning.exercise import Exercise, Step

CHAPTER = "notebooks/14_read_its_memory.ipynb"


def needle_row(hay, needle, question, depth):
    """The book's version."""
    before = round(depth * len(hay))
    return torch.cat([hay[:before], needle, hay[before:], question])


def _rows(function: Callable) -> Iterator[Step]:
    """Haystacks of several lengths, with needles at several depths."""
    for n, depth in ((7, 0.4), (9, 0.0), (12, 1.0), (11, 0.7), (10, 0.33)):
        hay = torch.arange(1, n + 1)
        found = function(hay, torch.tensor([0, 40, 50]), torch.tensor([0, 40]), depth)
        yield {"tokens": torch.as_tensor(found).double()}


_rows.names = lambda: ("hay", "needle", "question", "depth")

row = Exercise(
    name="14.needle_row",
    what="one haystack with its needle and its question",
    reference=needle_row,
    probe=_rows,
    hints=(
        "The depth is a share of the hay. How many tokens of hay come before the needle if there "
        "are 10 of them and the depth is 0.25?",
        "All arguments but depth are rows of tokens, of different lengths. `round` gives the "
        "nearest whole number, and `torch.cat` joins rows.",
        "    return torch.cat([hay[:before], ..., hay[before:], ...])\n    before = round(...)",
    ),
    source="RULER's needle",
    taught=CHAPTER,
    part=False,
    misfit="The row holds all the hay, the needle once, and the question once. Which of them is "
    "missing, or there twice?",
    grade="short",
)


@row.wrong("With 7 tokens of hay and a depth of 0.4, what is 0.4 a share of?")
def counts_the_whole_text(hay, needle, question, depth):
    """You take the share of the whole text. The depth is a share of the hay alone."""
    before = round(depth * (len(hay) + len(needle) + len(question)))
    return torch.cat([hay[:before], needle, hay[before:], question])


@row.wrong("Where is the needle if its depth is 0?")
def counts_from_the_end(hay, needle, question, depth):
    """You count from the end. Depth 0 is the beginning of the hay, depth 1 its end."""
    before = round((1 - depth) * len(hay))
    return torch.cat([hay[:before], needle, hay[before:], question])


@row.wrong("What is the nearest whole number to 0.7 times 11?")
def rounds_down(hay, needle, question, depth):
    """You round down, so the needle lies a little too early."""
    before = int(depth * len(hay))
    return torch.cat([hay[:before], needle, hay[before:], question])


@row.wrong("Can a model answer a question at a place where it has read nothing yet?")
def asks_first(hay, needle, question, depth):
    """You put the question in front. The answer is due after the last token of the row."""
    before = round(depth * len(hay))
    return torch.cat([question, hay[:before], needle, hay[before:]])


@row.wrong("How many tokens of hay lie between the needle and your question?")
def asks_at_once(hay, needle, question, depth):
    """You ask right after the needle, so nothing has to be kept for long."""
    before = round(depth * len(hay))
    return torch.cat([hay[:before], needle, question, hay[before:]])


def _placed(hay, needle, question, before):
    return torch.cat([hay[:before], needle, hay[before:], question])


@row.wrong("Is the depth 0 in every row?")
def begins_with_the_needle(hay, needle, question, depth):
    """Your needle is at the beginning of every row, whatever the depth is."""
    return _placed(hay, needle, question, 0)


@row.wrong("Is the depth 1 in every row?")
def ends_with_the_needle(hay, needle, question, depth):
    """Your needle is at the end of the hay in every row, whatever the depth is."""
    return _placed(hay, needle, question, len(hay))


@row.wrong("Which of the two tells the model something, and which asks it?")
def swaps_needle_and_question(hay, needle, question, depth):
    """You hide the question in the hay and put the needle at the end, with its answer in it."""
    return _placed(hay, question, needle, round(depth * len(hay)))


@row.wrong("Which tokens of hay come first in your row?")
def swaps_the_hay(hay, needle, question, depth):
    """You put the second part of the hay first. The hay should stay in its order."""
    before = round(depth * len(hay))
    return torch.cat([hay[before:], needle, hay[:before], question])


@row.wrong("How many tokens of hay are there in these rows?")
def counts_64(hay, needle, question, depth):
    """You take the share of 64 tokens, and the hay can have any length."""
    return _placed(hay, needle, question, round(depth * 64))


@row.wrong("How many tokens does `hay[:n]` hold?")
def stops_one_early(hay, needle, question, depth):
    """Your needle is one token too early."""
    before = round(depth * len(hay))
    return torch.cat([hay[: before - 1], needle, hay[before - 1 :], question])


@row.wrong("What is the nearest whole number to 0.33 times 10?")
def counts_the_gaps(hay, needle, question, depth):
    """You take the share of one token less than the hay has."""
    return _placed(hay, needle, question, round(depth * (len(hay) - 1)))


@row.wrong("Which number of tokens do you multiply the depth by?")
def counts_less_than_the_hay(hay, needle, question, depth):
    """You take the length of the needle off the hay. None of the hay is replaced, so all of it
    counts."""
    return _placed(hay, needle, question, round(depth * (len(hay) - len(needle))))


@row.wrong("What is the nearest whole number to 0.33 times 10?")
def rounds_up(hay, needle, question, depth):
    """You round up, so the needle lies a little too late."""
    return _placed(hay, needle, question, -int(-depth * len(hay) // 1))
