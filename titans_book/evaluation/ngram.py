"""A floor for the bits: an n-gram model that only counts.

It has no parameters and no training loop, so it is an honest one: a neural model that does not beat
it has learned less than a table of counts holds.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from titans_book.tasks.corpora import tokens


class Counts(NamedTuple):
    """Counts for one context length. Contexts and windows are packed into sorted int64 codes."""

    contexts: Int[Tensor, " contexts"]
    seen: Int[Tensor, " contexts"]  # c(h): how often the context came before a byte
    kinds: Int[Tensor, " contexts"]  # n(h): how many different bytes followed it
    windows: Int[Tensor, " windows"]
    together: Int[Tensor, " windows"]  # c(h x): how often this byte followed it


class NGram:
    """Witten-Bell n-gram model of bytes. Order n looks back at the n bytes before the next one.

    Each context length backs off to the shorter one, in proportion to how often it was followed
    by something new, n(h), down to 1/256 for every byte:

        P(x | h) = (c(h x) + n(h) P(x | h')) / (c(h) + n(h))

    h' is h without its oldest byte. A context never seen says P(x | h) = P(x | h'). Method C of
    Witten & Bell 1991 (the zero-frequency problem), in the interpolated form of Chen & Goodman
    1998, section 2.4. Used in chapter 13.

    `order` is an int from 0 to 6: seven bytes are what one int64 holds.

    >>> model = NGram(order=2).fit("abcabcabcabcabc")
    >>> model.bits_per_character("abcabc") < model.bits_per_character("cbacba")
    True
    """

    def __init__(self, order: int):
        if isinstance(order, bool) or not isinstance(order, int):
            raise TypeError(f"order must be an int, got {type(order).__name__}")
        if not 0 <= order <= 6:
            raise ValueError(f"order must be from 0 to 6, got {order}")
        self.order = order
        self.counts: list[Counts] = []

    def fit(self, text: str | bytes) -> "NGram":
        """Count every window of 1 to order + 1 bytes. Forgets an earlier fit."""
        data = _not_empty(text)
        lengths = range(min(self.order, len(data) - 1) + 1)
        self.counts = [_count(data, length) for length in lengths]
        return self

    def probabilities(self, text: str | bytes) -> Float[Tensor, " time"]:
        """P(byte | the bytes before it in `text`) for each byte, float64. The start backs off."""
        if not self.counts:
            raise ValueError("the model has counted nothing: call fit(text) first")
        data = _not_empty(text)
        p = torch.full((len(data),), 1 / 256, dtype=torch.float64)
        for length, counts in enumerate(self.counts[: len(data)]):
            p[length:] = _interpolate(counts, *_codes(data, length), p[length:])
        return p

    def bits_per_character(self, text: str | bytes) -> float:
        """Bits that `text` costs, for each character of a str or each byte of bytes."""
        bits = -self.probabilities(text).log2().sum().item()
        return bits / len(text)


def _not_empty(text: str | bytes) -> Int[Tensor, " time"]:
    if len(text) == 0:
        raise ValueError("text must hold at least one character, got none")
    return tokens(text)


def _codes(data: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Each context of `length` bytes, and each window (context, next byte), as one int64."""
    context = torch.zeros(len(data) - length, dtype=torch.long)
    for i in range(length):
        context = context * 256 + data[i : len(data) - length + i]
    return context, context * 256 + data[length:]


def _count(data: Tensor, length: int) -> Counts:
    context, window = _codes(data, length)
    windows, together = window.unique(return_counts=True)
    contexts, seen = context.unique(return_counts=True)
    kinds = (windows // 256).unique_consecutive(return_counts=True)[1]  # windows are sorted
    return Counts(contexts, seen, kinds, windows, together)


def _interpolate(counts: Counts, context: Tensor, window: Tensor, shorter: Tensor) -> Tensor:
    seen = _look_up(counts.contexts, counts.seen, context)
    kinds = _look_up(counts.contexts, counts.kinds, context)
    together = _look_up(counts.windows, counts.together, window)
    p = (together + kinds * shorter) / (seen + kinds).clamp(min=1)
    return torch.where(seen > 0, p, shorter)


def _look_up(codes: Tensor, values: Tensor, wanted: Tensor) -> Tensor:
    """The value of each wanted code, 0 where it is not among the sorted `codes`."""
    at = torch.searchsorted(codes, wanted).clamp(max=len(codes) - 1)
    return torch.where(codes[at] == wanted, values[at], 0)
