"""Which letters of a text surprise most, and which do so only after an edit (chapter 02)."""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor

from titans_book.book.ch02.surprise_text import changed, letters, lines_of, surprises

__all__ = ["glow_added", "loudest"]


def loudest(
    pieces: Sequence[str], surprise: Float[Tensor, " letters"], least: float = 0.5, most: int = 6
) -> str:
    """The letters of each line that surprise by more than `least`, in a line of words each.

    >>> import torch
    >>> print(loudest("ab\\nab", torch.tensor([1.0, 0.9, 0.0, 0.2, 0.7])))
    line 1: a 1.00, b 0.90
    line 2: b 0.70
    """
    told = []
    for number_, line in enumerate(lines_of(pieces), 1):
        loud = [
            f"{piece.replace(chr(10), '¶').replace(' ', '␣')} {value:.2f}"
            for piece, value in zip(pieces[line], surprise[line].tolist(), strict=True)
            if value > least
        ]
        told.append(f"line {number_}: {', '.join(loud[:most])}{', …' * (len(loud) > most)}")
    return "\n".join(told)


def glow_added(
    text: str, place: int, before: int, theta: float = 0.8, least: float = 0.5
) -> list[int]:
    """For each line: how many letters glow (by `least` more) once letter `place` is changed."""
    pieces = letters(text)
    plain, edited = (surprises(changed(pieces, p), theta, before) for p in (0, place))
    return [int((edited - plain)[line].gt(least).sum()) for line in lines_of(pieces)]
