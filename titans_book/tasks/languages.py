"""Formal languages: a word is shown letter by letter; may it end here?

    aa      (aa)*      a a a a ...            yes after every second letter
    abab    (abab)*    a b a b a b a b ...    yes after every fourth letter

Two regular languages of Bhattamishra et al. (arXiv 2009.11264) and Irie et al. (arXiv 2310.16076)
which Nested Learning tries Hope on; parity, the third, is a task of `tracking`. Each letter is the
only one that can follow, so there is nothing in the text but its length. What has to be kept is the
position modulo 2 or 4, and no position is like any that a shorter text had: only a model that has
learned to count round and round can go on. Taught in chapter 12.
"""

from __future__ import annotations

import torch

from titans_book.check import choose
from titans_book.tasks.batch import TaskBatch
from titans_book.tasks.check import count

__all__ = ["LANGUAGES", "language"]

LANGUAGES = {"aa": (0, 0), "abab": (0, 1, 0, 1)}  # the word that is repeated; a is 0, b is 1


def language(batch: int, *, kind: str = "aa", time: int = 32) -> TaskBatch:
    """A batch of words without end, (batch, time): 1 is due where the word so far belongs, else 0.

    All rows are alike, because a word of such a language is known by its length. Letters are 0 and
    1, and so are the answers. Raises ValueError or TypeError naming the field.

    >>> task = language(1, kind="abab", time=9)
    >>> task.inputs, task.targets
    (tensor([[0, 1, 0, 1, 0, 1, 0, 1, 0]]), tensor([[0, 0, 0, 1, 0, 0, 0, 1, 0]]))
    """
    batch, time = count("batch", batch), count("time", time)
    choose("kind", kind, LANGUAGES)
    word = torch.tensor(LANGUAGES[kind])
    place = torch.arange(time) % len(word)
    ends = (place == len(word) - 1).long()
    return TaskBatch(word[place].repeat(batch, 1), ends.repeat(batch, 1))
