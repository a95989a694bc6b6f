"""The open exercise of chapter 00: where to file a letter, in a memory of 64 rows.

It has many right answers. It is judged by the price of reading four texts a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from titans_book.book.ch00.twisters import BAR, ROWS, TEXTS, contexts, prices
from titans_book.lab.learning.exercise import Exercise, Step

CHAPTER = "notebooks/00_start_here.ipynb"


def _tried_on(function: Callable) -> Iterator[Step]:
    """The rows and write rates for every context; then the price of each text."""
    seen = dict.fromkeys(before for text in TEXTS.values() for before in contexts(text))
    found = {before: function(before) for before in seen}
    pairs = [[float(row), float(rate)] for row, rate in found.values()]
    design = torch.tensor(pairs, dtype=torch.float64)
    nothing = torch.zeros(len(TEXTS), dtype=torch.float64)
    yield {"design": design, "prices": nothing}
    if not _broken(design):
        nothing = torch.tensor(list(prices(found.__getitem__).values()), dtype=torch.float64)
    yield {"design": design, "prices": nothing}


_tried_on.names = lambda: ("before",)


def _broken(design: torch.Tensor) -> str:
    """What no score could make good, in words."""
    row, rate = design.unbind(1)
    if not row.isfinite().all() or (row != row.round()).any():
        wrong = row[row != row.round()][0]
        return f"A row is a whole number from 0 to {ROWS - 1}; one of yours is {wrong:g}."
    if ((row < 0) | (row >= ROWS)).any():
        wrong = row[(row < 0) | (row >= ROWS)][0]
        return f"One of your rows is {wrong:g}. There are rows 0 to {ROWS - 1}."
    if not ((rate >= 0) & (rate <= 1)).all():
        wrong = rate[~((rate >= 0) & (rate <= 1))][0]
        return f"One of your write rates is {wrong:g}. They lie between 0 and 1."
    return ""


def _good_enough(steps: list[Step]) -> str:
    """What is missing, and what to look at."""
    design, found = steps[1]["design"], steps[1]["prices"]
    if broken := _broken(design):
        return broken
    mean = float(found.mean())
    if mean <= BAR:
        return ""
    return (
        f"The second reading costs {mean:.2f} a letter, where {BAR} is asked for. {_facts(design)}"
    )


def _facts(design: torch.Tensor) -> str:
    """How many rows it uses, and how often a row has to know more than one letter."""
    seen = list(dict.fromkeys(before for text in TEXTS.values() for before in contexts(text)))
    row_of = dict(zip(seen, design[:, 0].tolist(), strict=True))
    rows, torn = [], []
    for text in TEXTS.values():
        wanted: dict[float, set[str]] = {}
        for before, letter in zip(contexts(text), text * 2, strict=True):
            wanted.setdefault(row_of[before], set()).add(letter)
        rows.append(len(wanted))
        torn += [len(wanted[row_of[before]]) > 1 for before in contexts(text)]
    used, share = sum(rows) / len(rows), sum(torn) / len(torn)
    return (
        f"It uses {used:.0f} of the {ROWS} rows in each text, and {share:.0%} of the letters are "
        "in a row that other letters want as well. Its mean write rate is "
        f"{design[:, 1].mean():.2g}."
    )


def _my_memory(before):
    return (ord(before[-1]) + 6 * ord(before[-2])) % 64, 0.4


my_memory = Exercise(
    name="00.my_memory",
    what="a key and a write rate that make a second reading cheap",
    reference=_my_memory,
    probe=_tried_on,
    hints=(
        "One letter of context leaves most rows empty, and yet many letters share a row. With four "
        "letters of context there are too many keys for 64 rows. What lies in between?",
        "`ord(letter)` is a whole number, and `number % 64` lies between 0 and 63. `before[-1]` is "
        "the last letter, `before[-2]` the one before it. Two keys that meet in a row disturb each "
        "other. (Python's own `hash` gives other numbers with every start.)",
        "    return row, 0.5\n"
        "    row = (a * ord(before[-2]) + ord(before[-1])) % 64   (for which a do few keys meet?)",
    ),
    source="the price of four tongue twisters",
    taught=CHAPTER,
    part=False,
    accept=_good_enough,
    grade="open",
    solution="def my_memory(before):\n"
    "    row = (ord(before[-1]) + 6 * ord(before[-2])) % 64\n"
    "    return row, 0.4",
)


@my_memory.wrong("Which letters can follow an “e”, and do they all want the same row?")
def takes_one_letter(before):
    """Your key is the last letter alone. It leaves most rows empty, and all the letters that may
    follow it have to share one."""
    return ord(before[-1]) % ROWS, 0.5


@my_memory.wrong("Where do “ab” and “ba” go?")
def adds_two_letters(before):
    """You add the numbers of two letters. So “ab” meets “ba”, and many other pairs meet as well."""
    return (ord(before[-1]) + ord(before[-2])) % ROWS, 0.5


@my_memory.wrong("How many of the products that you use are even, and how many rows are?")
def multiplies_two_letters(before):
    """You multiply the numbers of two letters. Products of two numbers are even three times out of
    four, so most keys crowd into half of the rows."""
    return ord(before[-1]) * ord(before[-2]) % ROWS, 0.5


@my_memory.wrong("Out of 64 times 64 possible keys, how many does a text of 150 letters repeat?")
def takes_four_letters(before):
    """Your key has four letters. There are some 70 of them in each text, more than there are rows,
    so nearly every row is shared by keys that have nothing to do with each other."""
    row = 0
    for letter in before[-4:]:
        row = (31 * row + ord(letter)) % ROWS
    return row, 0.5


@my_memory.wrong("If two keys meet in one row, what does each write do to the other key?")
def writes_everything_at_once(before):
    """Your key is fine, but your write rate is 1. Where two keys share a row, each write wipes out
    the other one."""
    return (ord(before[-1]) + 2 * ord(before[-2])) % ROWS, 1.0


@my_memory.wrong("How much of a letter is in the memory after one write?")
def hardly_writes(before):
    """Your key is fine, but your write rate is 0.1, so one reading leaves next to nothing."""
    return (ord(before[-1]) + 2 * ord(before[-2])) % ROWS, 0.1


@my_memory.wrong("What can a table with one row say?")
def uses_one_row(before):
    """Everything goes into one row. The memory can only learn how frequent each letter is."""
    return 0, 0.5


@my_memory.wrong("What do two words of the same length have in common?")
def counts_letters_of_the_word(before):
    """Your key is how many letters of the word have been read. Letters that have nothing to do with
    each other share a row."""
    return len(before) - 1 - before.rfind(" "), 0.5


@my_memory.wrong("How many rows does your key use, and how many are there?")
def tells_vowels_from_consonants(before):
    """Your key says which of the last letters are vowels. That is far too coarse: it uses a handful
    of rows."""
    return sum(2**place * (letter in "aeiou") for place, letter in enumerate(before[-3:])), 0.5


@my_memory.wrong("Which letter says most about the next one?")
def skips_the_last_letter(before):
    """Your key leaves out the last letter and takes the two before it. The nearest letter says most
    about the next."""
    return (ord(before[-2]) + 6 * ord(before[-3])) % ROWS, 0.5
