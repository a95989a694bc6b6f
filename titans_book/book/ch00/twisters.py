"""Four tongue twisters, and the price of reading them twice with a memory of 64 rows.

A design says under which row a letter is filed, and how strongly it is written. It sees the eight
letters before it. Each text is read twice, by a memory that starts empty; the score is the mean
surprise of the second reading, and the lower it is the better.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

__all__ = ["BACK", "BAR", "ROWS", "TEXTS", "contexts", "one_letter", "price", "prices"]

ROWS, BACK, BAR = 64, 8, 0.62
TEXTS = {
    "Peter": "peter piper picked a peck of pickled peppers. if peter piper picked a peck of "
    "pickled peppers, where is the peck of pickled peppers peter piper picked? ",
    "woodchuck": "how much wood would a woodchuck chuck if a woodchuck could chuck wood? as much "
    "wood as a woodchuck would, if a woodchuck could chuck wood. ",
    "shells": "she sells sea shells by the sea shore. the shells she sells are sea shells, i am "
    "sure. for if she sells shells by the sea shore, the shells are sea shore shells. ",
    "Betty": "betty botter bought some butter, but the butter was bitter. so she bought some "
    "better butter to make the bitter butter better. ",
}
Design = Callable[[str], tuple[int, float]]


def contexts(text: str) -> list[str]:
    """The eight letters before each letter, when the text is read twice.

    >>> contexts("ab")
    ['        ', '       a', '      ab', '     aba']
    """
    long = " " * BACK + text * 2
    return [long[t : t + BACK] for t in range(2 * len(text))]


def price(design: Design, text: str) -> list[float]:
    """The surprise of each letter when the text is read twice."""
    letters = sorted(set(text))
    table = torch.zeros(ROWS, len(letters), dtype=torch.float64)
    known, surprise = {}, []
    for before, letter in zip(contexts(text), text * 2, strict=True):
        if before not in known:
            known[before] = design(before)
        row, theta = known[before]
        missing = -table[int(row)]
        missing[letters.index(letter)] += 1
        surprise.append(missing.norm().item())
        table[int(row)] += float(theta) * missing
    return surprise


def prices(design: Design) -> dict[str, float]:
    """The mean surprise of the second reading of each text."""
    found = {name: price(design, text)[len(text) :] for name, text in TEXTS.items()}
    return {name: sum(values) / len(values) for name, values in found.items()}


def one_letter(before: str) -> tuple[int, float]:
    """The key is the last letter; each has a row of its own."""
    return ord(before[-1]) % ROWS, 0.8
