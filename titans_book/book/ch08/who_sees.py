"""Who sees whom, and who hears of whom: masks over six words, written as rows of # and dots.

A layer lets row i see column j. A second layer sees what the first one made, so a word travels
further by relay: what i sees has seen what it sees. Taught in chapter 08.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool
from torch import Tensor

__all__ = ["WORDS", "fits", "heard", "leaks", "painted", "spelled"]

WORDS = ("Anna", "gave", "Ben", "her", "red", "coat")
MOST = 3  # columns that a row may see in the puzzle

Sees = Bool[Tensor, "time time"]


def painted(*rows: str) -> Sees:
    """A mask from its rows, # for a column that is seen and . for one that is not.

    The rows come one by one, or as one line with spaces between them.

    >>> painted("#.", "##").int()
    tensor([[1, 0],
            [1, 1]], dtype=torch.int32)
    """
    rows = " ".join(rows).split()
    for row in rows:
        if set(row) - set("#.") or len(row) != len(rows):
            raise ValueError(
                f"row {row!r} of {len(rows)} rows must be {len(rows)} signs long, # or . each"
            )
    return torch.tensor([[sign == "#" for sign in row] for row in rows])


def spelled(sees: Sees) -> list[str]:
    """The rows of a mask as # and dots.

    >>> spelled(painted("#.", "##"))
    ['#.', '##']
    """
    return ["".join(".#"[int(cell)] for cell in row) for row in sees.tolist()]


def heard(sees: Sees, layers: int) -> Sees:
    """Whom each row hears of through so many layers, each with the same mask.

    A row keeps what it knows of itself (the residual), whether it sees itself or not.

    >>> spelled(heard(painted("#..", "##.", ".##"), layers=2))
    ['#..', '##.', '###']
    """
    own = sees.double() + torch.eye(len(sees), dtype=torch.float64)
    return torch.linalg.matrix_power(own, layers) > 0


def leaks(sees: Sees) -> list[tuple[int, int]]:
    """The cells in which a row sees a column that has not come yet.

    >>> leaks(painted("##", ".#"))
    [(0, 1)]
    """
    return [tuple(cell) for cell in sees.triu(1).nonzero().tolist()]


def fits(sees: Sees) -> str:
    """What a mask lacks for the puzzle of chapter 08; "" if it is a solution.

    No row sees the future, each sees itself, none sees more than MOST columns, and through two
    layers each hears of every column up to its own.
    """
    if ahead := leaks(sees):
        row, column = ahead[0]
        return f"“{WORDS[row]}” sees “{WORDS[column]}”, which has not come yet."
    if not sees.diagonal().all():
        return f"“{WORDS[int(sees.diagonal().int().argmin())]}” does not see itself."
    if (full := sees.sum(1)).max() > MOST:
        row = int(full.argmax())
        return f"“{WORDS[row]}” sees {int(full[row])} words; {MOST} is the most."
    deaf = (~heard(sees, 2)).tril().nonzero().tolist()
    if deaf:
        row, column = deaf[0]
        more = f" ({len(deaf)} such pairs in all)" if len(deaf) > 1 else ""
        return f"Through two layers “{WORDS[row]}” hears nothing of “{WORDS[column]}”{more}."
    return ""
