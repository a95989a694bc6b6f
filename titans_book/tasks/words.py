"""Words as tokens: a vocabulary that is taken from a text itself, in a few lines.

A byte model needs three or four letters before it knows which word it is in; where a memory is to
find what came next after a *word*, whole words are the better tokens. Words are read in lower case;
a number or a mark of punctuation is a word as well, and every word that is not among the commonest
is token 0. Taught in chapter 13.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Int
from torch import Tensor

from titans_book.tasks.check import count

__all__ = ["RARE", "Words"]

RARE = "…"  # what stands for every word outside the vocabulary
WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|[0-9]+|[^\sa-z0-9]")


@dataclass(frozen=True)
class Words:
    """The vocabulary: `known[i]` is the word of token i, and token 0 is every other word.

    >>> words = Words.of("To be, or not to be.", size=4)
    >>> words.known
    ('…', 'to', 'be', ',')
    >>> words.tokens("To be or to go")
    tensor([1, 2, 0, 1, 0])
    >>> words.text(words.tokens("To be, too"))
    'to be , …'
    """

    known: tuple[str, ...]

    @classmethod
    def of(cls, text: str, size: int) -> Words:
        """The size - 1 commonest words of the text, those that come first before their equals.

        Raises ValueError unless size is a whole number of 2 or more, and the text has words enough.
        """
        commonest = Counter(WORD.findall(text.lower())).most_common(count("size", size, 2) - 1)
        if len(commonest) < size - 1:
            raise ValueError(
                f"size must be {len(commonest) + 1} or less for this text, which has "
                f"{len(commonest)} different words, got {size}"
            )
        return cls((RARE, *(word for word, _ in commonest)))

    @cached_property
    def _token_of(self) -> dict[str, int]:
        return {word: token for token, word in enumerate(self.known)}

    def __len__(self) -> int:
        return len(self.known)

    def tokens(self, text: str) -> Int[Tensor, " time"]:
        """The words of the text, one token each."""
        found = [self._token_of.get(word, 0) for word in WORD.findall(text.lower())]
        return torch.tensor(found, dtype=torch.long)

    def text(self, tokens: Int[Tensor, " time"]) -> str:
        """The words again, with spaces between them. Raises IndexError for an unknown token."""
        return " ".join(self.known[token] for token in tokens.tolist())
